import xml.sax
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from netbench.report.junit import junit
from tests.report.sample import document


class _Collector(ContentHandler):
    """Reads by events, as no part of netbench does: elements with their attributes, cases with what is inside them."""

    def __init__(self) -> None:
        super().__init__()
        self.suite: dict[str, str] = {}
        self.properties: dict[str, str] = {}
        self.cases: dict[str, tuple[str, str]] = {}
        self._case = ""

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802  -- the parser's own name
        found = {key: attrs.getValue(key) for key in attrs.getNames()}
        if name == "testsuite":
            self.suite = found
        elif name == "property":
            self.properties[found["name"]] = found["value"]
        elif name == "testcase":
            self._case = f"{found['classname']}/{found['name']}"
            self.cases[self._case] = ("passed", "")
        elif name in ("failure", "skipped"):
            self.cases[self._case] = (name, found["message"])


def _collected() -> _Collector:
    collector = _Collector()
    xml.sax.parseString(junit(document()).encode(), collector)
    return collector


def test_only_a_due_miss_of_a_deciding_target_fails() -> None:
    """A miss that is due fails; undecided, conditional and not yet due are skipped; a missed claim passes."""
    fates = {name: fate for name, (fate, _) in _collected().cases.items()}
    assert fates == {
        "anshun.met/gba": "passed",
        "anshun.met/gba-claim": "passed",
        "anshun.built/gba": "skipped",
        "anshun.missed/gba": "failure",
        "anshun.later/gba": "skipped",
        "anshun.open/hubs": "skipped",
        "anshun.unfit/hubs": "skipped",
    }


def test_each_case_that_did_not_pass_says_why() -> None:
    """The message is the verdict's reason."""
    cases = _collected().cases
    assert cases["anshun.missed/gba"][1] == "5.67 ms (5.66 ms – 5.69 ms) forward misses the limit of 5 ms"
    assert cases["anshun.open/hubs"][1].startswith("inconclusive: 19.9 ms")
    assert cases["anshun.built/gba"][1].startswith("met if built so: ")


def test_the_counts_are_those_of_the_cases() -> None:
    """Tests, failures and skipped add up."""
    suite = _collected().suite
    assert (suite["tests"], suite["failures"], suite["errors"], suite["skipped"]) == ("7", "1", "0", "4")
    assert (suite["name"], suite["timestamp"], suite["time"]) == ("anshun", "2026-11-23T19:17:59", "141.200")


def test_the_properties_lead_back_to_the_run() -> None:
    """Plan digest and run id stand in the file."""
    properties = _collected().properties
    assert properties["plan_digest"] == "0" * 64
    assert properties["run"] == "20261123T191759Z-anshun-emulated-4f2a1c"
