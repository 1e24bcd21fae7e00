"""What is to be cut, from words and from files: what is meant, and what is refused with which sentence."""

from pathlib import Path

import pytest

from netbench.campaign.cuts import Event, Timed, events_from_file, events_from_words
from netbench.errors import UsageError
from netbench.plan.load import parse_plan
from netbench.plan.utilisation import Cut
from tests.campaign.plans import CHAIN

S = 1_000_000_000
PLAN = parse_plan(CHAIN.replace("tolerance: 500us", "tolerance: 500us, risk: duct"), "chain.yaml")
WEST = Cut("link", "west-mid", ("west-mid",))


def test_words_make_one_event() -> None:
    """Each cut has its own time; all are restored together, and the whole is foretold as one."""
    (event,) = events_from_words(PLAN, ["west-mid@2s", "duct@2500ms"], "5s", silent=True)
    assert event == Event((Timed(WEST, 2 * S), Timed(Cut("risk", "duct", tuple(PLAN.links)), 2_500_000_000)), 5 * S, "silent")
    assert event.whole == Cut("link", "west-mid + duct", ("west-mid", "mid-east", "home-east"))


@pytest.mark.parametrize(
    ("cuts", "restore", "sentence"),
    [
        (["nowhere@2s"], "5s", "plan chain has no link and no shared risk called 'nowhere'"),
        (["west-mid"], "5s", "--cut west-mid says not when; write --cut west-mid@10s"),
        (["west-mid@2"], "5s", "'2' has no unit"),
        (["west-mid@2s"], None, "a cut needs the time at which it is restored"),
        (["west-mid@6s"], "5s", "west-mid is cut at 6 s and restored at 5 s; restore it 1 s or more after the cut"),
        (["west-mid@100ms"], "5s", "west-mid is cut after 100 ms; measure 500 ms or more before"),
        ([], "5s", "name what is cut with --cut"),
    ],
)
def test_words_that_cannot_be_meant_are_refused(cuts: list[str], restore: str | None, sentence: str) -> None:
    """Each names the thing and the cure."""
    with pytest.raises(UsageError) as refused:
        events_from_words(PLAN, cuts, restore, silent=False)
    assert sentence in str(refused.value)


def _file(folder: Path, text: str) -> tuple[Event, ...]:
    path = folder / "campaign.yaml"
    path.write_text(text, "utf-8")
    return events_from_file(PLAN, path)


def test_a_file_names_links_risks_and_every_one_of_them(tmp_path: Path) -> None:
    """``both`` is a visible cut and then a silent one; times not given have defaults."""
    events = _file(
        tmp_path,
        "cuts:\n  - {links: [west-mid], at: 1s, restore: 3s, how: both}\n  - {risk: duct}\n  - {every: link, how: silent}\n",
    )
    assert [(event.whole.name, event.how) for event in events] == [
        ("west-mid", "visible"), ("west-mid", "silent"), ("duct", "visible"),
        ("west-mid", "silent"), ("mid-east", "silent"), ("home-east", "silent"),
    ]  # fmt: skip
    assert (events[0].cuts[0].at_ns, events[0].restore_ns, events[2].cuts[0].at_ns, events[2].restore_ns) == (
        S,
        3 * S,
        2 * S,
        8 * S,
    )


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        ("{links: [west-mdi]}", "campaign.yaml:2: cuts[0].links[0]: there is no link 'west-mdi'; did you mean 'west-mid'?"),
        ("{risk: bridge}", "campaign.yaml:2: cuts[0].risk: there is no shared risk 'bridge'; known are: duct"),
        ("{every: site}", "campaign.yaml:2: cuts[0].every: 'site' is not known here; it is one of: link, risk"),
        ("{at: 2s}", "campaign.yaml:2: cuts[0]: name what is cut by one of: links, risk, every"),
        ("{every: link, at: 5s, restore: 4s}", "cuts[0]: west-mid is cut at 5 s and restored at 4 s"),
        ("{every: link, how: loud}", "cuts[0].how: 'loud' is not known here; it is one of: visible, silent, both"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, item: str, sentence: str) -> None:
    """With file, line and key."""
    with pytest.raises(UsageError) as refused:
        _file(tmp_path, f"cuts:\n  - {item}\n")
    assert sentence in str(refused.value)
