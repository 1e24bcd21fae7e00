"""The error budget of a corridor comes from its links."""

from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.facts import emulation_error_ns
from netbench.plan import routing
from netbench.plan.model import PerDirection
from tests.campaign.plans import chain
from tests.campaign.test_calibration import delay


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
