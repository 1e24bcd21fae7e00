"""Traffic control of the calling thread's network namespace: told by netlink, many requests in one call; asked with tc(8)."""

import errno
import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

from netbench.errors import CannotMeasureError
from netbench.linux.namespaces import start_process

Request = tuple[int, bytes]
"""A message's type and what follows its header."""

_NLM_F_REQUEST, _NLM_F_ACK, _NLM_F_ECHO, _NLM_F_EXCL, _NLM_F_CREATE = 0x1, 0x4, 0x8, 0x200, 0x400
_NLMSG_ERROR = 2
_HEADER = struct.Struct("=IHHII")
_ERROR = struct.Struct("=i")
_AT_ONCE = 200
_ANSWER_OCTETS = 64 * 1024


def create(requests: Sequence[Request]) -> None:
    """Everything that is asked for is there; it was not before.

    :raises OSError: when the kernel refuses one
    """
    _send(requests, _NLM_F_CREATE | _NLM_F_EXCL)


def change(requests: Sequence[Request]) -> list[bytes]:
    """What was there is as it is asked to be now; packets in it stay. Return what the kernel says of each, headers left out.

    :raises OSError: when the kernel refuses one
    """
    return _send(requests, _NLM_F_ECHO)


def remove(requests: Sequence[Request]) -> None:
    """What they name is gone; where it was not there, that is as well."""
    _send(requests, 0, forgiven=(errno.ENOENT, errno.EINVAL))


def queue_disciplines() -> list[dict[str, Any]]:
    """Return what ``tc -j`` says, in detail and with counts.

    :raises CannotMeasureError: when tc does not answer
    """
    with start_process(("tc", "-json", "-details", "-raw", "-statistics", "qdisc", "show")) as process:
        output, errors = process.communicate()
    if process.returncode != 0:
        raise CannotMeasureError(f"tc could not tell the queue disciplines: {errors.decode(errors='replace').strip()}")
    said: list[dict[str, Any]] = json.loads(output or b"[]")
    return said


def _send(requests: Sequence[Request], flags: int, forgiven: Sequence[int] = ()) -> list[bytes]:
    echoes = list[bytes]()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.bind((0, 0))
        for start in range(0, len(requests), _AT_ONCE):
            batch = requests[start : start + _AT_ONCE]
            kernel.send(b"".join(_message(number, request, flags) for number, request in enumerate(batch)))
            answered = 0
            while answered < len(batch):
                answer = kernel.recv(_ANSWER_OCTETS)
                if _is_echo(answer):
                    echoes.append(answer[_HEADER.size :])
                    continue
                _check(answer, forgiven)
                answered += 1
    return echoes


def _is_echo(answer: bytes) -> bool:
    return bool(_HEADER.unpack_from(answer)[1] != _NLMSG_ERROR)


def _message(number: int, request: Request, flags: int) -> bytes:
    kind, body = request
    return _HEADER.pack(_HEADER.size + len(body), kind, _NLM_F_REQUEST | _NLM_F_ACK | flags, number, 0) + body


def _check(answer: bytes, forgiven: Sequence[int]) -> None:
    code = -_ERROR.unpack_from(answer, _HEADER.size)[0]
    if code and code not in forgiven:
        raise OSError(code, os.strerror(code))
