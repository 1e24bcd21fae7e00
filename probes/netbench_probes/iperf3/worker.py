"""One iperf3 test's one end, as a process of its own: ``python -m netbench_probes.iperf3.worker ORDER``.

``ORDER`` is one JSON object (see ``netbench_probes.iperf3.trial``). Events go to standard output, one JSON object a line:
``ready``, ``listening``, ``started``, ``interval`` (see ``watch``) and at last ``result`` with libiperf's own JSON and, when it
failed, its reason. A process a test, because libiperf keeps its errors in a global, may take its process with it, and the
binding's ``run`` hangs beyond 64 KiB of JSON. The process ends when nobody reads its events any more, and at its deadline in
any case.

Only the standard library and the binding are imported: two of these start for every test.
"""

import ctypes
import json
import os
import select
import signal
import socket
import sys
import threading
from typing import Any

import iperf3

from netbench_probes.iperf3.watch import Watch

NANOSECONDS_PER_SECOND = 1_000_000_000


class Events:
    """The channel to whoever started this process: the standard output it was given, and nothing else's any more."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        self._lock = threading.Lock()
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)  # libiperf prints a line of its own, whatever it is asked
        os.close(silent)

    def tell(self, event: str, **values: Any) -> None:
        """Write one event, whole."""
        line = json.dumps({"event": event, **values}).encode() + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._descriptor, line) :]

    def end_with_reader(self) -> None:
        """End this process as soon as the reader is gone. PR_SET_PDEATHSIG would not do: it follows the thread that forked."""
        poll = select.poll()
        poll.register(self._descriptor, 0)
        poll.poll()
        os.kill(os.getpid(), signal.SIGKILL)


def main(argv: list[str]) -> None:
    """Run the order and tell its result; does not return."""
    order = json.loads(argv[1])
    signal.alarm(order["deadline_s"])
    events = Events()
    threading.Thread(target=events.end_with_reader, name="netbench-lifeline", daemon=True).start()
    test = server(order) if order["role"] == "server" else client(order)
    events.tell("result", **run(test, order, events))
    os._exit(0)  # the binding's destructor closes descriptors that are no longer its own


def client(order: dict[str, Any]) -> iperf3.Client:
    """Return a client that is ready to run."""
    test = iperf3.Client(verbose=False)
    test.server_hostname, test.port = order["host"], order["port"]
    test.duration, test.num_streams, test.reverse = order["seconds"], order["streams"], order["reverse"]
    call, handle = test.lib, _handle(test)
    call.iperf_set_test_congestion_control(handle, order["congestion_control"].encode())
    call.iperf_set_test_connect_timeout(handle, ctypes.c_int(order["connect_timeout_ms"]))
    call.iperf_set_test_get_server_output(handle, ctypes.c_int(order["server_output"]))
    if order["mss"]:
        call.iperf_set_test_mss(handle, ctypes.c_int(order["mss"]))
    if order["blksize"]:
        test.blksize = order["blksize"]
    if order["rate"]:
        call.iperf_set_test_rate(handle, ctypes.c_uint64(order["rate"] // order["streams"]))  # iperf3 counts it by stream
    _prepare(test, order)
    return test


def server(order: dict[str, Any]) -> iperf3.Server:
    """Return a server that serves one test on a port that is free now, and is ready to run."""
    test = iperf3.Server(verbose=False)
    test.port = _free_port(order["bind"])
    order["port"] = test.port
    test.lib.iperf_set_test_one_off(_handle(test), ctypes.c_int(1))
    _prepare(test, order)
    return test


def run(test: iperf3.IPerf3, order: dict[str, Any], events: Events) -> dict[str, Any]:
    """Run to the end and return libiperf's JSON, None when there is none, and its reason for failing, None when it did not."""
    watch = _watch(test, order, events)
    watch.start()
    events.tell("ready")
    is_server = order["role"] == "server"
    result = (test.lib.iperf_run_server if is_server else test.lib.iperf_run_client)(_handle(test))
    reason = test._error_to_string(test._errno) if result < 0 else None  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - the binding shows it only by way of the run that hangs
    watch.end(whole=result == 0)
    output: bytes | None = test.lib.iperf_get_test_json_output_string(_handle(test))
    return {"json": output.decode(errors="replace") if output else None, "error": reason}


def _watch(test: iperf3.IPerf3, order: dict[str, Any], events: Events) -> Watch:
    def tell(event: str, **values: Any) -> None:
        events.tell(event, **({"port": order["port"]} if event == "listening" else {}), **values)

    return Watch(
        control=lambda: int(test.lib.iperf_get_control_socket(_handle(test))),
        is_server=order["role"] == "server",
        streams=order["streams"],
        first_ns=order["first_ns"],
        interval_ns=order["interval_ns"],
        count=order["count"],
        tell=tell,
    )


def _prepare(test: iperf3.IPerf3, order: dict[str, Any]) -> None:
    call, handle = test.lib, _handle(test)
    call.iperf_set_test_logfile(handle, os.devnull.encode())
    for setting in (call.iperf_set_test_reporter_interval, call.iperf_set_test_stats_interval):
        setting(handle, ctypes.c_double(order["interval_ns"] / NANOSECONDS_PER_SECOND))
    if order["bind"]:
        test.bind_address = order["bind"]


def _handle(test: iperf3.IPerf3) -> ctypes.c_void_p:
    return ctypes.c_void_p(test._test)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - most settings exist only in the library, which wants the struct


def _free_port(address: str) -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.bind((address, 0))
        return int(trial.getsockname()[1])


if __name__ == "__main__":
    main(sys.argv)
