"""Every bad plan in ``bad/`` gives exactly the sentence that stands beside it."""

from pathlib import Path

import pytest

from netbench.errors import PlanError
from netbench.plan.load import LARGEST_FILE_BYTES, load_plan, parse_plan
from netbench.plan.tree import DEEPEST

BAD = Path(__file__).parent / "bad"
CASES = sorted(BAD.glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_bad_plan_gives_its_sentence(path: Path) -> None:
    """File, line, key and sentence are those of the file beside it, and the exit code is that of wrong usage."""
    with pytest.raises(PlanError) as refused:
        parse_plan(path.read_bytes().decode(), path.name)
    assert str(refused.value) == path.with_suffix(".txt").read_text("utf-8").rstrip("\n")
    assert refused.value.exit_code == 2


def test_the_folder_is_whole() -> None:
    """Each plan has its sentence, each sentence its plan, and no sentence takes more than one line."""
    sentences = sorted(BAD.glob("*.txt"))
    assert [path.stem for path in sentences] == [path.stem for path in CASES]
    assert len(CASES) >= 100
    assert all(path.read_text("utf-8").count("\n") == 1 for path in sentences)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The reason is the system's."""
    with pytest.raises(PlanError, match=r"none\.yaml: the file cannot be read: No such file or directory$"):
        load_plan(tmp_path / "none.yaml")


def test_a_folder_is_no_plan(tmp_path: Path) -> None:
    """The reason is the system's."""
    with pytest.raises(PlanError, match=r"the file cannot be read: Is a directory$"):
        load_plan(tmp_path)


def test_a_path_that_cannot_exist_is_refused() -> None:
    """A zero octet in a path is refused like any other path that cannot be read."""
    with pytest.raises(PlanError, match="the file cannot be read"):
        load_plan("a\0b")


def test_other_encodings_are_refused_with_their_line(tmp_path: Path) -> None:
    """Text in GB 18030 is not guessed at; the line of its first odd octet is named."""
    path = tmp_path / "gbk.yaml"
    path.write_bytes("netbench: 1\nplan: 安顺\n".encode("gb18030"))
    with pytest.raises(PlanError, match=r"gbk\.yaml:2: this is not text in UTF-8; save the file as UTF-8$"):
        load_plan(path)


def test_ten_megabytes_of_nonsense_are_not_read(tmp_path: Path) -> None:
    """The size alone refuses the file: not one event of it is parsed."""
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"[" * 10_000_000)
    with pytest.raises(PlanError, match=r"the file is larger than 2 MB, which no plan is$"):
        load_plan(path)


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "? ", "&a ", "!a ", '"\\', "a: |\n ", "%", "\t", "# ", "*a "])
def test_endless_repetition_is_refused_like_anything_else(piece: str) -> None:
    """Whatever is repeated to the largest size ends in one sentence: nothing recurses with the text."""
    with pytest.raises(PlanError):
        parse_plan(piece * (LARGEST_FILE_BYTES // len(piece)), "nonsense")


def test_the_deepest_plan_is_still_read() -> None:
    """Depth is refused beyond its limit and not before."""
    text = "netbench: 1\nplan: " + "[" * DEEPEST + "]" * DEEPEST
    with pytest.raises(PlanError, match="the key 'sites' is missing"):
        parse_plan(text.replace("\n", "\ntitle: x\n"), "deep")


def test_a_refusal_stays_on_its_line_whatever_the_key_holds() -> None:
    """Keys with line breaks and endless keys are quoted and cut."""
    for key in ("'a\n\n  b'", "? " + "k" * 5000 + "\n"):
        with pytest.raises(PlanError) as refused:
            parse_plan(f"netbench: 1\n{key}: 1\n", "odd")
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 400


def test_a_lone_surrogate_is_refused() -> None:
    """Text that cannot be written as UTF-8 is no plan."""
    with pytest.raises(PlanError, match=r"odd:2: this is not YAML: it holds a character that no text file has$"):
        parse_plan("netbench: 1\nplan: '\ud800'\n", "odd")
