"""A run of the archive out of a file that others wrote: read and judged whole, then kept with the file itself beside it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from zoneinfo import ZoneInfo

import numpy as np

from netbench import __version__
from netbench.archive.writer import RunWriter
from netbench.campaign import building, rows
from netbench.campaign.building import Heading, Judgement
from netbench.campaign.document import Document, ImportedCorridorEntry, ImportedEntry
from netbench.campaign.import_assigning import Assigned, Assignment, assign
from netbench.campaign.import_judging import judge_imported
from netbench.campaign.result import CampaignResult
from netbench.clock import Clock, Instant
from netbench.errors import InputError, UsageError
from netbench.foreign.model import ColumnMap, Content, Span
from netbench.foreign.read import read
from netbench.measure.samples import PACKETS
from netbench.plan import routing
from netbench.plan.model import Plan

NETWORK = "live"
"""Where others measured: their links, not ours."""

ORIGIN = "imported"
LARGEST_FILE_OCTETS = 512_000_000


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to import and how; ``at_ns`` is when it was measured, where the file does not say."""

    results: Path
    file: Path
    map: ColumnMap
    corridors: tuple[Assignment, ...] = ()
    at_ns: int | None = None


def import_file(plan: Plan, options: ImportOptions, clock: Clock) -> CampaignResult:
    """Read the file, judge it against the plan's targets, and seal a run of it; nothing is kept of a file with a fault.

    :raises InputError: when the file is not what its map says, or it is not known which corridor or when
    """
    name = str(options.file)
    octets = _octets(options.file)
    content = read(options.map, octets, name, plan.timezone, options.at_ns)
    assigned = assign(content, plan, options.corridors, name)
    span = _span(content, options, clock.now())
    today = datetime.fromtimestamp(span.ends_ns // 10**9, ZoneInfo(plan.timezone)).date()
    judgement = judge_imported(plan, routing.routes(plan), assigned, options.map.layer, today)
    entry = _entry(options, octets, content, assigned)
    return _kept(_Import(plan, options, octets, assigned, span, judgement, entry), clock)


@dataclass(frozen=True, slots=True)
class _Import:
    """Everything that a run is made of."""

    plan: Plan
    options: ImportOptions
    octets: bytes
    assigned: tuple[Assigned, ...]
    span: Span
    judgement: Judgement
    entry: ImportedEntry


def _octets(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            octets = stream.read(LARGEST_FILE_OCTETS + 1)
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", file=str(path)) from error
    if len(octets) > LARGEST_FILE_OCTETS:
        raise InputError(f"the file is larger than {LARGEST_FILE_OCTETS // 1_000_000} MB; import it in parts", file=str(path))
    return octets


def _span(content: Content, options: ImportOptions, now: Instant) -> Span:
    span = content.span
    if span is None:
        raise InputError("nothing in it says when it was measured; give --at INSTANT", file=str(options.file))
    if options.at_ns is not None and options.at_ns != span.begins_ns:
        raise UsageError("--at: the file says itself when it was measured; leave it out")
    if span.begins_ns > now.wall_ns:
        raise InputError(f"it was measured at {_iso(span.begins_ns)}, which is still to come", file=str(options.file))
    return span


def _entry(options: ImportOptions, octets: bytes, content: Content, assigned: tuple[Assigned, ...]) -> ImportedEntry:
    kept = {each.subject.name for each in assigned}
    span = content.span or Span(0, 0)
    return {
        "map": options.map.name,
        "title": {"en": options.map.title.en, "zh": options.map.title.zh},
        "map_digest": options.map.digest,
        "format": options.map.format,
        "file": PurePath(options.file).name,
        "sha256": hashlib.sha256(octets).hexdigest(),
        "bytes": len(octets),
        "rows": content.rows,
        "from": _iso(span.begins_ns),
        "to": _iso(span.ends_ns),
        "left_out": sorted(str(subject.name) for subject in content.subjects if subject.name not in kept),
    }


def _kept(made: _Import, clock: Clock) -> CampaignResult:
    begins = Instant(made.span.begins_ns, made.span.begins_ns)
    ends = Instant(made.span.ends_ns, made.span.ends_ns)
    facts = {"netbench": __version__, "origin": ORIGIN, "imported": dict(made.entry)}
    writer = RunWriter.create(made.options.results, made.plan, NETWORK, begins, facts)
    try:
        _write(writer, made)
        document = _document(writer.run_id, begins, ends, made)
        writer.seal(document, clock.now())
    except BaseException:
        writer.abandon()
        raise
    return CampaignResult(document, made.judgement.exit_code, writer.folder)


def _write(writer: RunWriter, made: _Import) -> None:
    writer.evidence(PurePath(made.options.file).name, made.octets)
    writer.evidence(f"{made.options.map.name}.map.yaml", made.options.map.text.encode())
    sampled = [each for each in made.assigned if each.subject.packets is not None]
    if sampled:
        sink = writer.sink(made.options.map.format, [each.corridor for each in sampled])
        for number, each in enumerate(sampled):
            packets = each.subject.packets or {}
            sink.write(PACKETS, {**packets, "pair": np.full(len(packets["sequence"]), number, np.uint16)})
    findings = made.judgement.findings
    writer.write_table("summaries", [row for found in findings for row in rows.summary_rows(found)])
    writer.write_table("verdicts", [row for found in findings for row in rows.verdict_rows(found)])


def _document(run: str, begins: Instant, ends: Instant, made: _Import) -> Document:
    heading = Heading(run, NETWORK, made.options.map.name, begins, ends)
    document = building.document(heading, made.plan, made.judgement, ())
    document["origin"] = "imported"
    document["imported"] = made.entry
    told = {each.corridor: each for each in made.assigned}
    for corridor in document["corridors"]:
        corridor["imported"] = _corridor_entry(told[corridor["id"]], made.options.map)
    return document


def _corridor_entry(assigned: Assigned, wanted: ColumnMap) -> ImportedCorridorEntry:
    subject = assigned.subject
    return {
        "name": subject.name,
        "turned": assigned.turned,
        "layer": "internet" if wanted.layer.value == "internet" else "ip",
        "samples": 0 if subject.packets is None else len(subject.packets["sequence"]),
        "resolution_ns": subject.resolution_ns,
        "clock_error_ns": subject.clock_error_ns,
    }


def _iso(instant_ns: int) -> str:
    return Instant(instant_ns, instant_ns).iso()
