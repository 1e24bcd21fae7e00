"""Chinese and English, as equal citizens.

A sentence is written in English where it is used, and that sentence is its key. Chinese stands in one catalogue, a gettext
``.po`` file that is read as it is: what translators edit is what users see, with no compiled copy between.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from netbench.errors import UsageError

Language = Literal["zh", "en"]

LANGUAGES: tuple[Language, Language] = ("zh", "en")
CATALOGUE = Path(__file__).parent / "locale" / "zh" / "LC_MESSAGES" / "netbench.po"
_FIELD = re.compile(r"\\?\{(\w+)\\?\}")
_FEWEST_LETTERS = 3
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


def labelled(label: str, text: str, language: str) -> str:
    """Return ``label: text`` with the language's own colon."""
    return translate("{label}: {text}", language, label=label, text=text)


def remarked(text: str, remark: str, language: str) -> str:
    """Return ``text (remark)`` with the language's own brackets."""
    return translate("{text} ({remark})", language, text=text, remark=remark)


def retell(sentence: str, language: str) -> str:
    """Return a finished English sentence in the language, when it was made from a template that the catalogue knows.

    For sentences that reach a report with their figures already filled in, such as the message of an error.
    """
    if language != "zh":
        return sentence
    for pattern, translation in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            return translation.format_map(found.groupdict())
    return sentence


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


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], str]]:
    # the template with the most letters of its own first: it is the one that fits for a reason; one of hardly any fits all
    templates = sorted(chinese().items(), key=lambda item: -_own_letters(item[0]))
    return [(_pattern(english), translation) for english, translation in templates if _own_letters(english) >= _FEWEST_LETTERS]


def _own_letters(template: str) -> int:
    return sum(character.isalpha() for character in _FIELD.sub("", template))


def _pattern(template: str) -> re.Pattern[str]:
    seen: set[str] = set()

    def group(field: re.Match[str]) -> str:
        name = field[1]
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>.+)"

    return re.compile(_FIELD.sub(group, re.escape(template)))


def _named(option: str) -> Language:
    wanted = option.lower().replace("_", "-").split("-")[0]
    for language in LANGUAGES:
        if wanted == language:
            return language
    raise UsageError(f"--lang {option}: netbench speaks zh and en")
