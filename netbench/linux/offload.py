"""Segmentation offload: whether one frame on an interface may stand for many packets."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from netbench.errors import UnsupportedError

if TYPE_CHECKING:
    from pyroute2.ethtool.ioctl import EthtoolFeaturesList

_JOINING = ("segmentation", "gro", "gso", "lro")


def one_packet_a_frame(interfaces: Sequence[str]) -> None:
    """Switch off all that joins packets into superpackets, on interfaces of the calling thread's network namespace.

    Checksum offload stays: it moves work, not packet boundaries.

    :raises UnsupportedError: when some of it stays on
    """
    from pyroute2.ethtool.ioctl import IoctlEthtool

    device = IoctlEthtool()
    try:
        for interface in interfaces:
            device.change_ifname(interface)
            features = device.get_features()
            for name in _still_joining(features):
                features[name] = False
            device.set_features(features)
            _check(interface, device.get_features())
    finally:
        device.close()


def offloads(interfaces: Sequence[str]) -> dict[str, Mapping[str, bool]]:
    """Return, by interface, the offloads that the device can switch, and whether each is on."""
    from pyroute2.ethtool.ioctl import IoctlEthtool

    device = IoctlEthtool()
    try:
        found: dict[str, Mapping[str, bool]] = {}
        for interface in interfaces:
            device.change_ifname(interface)
            found[interface] = {name: on for name, on, can_switch, _, _ in device.get_features() if can_switch}
        return found
    finally:
        device.close()


def _still_joining(features: "EthtoolFeaturesList") -> list[str]:
    return [name for name, on, can_switch, _, _ in features if on and can_switch and any(word in name for word in _JOINING)]


def _check(interface: str, features: "EthtoolFeaturesList") -> None:
    joining = _still_joining(features)
    if joining:
        raise UnsupportedError(
            f"{interface} keeps joining packets ({', '.join(joining)}); this kernel's veth cannot carry a link"
        )
