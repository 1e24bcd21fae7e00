"""Plans by name or path."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from netbench.errors import PlanError, UnsupportedError, UsageError
from netbench.plan import catalogue


def test_built_in_plans_are_listed_and_found() -> None:
    """The names are those of the files, and each plan bears its name."""
    assert {"anshun", "first"} <= set(catalogue.names())
    assert all(catalogue.find(name).name == name for name in catalogue.names())


def test_a_path_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a slash, with a suffix, or bare where no built-in plan is called so; a built-in name is not shadowed by a file."""
    text = catalogue.find("first").text
    for name in ("own.yaml", "own", "anshun"):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert catalogue.find(str(tmp_path / "own.yaml")).name == "first"
    assert catalogue.find("own.yaml").name == "first"
    assert catalogue.find("own").name == "first"
    assert catalogue.find("./anshun").name == "first"
    assert catalogue.find("anshun").name == "anshun"


def test_an_unknown_name_is_told_what_exists() -> None:
    """The sentence lists the built-in plans."""
    with pytest.raises(UsageError, match=r"^there is no plan 'ansun'; built in are: .*anshun.*first"):
        catalogue.find("ansun")


def test_an_unknown_path_is_a_file_that_is_not_there() -> None:
    """A word with a suffix is never looked up as a name."""
    with pytest.raises(PlanError, match="the file cannot be read"):
        catalogue.find("none.yaml")


def test_a_broken_package_of_plans_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says which package does not load, and the cure."""

    def only_a_broken_one(group: str) -> list[EntryPoint]:
        return [EntryPoint("other", "no_such_package.plans", group)]

    monkeypatch.setattr(catalogue, "entry_points", only_a_broken_one)
    with pytest.raises(UnsupportedError, match=r"the plans of no_such_package\.plans do not load: .*; reinstall that package"):
        catalogue.names()
