"""A saturated instrument voids; the error budget of a corridor comes from its links."""

from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.facts import Condition, conditions, emulation_error_ns
from netbench.measure.network import LinkHealth
from netbench.plan import routing
from netbench.plan.model import PerDirection
from tests.campaign.plans import chain
from tests.campaign.test_calibration import delay


def test_one_lost_frame_of_the_machine_voids() -> None:
    """Loss that is the instrument's own is never reported as the network's."""
    assert "lost 1 frames" in (Condition(1, 0, 1000).void or "")


def test_late_frames_void_only_beyond_half_a_percent() -> None:
    """A p99 survives one late frame in two hundred, not more."""
    assert Condition(0, 5, 1000).void is None
    assert "saturated" in (Condition(0, 6, 1000).void or "")


def test_conditions_count_only_what_happened_meanwhile_on_the_route() -> None:
    """Counters are differences, and links off the route do not count."""
    routes = {name: route for name, route in routing.routes(chain()).items() if name in {"west-mid", "mid-east"}}
    before = {"west-mid": LinkHealth(5, 7), "mid-east": LinkHealth(0, 0)}
    after = {"west-mid": LinkHealth(5, 9), "mid-east": LinkHealth(3, 0)}

    found = conditions(routes, before, after, packets_per_corridor=100)

    assert found["west-mid"] == Condition(0, 2, 200)
    assert found["mid-east"] == Condition(3, 0, 200)


def test_errors_of_links_add_up_along_the_route() -> None:
    """The budget of a corridor is the sum over its links in the worse direction."""
    plan = chain()
    route = routing.routes(plan)["west-east"]
    errors = {"west-mid": (10_000, 20_000), "mid-east": (3_000, 1_000)}
    calibrations = {name: calibrated(name, *error) for name, error in errors.items()}

    assert emulation_error_ns(plan, route, calibrations) == 21_000


def calibrated(name: str, forward_ns: int, reverse_ns: int) -> LinkCalibration:
    """A link measured exactly ``forward_ns`` and ``reverse_ns`` above what was asked."""
    link = chain().links[name]
    forward = delay("forward", link.delay_ns.forward + forward_ns, 0)
    return LinkCalibration(link, PerDirection(forward, delay("reverse", link.delay_ns.reverse + reverse_ns, 0)))
