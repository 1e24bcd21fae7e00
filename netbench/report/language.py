"""Chinese and English, as equal citizens.

A sentence is written in English where it is used, and that sentence is its key. Chinese stands in one catalogue, a gettext
``.po`` file that is read as it is: what translators edit is what users see, with no compiled copy between.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from netbench.errors import UsageError

Language = Literal["zh", "en"]

LANGUAGES: tuple[Language, Language] = ("zh", "en")
CATALOGUE = Path(__file__).parent / "locale" / "zh" / "LC_MESSAGES" / "netbench.po"
_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def mark(sentence: str) -> str:
    """Return the sentence unchanged; its call tells the extractor that ``translate`` will meet it later."""
    return sentence


def translate(sentence: str, language: str, **fields: object) -> str:
    """Return the sentence in the language with its ``{fields}`` filled in.

    English is the sentence itself, and what a sentence without a translation falls back to (a test finds those first).
    """
    template = chinese().get(sentence, sentence) if language == "zh" else sentence
    return template.format_map(fields) if fields else template


def choose_language(option: str | None, environ: Mapping[str, str]) -> Language:
    """Return the language asked for, else the locale's: Chinese where it names Chinese, English everywhere else.

    :raises UsageError: when ``option`` is a language netbench does not speak
    """
    if option is not None:
        return _named(option)
    locale = next((environ[name] for name in _LOCALE_VARIABLES if environ.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


@cache
def chinese() -> Mapping[str, str]:
    """Return the Chinese catalogue: English sentence to Chinese one, fuzzy and empty entries left out. Read once."""
    from babel.messages.pofile import read_po

    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh")
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string and not entry.fuzzy}


def _named(option: str) -> Language:
    wanted = option.lower().replace("_", "-").split("-")[0]
    for language in LANGUAGES:
        if wanted == language:
            return language
    raise UsageError(f"--lang {option}: netbench speaks zh and en")
