"""Tables of others: cells to figures, several periods to one figure, and what is refused by its line and column."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbench.analysis.summary import Summary
from netbench.errors import InputError
from netbench.foreign import maps, numbers
from netbench.foreign.model import ColumnMap, Content, Span
from netbench.foreign.numbers import NoFigureError
from netbench.foreign.read import read
from netbench.foreign.times import instant_ns

MS = 1_000_000
HEAD = "netbench: 1\nmap: ours\ntitle: Ours\nsource: {title: T}\n"
COLUMNS = """columns:
  - {column: Min, metric: round_trip_delay, statistic: min, direction: both, unit: ms}
  - {column: Avg, metric: round_trip_delay, statistic: mean, direction: both, unit: ms}
  - {column: P99, metric: round_trip_delay, statistic: p99, direction: both, unit: ms}
  - {column: Max, metric: one_way_delay, statistic: max, direction: forward, unit: us}
  - {column: Loss, metric: loss_ratio, direction: both, unit: "%"}
"""
CSV = "format: csv\ncorridor: Test\ntime: {column: When, form: '%Y-%m-%d %H:%M'}\ntimezone: Asia/Shanghai\nperiod: 5m\n"
ROWS = (
    "When,Test,Min,Avg,P99,Max,Loss,Back,Note\n"
    "2026-11-25 08:00,a,1.5,2,9,4000,0,10,x\n"
    "2026-11-25 08:05,a,1.25,3 ms,8,4500,1.0%,30,y\n"
    "2026-11-25 08:00,b,-,7,-,-,-,1,z\n"
)


def made(text: str) -> ColumnMap:
    """A map of some lines."""
    return maps.parse_map(HEAD + text, "ours.yaml")


def content_of(text: str, rows: str = ROWS) -> Content:
    """Rows read by a map."""
    return read(made(text), rows.encode(), "nqa.csv", "UTC")


def figures(content: Content, number: int = 0) -> dict[str, Summary]:
    """The figures of one subject by their statistic."""
    return {each.statistic: each for each in content.subjects[number].summaries}


def test_periods_are_put_together_as_far_as_they_can_be() -> None:
    """Least, greatest, worst percentile; the mean by equal periods where nobody counted; none has an interval."""
    content = content_of(CSV + COLUMNS + "missing: '-'\n")
    assert [subject.name for subject in content.subjects] == ["a", "b"]
    found = figures(content)
    assert {name: each.value for name, each in found.items()} == {
        "min": 1_250_000, "mean": 2_500_000, "p99": 9 * MS, "max": 4_500_000, "ratio": 0.005,
    }  # fmt: skip
    assert all(each.given and each.low is each.high is None and each.count == 0 for each in found.values())
    assert found["p99"].method == "the greatest of 2 periods as given"
    assert found["mean"].method == "the mean of 2 periods as given, each of equal weight"
    assert {name: each.value for name, each in figures(content, 1).items()} == {"mean": 7 * MS}


def test_a_mean_is_weighted_by_the_packets_behind_it() -> None:
    """Ten of 2 ms and thirty of 3 ms."""
    found = figures(content_of(CSV + COLUMNS + "missing: '-'\nanswered: Back\n"))
    assert found["mean"].value == round(Fraction(10 * 2 + 30 * 3, 40) * MS) == 2_750_000
    assert found["mean"].count == 40
    assert found["ratio"].value == pytest.approx(0.0075)


def test_the_last_digit_says_how_finely_it_was_measured() -> None:
    """The coarsest of a subject's delays: whole milliseconds."""
    assert content_of(CSV + COLUMNS + "missing: '-'\n").subjects[0].resolution_ns == MS


