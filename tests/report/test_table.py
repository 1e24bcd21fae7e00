import pytest
from rich.cells import cell_len

from netbench.campaign.document import CorridorEntry, Document
from netbench.report.table import render
from tests.report.sample import MS, corridor, document, figures, target


def _line(text: str, *parts: str) -> str:
    return next(line for line in text.splitlines() if all(part in line for part in parts))


def _with(only: CorridorEntry) -> Document:
    changed = document()
    changed["corridors"] = [only]
    return changed


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 100, 120, 140, 160])
def test_no_line_is_wider_than_the_page(language: str, width: int) -> None:
    """The table fits, Chinese characters counted as the two columns they take."""
    assert max(cell_len(line) for line in render(document(), language, width).splitlines()) <= width


def test_the_columns_line_up_in_chinese() -> None:
    """Every p99 ends in the same terminal column."""
    lines = [line for line in render(document(), "zh", 160).splitlines() if "5.702" in line]
    assert len(lines) == 5
    assert len({cell_len(line[: line.index("5.702")]) for line in lines}) == 1


def test_a_corridor_shows_the_worse_direction() -> None:
    """p50 and p99 are those of the slower direction, the throughput that of the slower one."""
    line = _line(render(document(), "en", 160), "p99 ≤ 20 ms", "met if built so")
    for part in (
        "→ Macao",
        "via Guiyang",
        "1,150 km",
        "4.314",
        "5.650",
        "5.702",
        "5.692–5.722",
        "0.25%",
        "382 Gbit/s",
        "3,912 km",
    ):
        assert part in line


def test_a_measurement_that_was_not_made_is_a_dash() -> None:
    """Neither zero nor nothing stands for it, and why is told below."""
    text = render(document(), "en", 160)
    assert _line(text, "→ Macao", "void").count("—") == 4
    assert "stamp: Gui'an cluster → Macao: packets to shenzhen do not arrive" in text


def test_the_summary_counts_every_corridor_once_worst_first() -> None:
    """One line says how many stand how."""
    expected = "6 corridors: 1 missed · 1 void · 1 inconclusive · 1 not due yet · 1 met if built so · 1 met"
    assert expected in render(document(), "en", 160)
    assert "6 条通道：未达标 1 · 无效 1 · 无法判定 1 · 未达标（未到期） 1 · 若建成如此则达标 1 · 达标 1" in render(
        document(), "zh", 160
    )


def test_what_was_missed_and_what_was_not_due_are_told_apart() -> None:
    """A miss names its reason and source; what is not due stands under its own heading."""
    text = render(document(), "en", 160)
    assert (
        text.index("\nMissed\n")
        < text.index("misses the limit of 5 ms [实施意见, 2022-08-02]")
        < text.index("\nMissed, not due yet\n")
    )


def test_what_could_not_be_judged_says_what_it_needs() -> None:
    """The number of samples that would decide, and why a void verdict is void, in Chinese too."""
    assert "about 12,000 samples would decide" in render(document(), "en", 160)
    chinese = render(document(), "zh", 160)
    assert "约需 12,000 个样本才能判定" in chinese
    assert "测试主机丢弃了 3 个本应由网络承载的帧" in chinese


def test_claims_are_told_and_kept_apart() -> None:
    """A claim that is missed does not stand in the corridor's line, and is told below."""
    text = render(document(), "en", 160)
    assert "p99 ≤ 5 ms (claim) [实施意见, 2022-08-02]: 1 missed (Gui'an cluster → Shenzhen)" in text


def test_a_corridor_with_nothing_but_a_claim_shows_it_as_such() -> None:
    """Where no target decides, the claim is shown, marked."""
    only = _with(corridor("c", "macao", [target("t", "pass", 5 * MS, "claim")], figures()))
    assert "p99 ≤ 5 ms (claim)" in _line(render(only, "en", 160), "Macao")
    assert "1 corridors: 1 no target" in render(only, "en", 160)


def test_limits_that_read_the_same_and_stand_the_same_are_one_line() -> None:
    """Two sources of one limit do not make two lines; different outcomes do, told apart by what they are stated for."""
    first, second = target("a", "pass", 20 * MS), target("b", "pass", 20 * MS)
    second["direction"] = "unknown"
    assert render(_with(corridor("c", "macao", [first, second], figures())), "en", 160).count("p99 ≤ 20 ms") == 1
    second["verdict"] = "void"
    two = _with(corridor("c", "macao", [first, second], figures()))
    assert "p99 ≤ 20 ms (one way)" in render(two, "en", 160)
    assert "p99 ≤ 20 ms (not stated)" in render(two, "en", 160)


def test_assumptions_and_the_scale_are_said() -> None:
    """Which links are assumed and in what; what was emulated and what it stands for."""
    text = render(document(), "en", 160)
    assert "1 of 1 links rest on facts that nobody gave" in text
    assert "route length: guian-shenzhen-1" in text
    assert "(1/1000), such as 383 Mbit/s × 1000 = 383 Gbit/s" in text


def test_a_link_off_its_plan_is_named_with_its_figures() -> None:
    """Asked, got and tolerance."""
    off = document()
    off["links"][0]["faithful"] = False
    text = render(off, "en", 160)
    assert "guian-shenzhen-1: 5.671 / 5.671 ms asked, 5.675 / 5.675 ms measured, tolerance 0.100 ms" in text


def test_a_narrow_page_leaves_columns_out_and_says_so() -> None:
    """At 80 columns the essentials stay, and the reader is told what is missing."""
    text = render(document(), "en", 80)
    assert "via Guiyang" not in text
    assert "5.702" in text
    assert "100 columns or more shows route, theory, p50" in text
    assert "100 columns or more" not in render(document(), "en", 100)


def test_no_colour_goes_into_a_file() -> None:
    """Text of a given width is plain."""
    assert "\x1b" not in render(document(), "en", 160)


def test_a_run_of_nothing_can_be_shown() -> None:
    """A document without corridors is no error."""
    empty = document()
    empty["corridors"], empty["links"] = [], []
    assert "0 corridors" in render(empty, "en", 100)


def test_a_column_that_says_nothing_is_left_out() -> None:
    """Where no route is assumed there is no longest route to show."""
    certain = _with(corridor("c", "macao", [target("t", "pass", 5 * MS)], figures()))
    assert "longest" in render(document(), "en", 160)
    assert "longest" not in render(certain, "en", 160)
