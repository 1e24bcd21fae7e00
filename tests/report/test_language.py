import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import netbench
from netbench.errors import UsageError
from netbench.report.language import CATALOGUE, chinese, choose_language, retell, translate
from netbench.verdict import reasons

CALLS = ("translate", "mark", "announce", "phase")
"""What is called with a sentence that people will read."""

TERMS = {
    "one-way delay": "单向时延",
    "round-trip delay": "往返时延",
    "loss": "丢包率",
    "throughput": "吞吐量",
    "met": "达标",
    "missed": "未达标",
    "theory ms": "理论时延 ms",
    "busy-hour mean": "忙时平均值",
    "compliant share": "达标速率占比",
    "Backbone network": "骨干网",
    "Metro network": "城域网",
    "Access network": "接入网",
}
"""The terms that regulators and carriers use; a translation may not choose others."""


def _used() -> Iterator[str]:
    source = Path(netbench.__file__).parent
    for _, _, message, _, _ in extract_from_dir(source, [("**.py", "python")], keywords=dict.fromkeys(CALLS)):
        yield message[0] if isinstance(message, tuple) else message
    yield from (value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str))


def _fields(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_every_sentence_that_is_used_has_a_chinese_one() -> None:
    """Chinese readers meet no English sentence."""
    assert sorted({sentence for sentence in _used() if sentence not in chinese()}) == []


def test_a_translation_has_the_fields_of_its_sentence() -> None:
    """No figure is lost in translation, and none invented."""
    different = {english: translation for english, translation in chinese().items() if _fields(english) != _fields(translation)}
    assert different == {}


def test_no_translation_is_left_in_english() -> None:
    """A translation has Chinese in it, unless the sentence is all symbols and abbreviations."""
    same = {"min", "p50 ms", "p99 ms", "IPDV", "PDV", "; ", ", "}
    same |= {"IP", "{label}: {text}", "{text} ({remark})", "{count} {standing}"}
    left = [english for english, translation in chinese().items() if not re.search(r"[\u4e00-\u9fff]", translation)]
    assert set(left) <= same


def test_the_terms_are_those_of_the_field() -> None:
    """The terms that policy and industry use stand in the catalogue as they are."""
    assert {english: chinese().get(english) for english in TERMS} == TERMS


def test_the_catalogue_is_clean() -> None:
    """No sentence twice, none fuzzy, none empty; a translator's tools read it."""
    with CATALOGUE.open("rb") as file:
        entries = [entry for entry in read_po(file, locale="zh", abort_invalid=True) if entry.id]
    assert all(entry.string and not entry.fuzzy for entry in entries)
    text = CATALOGUE.read_text(encoding="utf-8")
    assert len(entries) == text.count("\nmsgid ") - text.count('\nmsgid ""\nmsgstr ""\n"Project')


def test_english_is_the_sentence_itself() -> None:
    """English needs no catalogue, and fields are filled in in both."""
    assert translate("via {site}", "en", site="Guiyang") == "via Guiyang"
    assert translate("via {site}", "zh", site="贵阳") == "经贵阳"


def test_braces_in_a_sentence_without_fields_are_left_alone() -> None:
    """A sentence that is shown as it is may hold anything."""
    assert translate("{not a field", "en") == "{not a field"


def test_a_finished_sentence_is_told_again_in_chinese() -> None:
    """A sentence with its figures filled in is recognised by its template; an unknown one stays as it is."""
    assert retell("via Guiyang", "zh") == "经Guiyang"
    assert retell("via Guiyang", "en") == "via Guiyang"
    assert retell("something nobody foresaw", "zh") == "something nobody foresaw"


@pytest.mark.parametrize(
    ("option", "environ", "language"),
    [
        (None, {}, "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "C.UTF-8"}, "en"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LC_MESSAGES": "zh_TW", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
        ("en", {"LANG": "zh_CN.UTF-8"}, "en"),
        ("zh", {}, "zh"),
        ("zh-CN", {}, "zh"),
    ],
)
def test_the_option_decides_then_the_locale(option: str | None, environ: dict[str, str], language: str) -> None:
    """--lang comes first, then LC_ALL, LC_MESSAGES and LANG, as POSIX has it."""
    assert choose_language(option, environ) == language


def test_a_language_that_netbench_does_not_speak_is_refused() -> None:
    """The sentence says which there are."""
    with pytest.raises(UsageError, match="speaks zh and en"):
        choose_language("fr", {})
