"""What every refusal of a file must be."""

from netbench.errors import InputError


def is_one_sentence(refused: InputError, file: str) -> None:
    """Pass when the sentence names the file and takes one line."""
    assert str(refused).startswith(f"{file}:"), str(refused)
    assert "\n" not in str(refused), str(refused)
