"""Every rule of a verdict, as data: what was asked, what was measured, and the sentence that must come of it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from netbench.plan.model import Layer
from netbench.verdict import reasons
from netbench.verdict.judge import judge
from netbench.verdict.model import Verdict
from tests.verdict.builders import TODAY, facts, figure, target

Case = dict[str, Any]


def _cases() -> list[Case]:
    files = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    return [case for file in files for case in yaml.safe_load(file.read_text(encoding="utf-8"))]


CASES = _cases()


def _judged(case: Case) -> Verdict:
    figures = [figure(row) for row in case.get("figures", [])]
    shares = [figure(row) for row in case.get("shares", [])]
    layer = Layer(case.get("measured_layer", "ip"))
    return judge(target(case.get("target")), facts(case.get("facts")), figures, TODAY, layer, shares)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_rule(case: Case) -> None:
    """The outcome, its sentence, its condition and what it needs are exactly those of the case."""
    verdict, expected = _judged(case), case["expect"]

    assert (verdict.outcome.value, verdict.reason) == (expected["outcome"], expected["reason"])
    assert verdict.conditional is expected.get("conditional", False)
    assert verdict.needs_samples == expected.get("needs")
    assert verdict.break_even is None or "break_even" in expected
    if "break_even" in expected:
        assert verdict.break_even is not None
        found = (verdict.break_even.route_km, verdict.break_even.route_factor)
        assert found == pytest.approx(tuple(expected["break_even"]), rel=1e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_reason_can_be_said_anew(case: Case) -> None:
    """The sentence is its template with its fields filled in, and the template is one that translators find."""
    verdict = _judged(case)

    assert verdict.reason == verdict.reason_key.format(**dict(verdict.reason_fields))
    assert verdict.reason_key in {value for value in vars(reasons).values() if isinstance(value, str)}


def test_case_names_differ() -> None:
    """No case hides behind the name of another."""
    names = [case["name"] for case in CASES]

    assert len(names) == len(set(names)) >= 35


def test_every_template_is_said_by_a_case() -> None:
    """A sentence that no rule says is not in the catalogue."""
    templates = {name: value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}
    said = {_judged(case).reason_key for case in CASES}

    assert {name for name, template in templates.items() if template not in said} == {"NO_TARGET"}
    assert len(templates) <= 25


def test_one_figure_given_twice_is_refused() -> None:
    """Two shares of one direction belong to two thresholds, and nobody says which is this target's."""
    share = figure(["throughput", "forward", "share_at_least", 1.0, 0.96, 1.0, 100])
    asked = target({"metric": "throughput", "statistic": "share_at_least", "comparison": "at_least", "unit": "1", "limit": 0.95})

    with pytest.raises(ValueError, match="throughput share_at_least forward is given 2 times"):
        judge(asked, facts(), [], TODAY, Layer.IP, [share, share])


def test_summary_of_a_verdict_is_the_widened_one() -> None:
    """The figure that was compared has the measurement's own error in its interval."""
    measured = figure(["one_way_delay", "forward", "p99", "12ms", "11ms", "13ms", 1000])
    verdict = judge(target({"measured_direction": "forward"}), facts(), [measured], TODAY, Layer.IP)

    assert verdict.summary is not None
    assert (verdict.summary.low, verdict.summary.high) == (10_980_000, 13_020_000)
