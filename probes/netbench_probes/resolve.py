"""Where a pair's packets go: the address of its far end in a family that both ends have."""

import socket
from typing import Any

from netbench.errors import CannotMeasureError, UnsupportedError
from netbench.measure.vantage import RemoteEnd, Vantage

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


def far_address(source: Vantage, destination: Vantage | RemoteEnd, wanted: int | None) -> tuple[socket.AddressFamily, Any]:
    """Return the family and socket address (its port 0) of the far end: the first of the wanted family, 4 or 6 or any.

    :raises CannotMeasureError: when its name has no address in that family
    :raises UnsupportedError: when two vantages have no family in common
    """
    family = _FAMILIES[wanted] if wanted else None
    if isinstance(destination, RemoteEnd):
        return _looked_up(destination.host, family or socket.AF_UNSPEC)
    for choice in (family,) if family else (socket.AF_INET, socket.AF_INET6):
        if family or (_has(source, choice) and _has(destination, choice)):
            return _looked_up(destination.address(choice), choice)
    raise UnsupportedError(f"{source.name} and {destination.name} have no address family in common; give both IPv4 or both IPv6")


def _looked_up(host: str, family: socket.AddressFamily) -> tuple[socket.AddressFamily, Any]:
    try:
        found, _, _, _, address = socket.getaddrinfo(host, None, family, socket.SOCK_DGRAM)[0]
    except socket.gaierror as error:
        raise CannotMeasureError(f"{host} has no address here: {error.strerror}; give one that this host knows") from error
    return found, address


def _has(place: Vantage, family: socket.AddressFamily) -> bool:
    try:
        place.address(family)
    except UnsupportedError:
        return False
    return True
