"""Verdicts as JUnit XML: a test case for each corridor and target, for whatever shows test results."""

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from netbench.campaign.document import CorridorEntry, Document, TargetEntry
from netbench.report import select
from netbench.report.language import mark, translate

_WHY_SKIPPED: Mapping[str, str] = {
    "missed if built so": mark("missed if built so"),
    "met if built so": mark("met if built so"),
    "not due yet": mark("not due yet"),
    "inconclusive": mark("inconclusive"),
    "void": mark("void"),
}


def junit(document: Document) -> str:
    """Return the run as one test suite, in English.

    A failure is a binding, contract or planned target that is due and missed. Skipped, with the reason, is what could not be
    decided, rests on an assumed route, or is not due. A claim or reference that is missed passes and says so in its output.
    """
    suites = ET.Element("testsuites", name="netbench")
    suite = ET.SubElement(suites, "testsuite", name=document["plan"]["name"], timestamp=document["started"].removesuffix("Z"))
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(document).items():
        ET.SubElement(properties, "property", name=name, value=value)
    for corridor, target in select.all_targets(document):
        _add_case(suite, document, corridor, target)
    _count(suite, document)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _properties(document: Document) -> Mapping[str, str]:
    return {
        "run": document["run"],
        "plan": document["plan"]["name"],
        "plan_digest": document["plan"]["digest"],
        "network": document["network"],
        "wire": document["wire"],
        "verdict": document["verdict"],
    }


def _add_case(suite: ET.Element, document: Document, corridor: CorridorEntry, target: TargetEntry) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"{document['plan']['name']}.{corridor['id']}", name=target["id"], time="0")
    standing, reason = select.standing(target, document), target["reason"]
    if standing == "missed" and target["status"] in select.DECIDING:
        ET.SubElement(case, "failure", type="missed", message=reason).text = _source(target)
    elif standing in _WHY_SKIPPED:
        ET.SubElement(case, "skipped", message=f"{translate(_WHY_SKIPPED[standing], 'en')}: {reason}")
    else:
        ET.SubElement(case, "system-out").text = f"{target['status']}, {standing}: {reason}"


def _count(suite: ET.Element, document: Document) -> None:
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(sum(1 for _ in suite.iter(tag))))
    suite.set("errors", "0")
    suite.set("time", f"{document['seconds']:.3f}")


def _source(target: TargetEntry) -> str:
    source = target["source"]
    return ", ".join(part for part in (source["title"], source["date"], source["url"]) if part)
