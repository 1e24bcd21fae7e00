"""What a reader is told of the load under which delay was measured."""

import jsonschema
import pytest

from netbench.campaign.document import Document
from netbench.report.table import render
from tests.report.sample import document
from tests.report.test_document_schema import SCHEMA


def _loaded(asked: float) -> Document:
    changed = document()
    changed["load"] = {
        "name": "busy-hour",
        "during": "delay",
        "seconds": 20.0,
        "demands": 4,
        "assumed_demands": 3,
        "late_ratio": 0.001,
        "links": [
            {
                "id": "guian-guiyang-1",
                "direction": "reverse",
                "rate_scale": 1000,
                "planned": {"rate_bps": 10**11, "asked_bps": 30 * 10**9, "offered_bps": 30 * 10**9, "carried_bps": 31 * 10**9},
                "emulated": {"rate_bps": 10**8, "asked_bps": 30 * 10**6, "offered_bps": 30 * 10**6, "carried_bps": 31 * 10**6},
                "asked_utilisation": asked,
                "utilisation": 0.31,
            }
        ],
    }
    return changed


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("busy hour's 4 demands (3 assumed)", "30% asked, 31% carried: 31 Gbit/s of 100 Gbit/s, emulated 31 Mbit/s")),
        ("zh", ("忙时 4 项流量需求（其中 3 项为假设）", "要求 30%，实际承载 31%", "仿真为 100 Mbit/s 中的 31 Mbit/s")),
    ],
)
def test_the_load_is_told_in_both_terms(language: str, words: tuple[str, ...]) -> None:
    """Planned and emulated, asked and carried; the document keeps its schema."""
    jsonschema.validate(_loaded(0.3), SCHEMA, cls=jsonschema.Draft202012Validator)
    text = render(_loaded(0.3), language, 400)
    assert all(part in text for part in words)
    assert "queue was full" not in text


def test_an_overloaded_link_is_named() -> None:
    """More than fits was asked: its queue was full, and the reader knows."""
    assert "More was offered than fits, so its queue was full: guian-guiyang-1 reverse, 120% asked" in render(
        _loaded(1.2), "en", 400
    )


def test_a_run_without_load_says_nothing_of_it() -> None:
    """There is no such heading."""
    assert "\nLoad\n" not in render(document(), "en", 160)