def test_times_are_in_the_zone_of_the_map_and_periods_have_a_length() -> None:
    """From the beginning of the first period to the end of the last; a mark of the end reaches back."""
    eight_ns = 1_795_564_800 * 10**9  # 2026-11-25T00:00:00Z
    minutes_ns = 60 * 10**9
    assert content_of(CSV + COLUMNS + "missing: '-'\n").span == Span(eight_ns, eight_ns + 10 * minutes_ns)
    at_end = CSV.replace("%M'", "%M', marks: end")
    assert content_of(at_end + COLUMNS + "missing: '-'\n").span == Span(eight_ns - 5 * minutes_ns, eight_ns + 5 * minutes_ns)
    by_plan = CSV.replace("Asia/Shanghai", "plan")  # the plan of these tests is in UTC
    assert content_of(by_plan + COLUMNS + "missing: '-'\n").span == Span(eight_ns + 480 * minutes_ns, eight_ns + 490 * minutes_ns)


def test_counted_losses_are_a_proportion_with_its_interval() -> None:
    """Of packets lost, or of those that came back: both make the same."""
    lost = "format: csv\nsent: Sent\ncolumns:\n  - {column: N, metric: lost_packets, direction: forward, unit: packets}\n"
    back = "format: csv\nsent: Sent\ncolumns:\n  - {column: N, metric: answered_packets, direction: both, unit: packets}\n"
    of_lost = read(made(lost), b"Sent,N\n60,1\n40,0\n", "x", "UTC").subjects[0].summaries[0]
    of_back = read(made(back), b"Sent,N\n60,59\n40,40\n", "x", "UTC").subjects[0].summaries[0]
    assert (of_lost.value, of_lost.count, of_lost.given, of_lost.direction) == (0.01, 100, False, "forward")
    assert of_lost.high == pytest.approx(0.05446, abs=1e-5)
    assert (of_back.value, of_back.low, of_back.high) == (of_lost.value, of_lost.low, of_lost.high)


def test_samples_are_packets_and_say_nothing_of_loss() -> None:
    """Y.1731's table, one measurement a row."""
    subject = read(maps.find("huawei-y1731"), b"Index,Delay(usec),Delay variation(usec)\n1,422,-\n2,320,102\n3,-,-\n", "y",
                   "UTC", 10**18).subjects[0]  # fmt: skip
    assert subject.packets is not None
    assert list(subject.packets["round_trip_ns"]) == [422_000, 320_000]
    assert (subject.only_delays, subject.summaries, subject.resolution_ns) == (True, (), 1000)


def test_json_rows_are_found_by_dotted_paths() -> None:
    """A list somewhere inside, members of members; null is nothing."""
    wanted = made(
        "format: json\nrows: data.items\ncorridor: link.name\n"
        "columns:\n  - {column: delay.avg, metric: one_way_delay, statistic: mean, direction: reverse, unit: ns}\n"
        "  - {column: delay.max, metric: one_way_delay, statistic: max, direction: reverse, unit: ns}\n"
    )
    text = b'{"data": {"items": [{"link": {"name": "a"}, "delay": {"avg": 1250.0, "max": null}}]}}'
    (found,) = read(wanted, text, "x", "UTC", 5).subjects[0].summaries
    assert (found.statistic, found.direction, found.value) == ("mean", "reverse", 1250)


