import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_type_hints

import jsonschema
import pytest

from netbench.campaign import document as contract
from tests.report.sample import document

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA: dict[str, Any] = json.loads((Path(contract.__file__).parent / "result.schema.json").read_text())

TYPES: dict[str, Any] = {
    "name": contract.Name,
    "plan": contract.PlanEntry,
    "bounds": contract.Bounds,
    "link": contract.LinkEntry,
    "metric": contract.MetricEntry,
    "source": contract.SourceEntry,
    "break_even": contract.BreakEvenEntry,
    "needs": contract.Needs,
    "target": contract.TargetEntry,
    "corridor": contract.CorridorEntry,
    "host": contract.HostEntry,
    "load": contract.LoadEntry,
    "loaded_link": contract.LoadedLinkEntry,
    "loaded_rates": contract.LoadedRates,
    "failure": contract.FailureEntry,
    "failure_corridor": contract.FailureCorridorEntry,
    "failure_way": contract.FailureWay,
    "live": contract.LiveEntry,
    "live_corridor": contract.LiveCorridorEntry,
    "unreached": contract.UnreachedEntry,
    "imported": contract.ImportedEntry,
    "imported_corridor": contract.ImportedCorridorEntry,
}


def test_a_document_holds_to_the_schema() -> None:
    """What the reports are tested with is what the schema describes."""
    jsonschema.validate(document(), SCHEMA, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", TYPES)
def test_the_schema_and_the_types_have_the_same_keys(name: str) -> None:
    """A key added to the contract is added to the schema, and required in both or in neither."""
    described = SCHEMA["$defs"][name]
    assert set(described["properties"]) == set(get_type_hints(TYPES[name]))
    assert set(described["required"]) == set(TYPES[name].__required_keys__)


def test_the_schema_has_the_keys_of_the_whole_document() -> None:
    """The outermost level too."""
    assert set(SCHEMA["properties"]) == set(get_type_hints(contract.Document))
    assert set(SCHEMA["required"]) == set(contract.Document.__required_keys__)


def _objects(value: Any) -> list[Any]:
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = list(cast("dict[str, Any]", value).values())
    elif isinstance(value, list):
        inner = [*cast("Iterable[Any]", value)]
    here: list[Any] = [value] if "properties" in value and isinstance(value, dict) else []
    return here + [found for each in inner if isinstance(each, dict | list) for found in _objects(each)]


def test_no_object_takes_unknown_keys() -> None:
    """A misspelt key is found by the schema, everywhere."""
    found = _objects(SCHEMA)
    assert len(found) > len(TYPES)
    assert all(each["additionalProperties"] is False for each in found)


@pytest.mark.parametrize(
    ("place", "value"),
    [("schema", 2), ("started", "today"), ("verdict", "met"), ("seconds", -1), ("extra", 1), ("corridors", {})],
)
def test_a_document_that_is_wrong_is_refused(place: str, value: object) -> None:
    """The schema can say no."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document(), place: value}, SCHEMA, cls=jsonschema.Draft202012Validator)
