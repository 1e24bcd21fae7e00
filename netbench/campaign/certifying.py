"""A certificate alone: the network is built, measured against its plan and sealed, and no corridor is judged."""

from netbench.archive.writer import RunWriter
from netbench.campaign import building, calibrating
from netbench.campaign.building import Heading, Judgement
from netbench.campaign.calibration import LinkCalibration
from netbench.campaign.document import Document
from netbench.campaign.manifest import manifest_facts
from netbench.campaign.measuring import Bench
from netbench.campaign.observer import Observer
from netbench.campaign.options import CampaignOptions
from netbench.campaign.result import CampaignResult
from netbench.clock import Clock
from netbench.linux.clockstate import read_clock_state
from netbench.measure.network import Network, NetworkOptions
from netbench.measure.probe import Control
from netbench.plan import routing
from netbench.plan.model import Plan
from netbench.verdict.model import Outcome

FAITHFUL = 0
REFUSED = 5


def make_certificate(
    plan: Plan, network_class: type[Network], options: CampaignOptions, clock: Clock, observer: Observer
) -> tuple[CampaignResult, list[str]]:
    """Return the sealed certificate of a plan's links on a network, and every fault in words; exit code 0 when there is none.

    The document has no corridors: its verdict is inconclusive, and void where a link or a route is not as planned.

    :raises CannotMeasureError: when a measurement could not be made at all
    """
    started = clock.now()
    links = tuple(plan.links.values())
    observer.announce("{links} links: {seconds} s", links=str(len(links)), seconds=f"{calibrating.seconds(links):.0f}")
    with network_class(plan, NetworkOptions(options.wire, options.seed)) as network:
        writer = RunWriter.create(options.results, plan, network_class.name, started, manifest_facts(options, read_clock_state()))
        try:
            found, faults = calibrating.certify(Bench(network, plan, writer, Control()), routing.routes(plan), observer)
            for name, content in network.evidence().items():
                writer.evidence(name, content)
            document = _document(plan, Heading(writer.run_id, network.name, network.wire, started, clock.now()), found, faults)
            writer.seal(document, clock.now())
        except BaseException:
            writer.abandon()
            raise
    return CampaignResult(document, REFUSED if faults else FAITHFUL, writer.folder), faults


def _document(plan: Plan, heading: Heading, found: dict[str, LinkCalibration], faults: list[str]) -> Document:
    judgement = Judgement((), Outcome.VOID if faults else Outcome.INCONCLUSIVE, False, REFUSED if faults else FAITHFUL)
    return building.document(heading, plan, judgement, tuple(found.values()))
