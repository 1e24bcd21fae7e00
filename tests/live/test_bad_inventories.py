"""Every bad inventory in ``bad/`` gives exactly the sentence that stands beside it."""

from pathlib import Path

import pytest

from netbench.errors import PlanError
from netbench.live.load import LARGEST_FILE_OCTETS, check_sites, load_inventory, parse_inventory
from netbench.plan import catalogue

BAD = Path(__file__).parent / "bad"
CASES = sorted(BAD.glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_bad_inventory_gives_its_sentence(path: Path) -> None:
    """File, line, key and sentence are those of the file beside it, and the exit code is that of wrong usage."""
    with pytest.raises(PlanError) as refused:
        parse_inventory(path.read_bytes().decode(), path.name, BAD)
    assert str(refused.value) == path.with_suffix(".txt").read_text("utf-8").rstrip("\n")
    assert refused.value.exit_code == 2


def test_the_folder_is_whole() -> None:
    """Each inventory has its sentence, each sentence its inventory, and no sentence takes more than one line."""
    sentences = sorted(BAD.glob("*.txt"))
    assert [path.stem for path in sentences] == [path.stem for path in CASES]
    assert len(CASES) >= 50
    assert all(path.read_text("utf-8").count("\n") == 1 for path in sentences)


def test_a_key_in_an_inventory_is_refused_and_not_repeated() -> None:
    """Whoever pastes a key finds it in no message."""
    for name in ("key-itself", "key-itself-bare"):
        assert "00112233" in (BAD / f"{name}.yaml").read_text("utf-8")
        assert "0011" not in (BAD / f"{name}.txt").read_text("utf-8")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """The reason is the system's; other encodings are not guessed at; what is too large is not parsed."""
    with pytest.raises(PlanError, match=r"none\.yaml: the file cannot be read: No such file or directory$"):
        load_inventory(tmp_path / "none.yaml")
    (tmp_path / "gbk.yaml").write_bytes("netbench: 1\ninventory: 安顺\n".encode("gb18030"))
    with pytest.raises(PlanError, match=r"gbk\.yaml:2: this is not text in UTF-8; save the file as UTF-8$"):
        load_inventory(tmp_path / "gbk.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"[" * (LARGEST_FILE_OCTETS + 1))
    with pytest.raises(PlanError, match=r"the file is larger than 2 MB, which no inventory is$"):
        load_inventory(tmp_path / "huge.yaml")


def test_a_site_that_the_plan_has_not_is_refused_with_its_line() -> None:
    """A slip of the pen is found before it reads as a corridor without its end."""
    text = "netbench: 1\ninventory: ours\nsites:\n  guian: {}\n  zunji: {}\n"
    with pytest.raises(PlanError) as refused:
        check_sites(parse_inventory(text, "ours.yaml", Path()), catalogue.find("first"), "ours.yaml")
    assert (
        str(refused.value) == "ours.yaml:5: sites.zunji: there is no site in plan 'first' called 'zunji'; did you mean 'zunyi'?"
    )