def test_gb18030_and_a_byte_order_mark_are_read() -> None:
    """As Chinese platforms and spreadsheets write them."""
    wanted = made("format: csv\nencoding: gb18030\ncolumns:\n"
                  "  - {column: 平均时延, metric: round_trip_delay, statistic: mean, direction: both, unit: ms}\n")  # fmt: skip
    assert read(wanted, "平均时延\n3.5\n".encode("gb18030"), "x", "UTC", 5).subjects[0].summaries[0].value == 3_500_000
    plain = made("format: csv\n" + COLUMNS)
    assert read(plain, b"\xef\xbb\xbfMin,Avg,P99,Max,Loss\n1,1,1,1,0\n", "x", "UTC", 5).rows == 1


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("", "nqa.csv: the file is empty"),
        (ROWS.splitlines()[0] + "\n", "nqa.csv: there is no row in it"),
        (ROWS.replace("Loss", "Lost"), ("nqa.csv:1: Loss: there is no such column, which map 'ours' reads; the heading has: "
         "When, Test, Min, Avg, P99, Max, Lost, Back, Note")),
        (ROWS.replace("P99", "Max"), ("nqa.csv:1: P99: there is no such column, which map 'ours' reads; the heading has: "
         "When, Test, Min, Avg, Max, Max, Loss, Back, Note")),
        (ROWS.replace("1.25", "quick"), "nqa.csv:3: Min: 'quick' is no number"),
        (ROWS.replace("3 ms", "3 us"), "nqa.csv:3: Avg: '3 us' is in another unit than the map says, which is ms"),
        (ROWS.replace("1.25", "-1.25"), "nqa.csv:3: Min: '-1.25' is negative, which no round_trip_delay is"),
        (ROWS.replace("1.0%", "101"), "nqa.csv:3: Loss: '101' is no share of a whole"),
        (ROWS.replace("08:05", "yesterday"), "nqa.csv:3: When: '2026-11-25 yesterday' is no time of the form %Y-%m-%d %H:%M"),
        (ROWS.replace(",30,y", ",30"), "nqa.csv:3: this row has 8 cells and the heading has 9"),
        (ROWS.replace("08:05,a", "08:05,-"), "nqa.csv:3: Test: this row does not say what was measured"),
        (ROWS.replace("1.25", '"1.25'), "nqa.csv:4: this is not CSV: unexpected end of data"),
    ],
)  # fmt: skip
def test_what_is_not_as_the_map_says_is_refused_by_line_and_column(rows: str, sentence: str) -> None:
    """One sentence, and nothing of the file."""
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        content_of(CSV + COLUMNS + "missing: '-'\n", rows)


def test_other_encodings_are_not_guessed_at() -> None:
    """The line is named."""
    with pytest.raises(InputError, match=r"^x:2: this is not text in UTF-8$"):
        read(made("format: csv\n" + COLUMNS), "Min\n时延\n".encode("gb18030"), "x", "UTC")


@given(st.integers(0, 10**9), st.sampled_from(["ns", "us", "ms", "s"]), st.integers(0, 9))
def test_a_duration_is_exact_to_the_nanosecond(digits: int, unit: str, places: int) -> None:
    """Against exact fractions."""
    text = f"{digits // 10**places}.{digits % 10**places:0{places}d}" if places else str(digits)
    scale = {"ns": 1, "us": 1000, "ms": MS, "s": 1000 * MS}[unit]
    exact = Fraction(digits, 10**places) * scale
    if exact <= numbers.LONGEST_NS:
        found = numbers.duration(text, unit)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        assert abs(found.value_ns - exact) <= Fraction(1, 2)
        assert found.resolution_ns == max(1, round(Fraction(scale, 10**places)))


@pytest.mark.parametrize("text", ["", "1,5", "0x10", "nan", "inf", "1 2", "--3", "٣", "1e999"])
def test_what_is_no_number_is_none(text: str) -> None:
    """No guess is made at what was meant."""
    with pytest.raises(NoFigureError):
        numbers.duration(text, "ms")


@pytest.mark.parametrize(
    ("text", "form", "zone", "seconds"),
    [
        ("2026-11-25T08:00:00+08:00", "iso", None, 1_795_564_800),
        ("2026-11-25T00:00:00Z", "iso", "Asia/Shanghai", 1_795_564_800),
        ("2026-11-25 08:00:00", "iso", "Asia/Shanghai", 1_795_564_800),
        ("1795564800", "epoch", None, 1_795_564_800),
        ("1795564800000", "epoch-ms", None, 1_795_564_800),
        ("25.11.2026 08:00 +0800", "%d.%m.%Y %H:%M %z", None, 1_795_564_800),
    ],
)
def test_instants_are_read_in_every_form(text: str, form: str, zone: str | None, seconds: int) -> None:
    """Against one instant worked out by hand."""
    assert instant_ns(text, form, zone) == seconds * 10**9


@pytest.mark.parametrize(
    ("text", "form"), [("2026-11-25 08:00", "iso"), ("soon", "epoch"), ("-5", "epoch"), ("1e30", "epoch-ms")]
)
def test_an_instant_that_is_none_or_has_no_zone_is_refused(text: str, form: str) -> None:
    """A zone is not guessed."""
    with pytest.raises(NoFigureError):
        instant_ns(text, form, None)
