"""Traces: read with their plan, held to their link, known by their digest."""

from dataclasses import replace
from pathlib import Path

import pytest

from netbench.errors import PlanError
from netbench.plan import catalogue
from netbench.plan.load import load_plan
from netbench.plan.model import TracePoint

PLAN = """
netbench: 1
plan: traced
sites:
  a: {at: [26.4, 106.4], position_error_km: 0}
  b: {at: [27.7, 106.9], position_error_km: 0}
links:
  - {id: ab, between: [a, b], class: access, delay: 5ms, rate: {forward: 100M, reverse: 50M}, jitter: 1ms, queue: 20ms,
     loss: {ratio: 0.1%, burst: 4}, trace: TRACE}
corridors:
  - {id: a-b, kind: in-province, from: a, to: b}
"""
GOOD = "# a remark\ntime,delay,rate,loss\n0s,4ms,,\n\n100ms,6ms,50M,1%\n300ms,,20M,\n"


def _write(folder: Path, text: str, trace: str = "{forward: t.csv}") -> Path:
    (folder / "t.csv").write_text(text, "utf-8")
    path = folder / "plan.yaml"
    path.write_text(PLAN.replace("TRACE", trace), "utf-8")
    return path


def test_each_row_holds_until_the_next_and_the_last_as_long_as_the_one_before_it(tmp_path: Path) -> None:
    """Empty values leave the plan's own; the other direction follows nothing."""
    trace = load_plan(_write(tmp_path, GOOD)).links["ab"].trace
    assert trace.reverse is None
    assert trace.forward is not None
    assert trace.forward.points == (
        TracePoint(0, 4_000_000, None, None),
        TracePoint(100_000_000, 6_000_000, 50_000_000, 0.01),
        TracePoint(300_000_000, None, 20_000_000, None),
    )
    assert trace.forward.period_ns == 500_000_000


def test_one_file_may_serve_both_directions(tmp_path: Path) -> None:
    """It is the same trace, kept once."""
    plan = load_plan(_write(tmp_path, GOOD.replace("50M", "40M"), "t.csv"))
    assert plan.links["ab"].trace.forward == plan.links["ab"].trace.reverse
    assert [trace.name for trace in plan.traces] == ["t.csv"]


def test_a_changed_trace_changes_the_digest_of_the_plan(tmp_path: Path) -> None:
    """Although not a letter of the plan itself is another; the text is kept as it was read."""
    first = load_plan(_write(tmp_path, GOOD))
    second = load_plan(_write(tmp_path, GOOD.replace("4ms", "4.1ms")))
    assert first.text == second.text
    assert first.digest != second.digest
    assert second.traces[0].text == GOOD.replace("4ms", "4.1ms")
    assert replace(first, text="", digest="") != replace(second, text="", digest="")


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("", "t.csv:1: ", "the first line must name the column time, and at least one of delay, rate, loss"),
        ("time\n0s\n", "t.csv:1: ", "the first line must name the column time, and at least one of delay, rate, loss"),
        ("time,speed\n", "t.csv:1: ", "there is no column 'speed'; the first line names time, and some of delay, rate, loss"),
        ("time,delay,delay\n", "t.csv:1: ", "a column is named twice; name each once"),
        ("time,delay\n0s,4ms\n1s\n", "t.csv:3: ", "1 values under 2 columns; leave a value empty where the plan's own holds"),
        ("time,delay\n0s,4\n1s,4ms\n", "t.csv:2: delay: ", "'4' has no unit; write a duration like 200ms, 40us or 1m30s"),
        ("time,delay\n0s,0ms\n1s,4ms\n", "t.csv:2: delay: ", "0 ns is less than link 'ab' can take: 1 ms, for "),
        ("#\ntime,delay\n0s,4ms\n1s,700us\n", "t.csv:4: delay: ", "700 µs is less than link 'ab' can take: 1 ms, for "),
        ("time,rate\n0s,101M\n1s,9M\n", "t.csv:2: rate: ", "101 Mbit/s is more than the rate of link 'ab' forward, 100 Mbit/s; "),
        (
            "time,rate\n0s,9M\n1s,900k\n",
            "t.csv:3: rate: ",
            "900 kbit/s over a rate_scale of 1 is 900 kbit/s: too slow, 1 Mbit/s ",
        ),
        ("time,rate\n0s,9M\n1s,6M\n", "t.csv:3: rate: ", "6 Mbit/s over a rate_scale of 1 is 6 Mbit/s: too slow, 1 Mbit/s "),
        ("time,loss\n0s,0\n1s,81%\n", "t.csv:3: loss: ", "81% in runs of 4 packets leaves none between the runs"),
        ("time,loss\n1s,0\n2s,1%\n", "t.csv:2: time: ", "a trace begins at 0s"),
        ("time,loss\n0s,0\n5ms,1%\n", "t.csv:3: time: ", "5 ms comes less than 10 ms after 0 ns: times rise, "),
        ("time,loss\n0s,0\n1s,0\n1s,1%\n", "t.csv:4: time: ", "1 s comes less than 10 ms after 1 s: times rise, "),
        ("time,loss\n0s,0\n", "t.csv: ", "a trace has at least two rows under its first line; "),
    ],
)
def test_what_a_link_cannot_follow_is_refused_at_its_line(text: str, place: str, sentence: str, tmp_path: Path) -> None:
    """The file is the trace's own, the line is the one that is wrong."""
    with pytest.raises(PlanError) as refused:
        load_plan(_write(tmp_path, text))
    assert str(refused.value).startswith(f"{tmp_path}/{place}{sentence}")


def test_light_bounds_a_trace_as_it_bounds_a_delay(tmp_path: Path) -> None:
    """Without jitter the 153 km between the sites need 748 µs in glass."""
    path = _write(tmp_path, "time,delay\n0s,749us\n1s,740us\n")
    path.write_text(path.read_text("utf-8").replace("jitter: 1ms, ", ""), "utf-8")
    with pytest.raises(PlanError, match=r"t\.csv:3: delay: 740 µs is less than link 'ab' can take: 748 µs"):
        load_plan(path)


def test_a_trace_that_is_not_there_is_told_at_the_plan(tmp_path: Path) -> None:
    """Where the plan names it; so is one that is no text."""
    path = _write(tmp_path, GOOD)
    (tmp_path / "t.csv").unlink()
    with pytest.raises(
        PlanError, match=r"plan\.yaml:9: links\[0\]\.trace\.forward: the trace 't\.csv' cannot be read: No such file"
    ):
        load_plan(path)
    (tmp_path / "t.csv").write_bytes(b"\xff")
    with pytest.raises(PlanError, match=r"the trace 't\.csv' is not text in UTF-8$"):
        load_plan(path)


def test_the_plan_that_ships_with_a_trace_finds_it_in_its_package() -> None:
    """Down and up differ, change every tenth of a second, and begin anew after a minute."""
    trace = catalogue.find("mobile").links["radio"].trace
    assert trace.forward is not None
    assert trace.reverse is not None
    assert trace.forward.digest != trace.reverse.digest
    assert (len(trace.forward.points), trace.forward.period_ns) == (600, 60_000_000_000)
