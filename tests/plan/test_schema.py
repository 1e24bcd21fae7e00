"""The JSON Schema of a plan: what ships fits it, and what the reader knows it knows too."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from netbench.plan import links, load, sections, targets
from netbench.plan.load import parse_plan

SCHEMA: dict[str, Any] = json.loads(files("netbench.plan").joinpath("plan.schema.json").read_text("utf-8"))
PLANS = sorted(str(path) for path in files("netbench_topologies.plans").iterdir() if path.name.endswith(".yaml"))
STARTER = str(files("netbench.plan").joinpath("starter.yaml"))

STRUCTURAL = (
    "unknown-key", "unknown-link-key", "missing-sites", "no-links", "unknown-class", "delay-and-route",
    "rate-without-unit", "delay-without-unit", "loss-over-one", "latitude", "three-coordinates", "name-one-language",
    "class-without-class", "class-on-other-kind", "target-two-limits", "target-no-limit", "target-no-status",
    "target-share-without-of", "target-of-without-share", "target-binding-undated", "target-source-url", "version-zero",
)  # fmt: skip
"""Bad plans whose fault a schema can see."""


class _PlainDates(yaml.SafeLoader):
    """YAML without dates: a schema speaks of JSON, where a date is a string."""


_PlainDates.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _as_json(text: str) -> Any:
    # the loader only builds plain values: it is SafeLoader with one resolver fewer
    return yaml.load(text, Loader=_PlainDates)


def _fits(text: str) -> bool:
    try:
        jsonschema.validate(_as_json(text), SCHEMA)
    except jsonschema.ValidationError:
        return False
    return True


def test_the_schema_is_one() -> None:
    """It is valid JSON Schema, draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", [*PLANS, STARTER], ids=lambda path: Path(path).stem)
def test_what_ships_fits_the_schema_and_the_reader(path: str) -> None:
    """The built-in plans and the starter pass both."""
    text = Path(path).read_text("utf-8")
    parse_plan(text, path, Path(path).parent)
    jsonschema.validate(_as_json(text), SCHEMA)


@pytest.mark.parametrize("name", STRUCTURAL)
def test_what_a_schema_can_see_it_refuses(name: str) -> None:
    """Faults of structure are refused by the schema as by the reader."""
    assert not _fits((Path(__file__).parent / "bad" / f"{name}.yaml").read_text("utf-8"))


def test_schema_and_reader_know_the_same_keys() -> None:
    """No key can be added to one of them alone."""
    definitions = SCHEMA["$defs"]
    pairs = (
        (SCHEMA, load.KEYS),
        (definitions["site"], sections.SITE_KEYS),
        (definitions["link"], links.KEYS),
        (definitions["corridor"], sections.CORRIDOR_KEYS),
        (definitions["target"], targets.KEYS),
        (definitions["selector"], targets.SELECTOR_KEYS),
        (definitions["source"], targets.SOURCE_KEYS),
        (definitions["demand"], sections.DEMAND_KEYS),
    )
    for schema, keys in pairs:
        assert set(schema["properties"]) == set(keys)
    assert set(definitions["target"]["properties"]["metric"]["enum"]) == set(targets.METRICS)
    assert definitions["target"]["properties"]["statistic"]["enum"] == list(targets.STATISTICS)
