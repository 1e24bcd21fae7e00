"""Where a reflector listens, and why it cannot."""

import errno
import socket
from typing import Final

from netbench.errors import CannotMeasureError
from netbench.measure.reflector import ReflectorOptions

_EVERYWHERE: Final = ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"))
_CURES: Final = {
    errno.EADDRINUSE: "another program has it; stop that one or choose another with --port",
    errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a higher one with --port",
    errno.EADDRNOTAVAIL: "this host has no such address; choose another with --bind",
    errno.EAFNOSUPPORT: "this host does not speak that family; choose the other with -4 or -6",
}


def places(options: ReflectorOptions, kind: socket.SocketKind) -> list[tuple[socket.AddressFamily, str]]:
    """Return the families and addresses to listen at: all of them where the options name none.

    :raises CannotMeasureError: when the name that they give is not known
    """
    if options.bind is None:
        return [(family, host) for family, host in _EVERYWHERE if options.family in (None, family)]
    try:
        found = socket.getaddrinfo(options.bind, None, options.family or 0, kind)
    except socket.gaierror as error:
        raise CannotMeasureError(f"cannot listen at {options.bind}: {error.strerror}; give an address of this host") from error
    return [(found[0][0], options.bind)]


def why_not(host: str, port: int, error: OSError) -> str:
    """Return why it cannot listen there, with the cure."""
    reason = _CURES.get(error.errno or 0, error.strerror or str(error))
    return f"cannot listen at {host} port {port}: {reason}"
