"""What Open vSwitch is told for a plan, and what is said where it is not there."""

from pathlib import Path

import pytest

from netbench.errors import UnsupportedError
from netbench.measure.network import NetworkOptions
from netbench_topologies import switches
from netbench_topologies.addressing import Addressing
from netbench_topologies.build import PlanNet
from netbench_topologies.network import EmulatedNetwork
from netbench_topologies.switches import Switches
from tests.topologies.plans import USUAL, square


def test_each_site_is_a_bridge_of_port_pairs() -> None:
    """The tail has one link: its router's port and the link's, and a flow each way."""
    plan = square(USUAL)
    told = Switches(PlanNet(plan, Addressing(plan)))

    assert told.ports()["tail"] == ["p4b", "q4b"]
    assert told.flows()["sn4"] == ["in_port=1,actions=output:2", "in_port=2,actions=output:1"]
    assert " ".join(told.bridges()).endswith(
        "add-br sn4 -- set-fail-mode sn4 secure -- add-port sn4 p4b -- set interface p4b ofport_request=1 "
        "-- add-port sn4 q4b -- set interface q4b ofport_request=2"
    )


def test_every_port_has_a_flow_to_its_partner() -> None:
    """At a site of three links there are six ports, and no frame goes from link to link past the router."""
    plan = square(USUAL)

    assert Switches(PlanNet(plan, Addressing(plan))).flows()["sn2"] == [
        f"in_port={near},actions=output:{far}" for near, far in ((1, 2), (2, 1), (3, 4), (4, 3), (5, 6), (6, 5))
    ]


def test_without_open_vswitch_it_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The sentence names what is missing, the package, and the way to do without."""
    monkeypatch.setattr(switches, "_PATH", str(tmp_path))

    with pytest.raises(UnsupportedError, match=r"no Open vSwitch here \(ovsdb-tool.*apt-get install.*leave out --switching ovs"):
        EmulatedNetwork(square(USUAL), NetworkOptions(wire="relay", switching="ovs"))
