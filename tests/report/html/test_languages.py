"""Two languages, each whole: no text without a translation, numbers and dates as one writes them there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from gettext import GNUTranslations
from html import unescape
from pathlib import Path
from types import ModuleType

import pytest

from analyzer.report import units
from analyzer.report.html import write
from analyzer.report.language import LANGUAGES, LOCALE, _, language, number, plural
from analyzer.report.reverse_translation import spoken
from analyzer.report.summary import answer
from analyzer.report.terminal import render
from tests.report.builders import sample_report

TOOLS = Path(__file__).parents[3] / "tools"
UNTRANSLATED = Path(__file__).parent / "untranslated.txt"
MOST_UNTRANSLATED = 0  # may only fall
PLACE = re.compile(r"\{\w*\}")


@pytest.fixture(scope="module")
def catalogues() -> Iterator[ModuleType]:
    pytest.importorskip("babel", reason="babel is not installed")
    sys.path.insert(0, str(TOOLS))
    import update_catalogue

    yield update_catalogue
    sys.path.remove(str(TOOLS))


def test_the_catalogues_hold_every_text_of_today_translated(catalogues: ModuleType) -> None:
    files, missing = catalogues.wanted()
    assert missing == []
    assert catalogues.stale(files) == []


def test_the_words_of_dossiers_that_wait_for_a_translation_only_become_fewer(catalogues: ModuleType) -> None:
    """A new dossier comes with its translation; what is translated leaves the list."""
    listed = UNTRANSLATED.read_text("utf-8").splitlines()
    assert catalogues.waiting("nb") == listed
    assert len(listed) <= MOST_UNTRANSLATED


def test_an_untranslated_word_of_a_dossier_waits_and_one_of_the_program_is_missing(
    catalogues: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sdk").mkdir()
    (tmp_path / "sdk" / "a.toml").write_text(
        'title = "Some sender"\n[fields.t]\nmeans = "a thing"\n[fields.t.values]\n1 = "phone"\n', "utf-8"
    )
    monkeypatch.setattr(catalogues, "DOSSIERS", tmp_path)
    assert catalogues.waiting("nb") == ["Some sender", "a thing"]
    assert catalogues.wanted()[1] == []
    monkeypatch.setattr(catalogues, "OF_DOSSIERS", "elsewhere/")
    monkeypatch.setattr(catalogues, "words_of_dossiers", lambda: iter([("terminal/x.py", "Some sender")]))
    assert catalogues.wanted()[1] == ["Some sender"]


def test_what_a_field_means_is_said_with_what_its_code_stands_for() -> None:
    with language("nb"):
        assert spoken("type of the card in the first slot: UICC, a card of the newer kind") == (
            "type kort i første spor: UICC, et kort av den nyere typen"
        )
        assert spoken("IMEI of the phone") == "telefonens IMEI"
        assert spoken("t is documented for Xiaomi: update check: IMEI of the phone") == (
            "t er dokumentert for Xiaomi: spørsmål om oppdatering: telefonens IMEI"
        )
        assert spoken("a host: of its own") == "a host: of its own"


def test_a_title_is_norwegian_in_each_sentence_that_holds_it() -> None:
    of = "is documented for China Unicom self-registration"
    with language("nb"):
        said = [
            spoken(f"host: x.example {of}"),
            spoken(f"host: the address went by the name x.example, which {of}"),
            spoken(f"layout: the bytes have the form that {of}"),
            spoken(f"layout: the bytes have the form that {of}; length, CRC hold"),
        ]
    assert all("er dokumentert for China Unicom: selvregistrering" in each for each in said), said
    assert not any(word in each for each in said for word in ("which", "went", "bytes", "hold"))


def test_the_titles_of_dossiers_are_norwegian_in_page_and_answer() -> None:
    english = "China Telecom self-registration"
    report = sample_report()
    report = replace(report, pings=tuple(replace(ping, title=english) for ping in report.pings))
    with language("nb"):
        page, printed, said = write(report), render(report), " ".join(answer(report))
    for text in (page, " ".join(printed.split()), said):
        assert "China Telecom: selvregistrering" in text
        assert english not in text


def test_another_header_is_no_other_catalogue_and_another_translation_is(catalogues: ModuleType) -> None:
    (path,) = LOCALE.glob("nb/*/phonehome.po")
    po = path.read_bytes()
    headed = po.replace(b'msgstr ""\n', b'msgstr ""\n"Generated-By: another tool\\n"\n', 1)
    changed = po.replace("forsøkt".encode(), b"attempted")
    assert headed != po
    assert changed != po
    for name, form in (("phonehome.po", bytes), ("phonehome.mo", lambda text: catalogues.as_mo(text, "nb"))):
        meant = catalogues.meaning(name, form(po))
        assert catalogues.meaning(name, form(headed)) == meant
        assert catalogues.meaning(name, form(changed)) != meant


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_every_translation_has_the_places_of_its_original(code: str) -> None:
    with (LOCALE / code / "LC_MESSAGES" / "phonehome.mo").open("rb") as file:
        texts = GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    assert len(texts) > 250
    for original, said in texts.items():
        source = original[0] if isinstance(original, tuple) else original
        if source:
            wanted = set(PLACE.findall(source)) - {"{article}"}
            assert set(PLACE.findall(said)) == wanted, source


def test_numbers_spans_and_plurals_are_norwegian() -> None:
    with language("nb"):
        assert number(1_234_567) == "1 234 567"
        assert units.byte_size(4_100) == "4,1 kB"
        assert units.span(9_000 * 10**9) == "2,5 t"
        assert plural(1, "{n} packet", "{n} packets") == "1 pakke"
        assert plural(2_000, "{n} packet", "{n} packets") == "2 000 pakker"
        assert _("attempted") == "forsøkt"
    assert units.byte_size(4_100) == "4.1 kB"
    assert number(1_234) == "1,234"


def test_the_page_is_in_the_language_asked_for_and_the_next_one_in_english_again() -> None:
    with language("nb"):
        page = write(sample_report())
    assert '<html lang="nb">' in page
    for said in ("Aktiveringsping", "14. februar 2019", "3 aktiveringsmeldinger", "Kina", "Singapore"):
        assert said in page
    assert "er på engelsk" in page
    assert '<html lang="en">' in write(sample_report())
    assert "3 activation payloads" in " ".join(answer(sample_report()))


def test_the_page_says_the_sentences_of_the_terminals_answer() -> None:
    page = re.sub(r"\s+", " ", write(sample_report()))
    assert all(sentence in unescape(page) for sentence in answer(sample_report()))


def test_thousands_are_no_escape_on_the_page() -> None:
    with language("nb"):
        page = write(sample_report())
    assert "1 200, av dem 1 188 IP-pakker" in page
    assert "\\xa0" not in page


def test_a_language_without_a_catalogue_is_refused() -> None:
    with pytest.raises(LookupError, match="no catalogue"), language("xx"):
        pass


def test_an_empty_text_stays_empty() -> None:
    with language("nb"):
        assert _("") == ""
