"""What the wire is told is what the plan says."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from netbench.errors import UnsupportedError, UsageError
from netbench.linux import trials
from netbench.linux.attempt import Attempt
from netbench.measure.network import LinkHealth, NetworkOptions
from netbench.plan.model import PerDirection, Reordering, Trace, TracePoint
from netbench_topologies import wire
from netbench_topologies.addressing import Addressing
from netbench_topologies.network import EmulatedNetwork
from netbench_topologies.relay.model import DirectionCounters
from netbench_topologies.relay.wire import largest_spec, link_health, relay_links
from netbench_topologies.spec import DirectionSpec, direction_spec
from tests.topologies.plans import USUAL, square


def test_each_direction_is_told_its_own_figures() -> None:
    """Delay, scaled and planned rate, queue, jitter and loss, per direction, between the link's wire interfaces."""
    plan = square(USUAL)
    told = {link.id: link for link in relay_links(plan, Addressing(plan))}["south-tail"]

    assert (told.interface_a, told.interface_b) == ("w4a", "w4b")
    assert told.forward == DirectionSpec(2_000_000, 10_000_000, 10_000_000_000, 30_000_000, 0, 0.0)
    assert told.reverse == DirectionSpec(2_000_000, 5_000_000, 5_000_000_000, 30_000_000, 0, 0.0)


def test_there_is_room_for_what_a_trace_brings() -> None:
    """The longest delay and the highest rate of its points, the plan's own where they say nothing."""
    link = square(USUAL).links["south-tail"]
    points = (TracePoint(0, 50_000_000, None, None), TracePoint(1, None, 20_000_000_000, 0.5), TracePoint(2, 1, 1, None))
    traced = replace(link, trace=PerDirection(Trace("5g", points, 3, "", ""), None))

    assert largest_spec(traced, "forward") == DirectionSpec(50_000_000, 20_000_000, 20_000_000_000, 30_000_000, 0, 0.0)
    assert largest_spec(traced, "reverse") == direction_spec(link, "reverse")


def test_health_counts_what_the_wire_itself_did() -> None:
    """Overruns, send errors and late frames of both directions; what the plan asked for (queue, loss) is not ill health."""
    zero = dict.fromkeys(DirectionCounters.__slots__, 0)
    forward = DirectionCounters(
        **{**zero, "received": 9, "sent": 3, "queue_drops": 3, "loss_drops": 2, "overruns": 1, "late_frames": 5}
    )
    reverse = DirectionCounters(**{**zero, "sent": 8, "send_errors": 4, "late_frames": 7})

    assert link_health({"a-b": PerDirection(forward, reverse)}) == {
        "a-b": LinkHealth(frames=11, overrun_frames=5, late_frames=12)
    }


@pytest.fixture
def has_netem(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Say whether the kernel has netem, whatever it really has."""

    def say(ok: bool) -> None:
        def tried(_name: str) -> Attempt:
            return Attempt(ok, "Specified qdisc kind is unknown.")

        monkeypatch.setattr(trials, "in_namespace", tried)

    return say


def test_the_kernel_decides_unless_the_user_does(has_netem: Callable[[bool], None]) -> None:
    """netem where it is, else the relay; a wire that is named is used, or refused with the cure."""
    plan = square(USUAL)
    has_netem(True)
    assert [wire.chosen(asked, plan) for asked in (None, "netem", "relay")] == ["netem", "netem", "relay"]

    has_netem(False)
    assert [wire.chosen(asked, plan) for asked in (None, "relay")] == ["relay", "relay"]
    with pytest.raises(UnsupportedError, match=r"no netem \(Specified qdisc.*modprobe sch_netem, or use --wire relay"):
        EmulatedNetwork(plan, NetworkOptions(wire="netem"))
    with pytest.raises(UsageError, match="no wire called 'string'"):
        wire.chosen("string", plan)


def test_what_netem_cannot_do_goes_to_the_relay(has_netem: Callable[[bool], None]) -> None:
    """A plan with reordering is carried by the relay when nobody names a wire."""
    has_netem(True)
    plan = square(USUAL)
    link = replace(plan.links["south-tail"], reorder=PerDirection(None, Reordering(0.01, 1_000_000)))

    assert wire.chosen(None, replace(plan, links={**plan.links, "south-tail": link})) == "relay"


def test_a_network_is_there_only_between_enter_and_exit() -> None:
    """Asking before it is built says so."""
    network = EmulatedNetwork(square(USUAL), NetworkOptions())

    for ask in (lambda: network.vantage("north"), lambda: network.link_ends("north-east"), network.health, network.evidence):
        with pytest.raises(UsageError, match="only between enter and exit"):
            ask()
