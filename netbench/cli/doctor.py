"""``netbench doctor``: what this machine can do, what is missing, and the command that gets it."""

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from netbench.report.language import choose_language, mark, translate

if TYPE_CHECKING:
    from netbench.cli.commands import Commands
    from netbench.linux.doctor import Finding

SCHEMA = 1
UNSUPPORTED = 127

TITLES = {
    "python": mark("Python 3.11 to 3.13"),
    "mininet": mark("Mininet, importable"),
    "mnexec": mark("Mininet's mnexec"),
    "programs": mark("network programs"),
    "libiperf": mark("libiperf"),
    "iperf3_binding": mark("iperf3 for Python"),
    "numba": mark("numba compiles"),
    "user_namespaces": mark("user namespaces"),
    "sandbox": mark("namespaces of a run's own"),
    "packet_sockets": mark("packet sockets with virtio headers"),
    "netem": mark("netem"),
    "tx_timestamps": mark("kernel transmit timestamps on veth"),
    "tun": mark("TAP interfaces"),
    "clock_source": mark("clock source"),
    "clock_state": mark("clock kept to UTC"),
    "cores": mark("processor cores"),
    "text_encoding": mark("UTF-8 output"),
}

WITHOUT = {
    "user_namespaces": mark("only root can measure on an emulated network"),
    "netem": mark("the relay, in user space, gives links their delay"),
    "tx_timestamps": mark("delays are timed by the program, and their error is larger"),
    "tun": mark("the relay uses packet sockets"),
    "clock_source": mark("timestamps are coarse or slow to take"),
    "clock_state": mark("one-way delays on live links are bounded by light alone"),
    "cores": mark("probes and network compete for one core, and runs may be void"),
    "text_encoding": mark("Chinese may be unreadable"),
}
"""What netbench does without the things it does not require."""

OK, MISSING, MISSING_OPTIONAL = mark("ok"), mark("missing"), mark("missing, not required")
WITHOUT_IT, MEND_IT = mark("without it: {consequence}"), mark("mend it: {command}")


# argparse has no public name for what it hands out here
def add_parser(commands: "Commands") -> None:
    """Add the verb."""
    parser = commands.add_parser("doctor", help="what this machine can do, and what is missing", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--lang", choices=("zh", "en"), help="the language (default: the locale's)")
    parser.set_defaults(handler=doctor)


def doctor(arguments: argparse.Namespace) -> int:
    """Examine this machine and print what was found; 0 when all that is required is there, else 127."""
    from netbench.linux.doctor import examine

    findings: list[Finding] = []
    if arguments.json:
        findings.extend(examine())
        print(json.dumps(document(findings), ensure_ascii=False, indent=2))
        return exit_code(findings)
    language = choose_language(arguments.lang, os.environ)
    for finding in examine():
        print("\n".join(lines(finding, language)), flush=True)
        findings.append(finding)
    print(conclusion(findings, language))
    return exit_code(findings)


def exit_code(findings: Iterable["Finding"]) -> int:
    """Return 0 when all that is required is there, else 127."""
    return 0 if all(finding.ok or not finding.required for finding in findings) else UNSUPPORTED


def document(findings: Iterable["Finding"]) -> dict[str, object]:
    """Return the findings as the JSON document that ``doctor.schema.json`` describes."""
    checks = [
        {
            "name": finding.name,
            "state": "ok" if finding.ok else "missing",
            "required": finding.required,
            "found": finding.found,
            "cure": finding.cure,
        }
        for finding in findings
    ]
    return {"schema": SCHEMA, "checks": checks}


def lines(finding: "Finding", language: str) -> list[str]:
    """Return a finding for people: its state and what was found; when it is missing, what that means and the cure."""
    title = translate(TITLES[finding.name], language)
    state = OK if finding.ok else MISSING if finding.required else MISSING_OPTIONAL
    return [f"{translate(state, language)}  {title}: {finding.found}", *_remedy(finding, language)]


def conclusion(findings: Sequence["Finding"], language: str) -> str:
    """Return the last line: whether netbench can work here."""
    lacking = [translate(TITLES[finding.name], language) for finding in findings if finding.required and not finding.ok]
    if not lacking:
        return translate(mark("netbench can measure here"), language)
    return translate(mark("netbench cannot measure here; still missing: {names}"), language, names="; ".join(lacking))


def _remedy(finding: "Finding", language: str) -> list[str]:
    if finding.cure is None:
        return []
    without = WITHOUT.get(finding.name)
    told = [translate(WITHOUT_IT, language, consequence=translate(without, language))] if without else []
    return [f"    {line}" for line in (*told, translate(MEND_IT, language, command=finding.cure))]
