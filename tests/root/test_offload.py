"""Offloads as ethtool(8) tells them, which asks the kernel by itself."""

import re

from netbench.linux.namespaces import run_inside
from netbench.linux.offload import offloads, one_packet_a_frame
from tests.root.conftest import Host, TwoHosts


def told(host: Host) -> dict[str, bool]:
    """The features that can be switched, by ethtool's account; a few groups have names of ethtool's own."""
    with host.vantage.popen(["ethtool", "-k", host.interface]) as process:
        said = process.communicate()[0].decode()
    return {
        name: on == "on"
        for name, on, fixed in re.findall(r"^\s*([\w-]+): (on|off)( \[fixed\]| \[requested (?:on|off)\])?$", said, re.MULTILINE)
        if fixed != " [fixed]"
    }


def compare(host: Host) -> dict[str, bool]:
    """What both tell, after a check that they agree on everything that both name."""
    ours = run_inside(host.namespace, lambda: offloads([host.interface]))[host.interface]
    theirs = told(host)
    common = ours.keys() & theirs.keys()

    assert len(common) > 5
    assert {name: ours[name] for name in common} == {name: theirs[name] for name in common}
    return dict(ours)


def test_it_tells_what_ethtool_tells(two_hosts: TwoHosts) -> None:
    """Before and after: what joins packets is on at first, and off after; nothing else changes."""
    host = two_hosts[0]
    before = compare(host)
    run_inside(host.namespace, lambda: one_packet_a_frame([host.interface]))
    after = compare(host)

    changed = {name for name in before if before[name] != after[name]}
    assert {"tx-tcp-segmentation", "tx-generic-segmentation"} <= changed
    assert not any(after[name] for name in changed)
    assert all(re.search("segmentation|gro|gso|lro", name) for name in changed)
