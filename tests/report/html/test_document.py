"""The file as a whole: one piece, bounded, the same words as everywhere, made by the command."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from analyzer.cli import main
from analyzer.report.html import write
from analyzer.report.summary import first_screen
from tests.report.builders import quiet_report, sample_report
from tests.report.first_screens import SCREENS

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden"
CAPTURE = ROOT / "captures" / "nokia7plus-reconstruction.pcap"


@pytest.fixture(scope="module")
def page() -> str:
    return write(sample_report())


def test_the_policy_names_the_hashes_of_the_one_style_and_the_one_script(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    said = policy[1].replace("&#39;", "'")
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in said
    assert "default-src 'none'" in said
    assert "unsafe" not in said


def test_a_reconstruction_is_said_at_the_top_at_each_picture_and_at_the_end(page: str) -> None:
    assert page.count("Reconstruction — not traffic of a real phone") == 5
    assert page.count("Made by code from the protocol") == 2
    assert "Reconstruction" not in write(replace(sample_report(), reconstruction=None))


def test_a_quiet_capture_says_that_silence_is_no_proof() -> None:
    page = write(quiet_report())
    assert "Nothing in this capture was searched, so it shows nothing of identifiers." in page
    assert "That is no proof that none was sent" in page
    assert 'id="pings"' not in page


def test_four_states_stand_on_each_card_and_only_those_seen_are_claimed(page: str) -> None:
    pings = page.split('<section id="pings"')[1].split('<section id="destinations"')[0]
    cards = re.split('<details class="card(?: more)?"', pings)[1:]
    assert len(cards) == 4
    for card, reached in zip(cards, (3, 3, 3, 1), strict=True):
        stages = card.split('<ol class="stages">')[1].split("</ol>")[0]
        assert stages.count('class="yes"') == reached
        assert stages.count("<li") == 4


def test_a_report_without_anything_can_be_written() -> None:
    empty = replace(quiet_report(), captures=(), devices=(), destinations=(), blind_spots=())
    assert "</html>" in write(empty)


@pytest.mark.parametrize("name", ["reconstruction-en", "reconstruction-nb", "unanswered-en"])
def test_a_reader_meets_what_the_golden_file_holds(name: str) -> None:
    code = f"from tools import update_docs as u; print(u.outlined(*u.OUTLINES[{name!r}]), end='')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_the_command_writes_a_small_file_with_pseudonyms_unless_identifiers_are_asked_for(
    tmp_path: Path,
) -> None:
    masked, shown = tmp_path / "masked.html", tmp_path / "shown.html"
    assert main(["scan", "-q", str(CAPTURE), "--html", str(masked)]) == 0
    assert main(["scan", "-q", str(CAPTURE), "--html", str(shown), "--show-identifiers"]) == 0
    assert shown.stat().st_size < 400_000
    assert "490154203237518" in shown.read_text("utf-8")
    assert "490154203237518" not in masked.read_text("utf-8")
    assert "Redacted — identifiers are pseudonyms" in masked.read_text("utf-8")


def test_a_saved_report_gives_the_same_file(tmp_path: Path) -> None:
    saved, first, again = tmp_path / "r.json", tmp_path / "1.html", tmp_path / "2.html"
    shown = "--show-identifiers"
    main(["scan", "-q", str(CAPTURE), "--json", str(saved), "--html", str(first), shown])
    main(["report", "-q", str(saved), "--html", str(again), shown])
    assert first.read_text("utf-8") == again.read_text("utf-8")


def test_where_nothing_was_found_no_row_of_zeros_reads_as_an_all_clear() -> None:
    page = write(SCREENS["unread-wifi"]())
    figures = page.split('<ul class="figures">')[1].split("</ul>")[0]
    assert "activation payload" not in figures
    assert "<b>97 %</b> <span>of the bytes not searched" in figures
    assert "What left the phone readable" not in page


def test_the_page_says_the_first_screen_of_the_terminal_before_its_key_figures(page: str) -> None:
    shown = first_screen(sample_report())
    places = [unescape(page).index(sentence) for sentence in (shown.headline, *shown.points, *shown.unseen)]
    assert places == sorted(places)
    assert unescape(page).index('<ul class="figures">') > places[-1]


# Jargon: the page uses none of it, except what the glossary explains.
INSIDERS = (
    "octet", "grammar", "dossier", "vantage", "ledger", "reassembl", "heuristic", "five-tuple", "entropy",
    "dissect", "evict", "p =",
)  # fmt: skip


@pytest.mark.parametrize("name", ["sample", "reconstruction"])
def test_no_insider_word_is_on_the_page_without_an_explanation(name: str, page: str) -> None:
    shown = page if name == "sample" else write(SCREENS["reconstruction"]())
    body = re.sub(
        r"<[^>]+>", " ", shown[shown.index("<main") : shown.index('<section id="glossary"')]
    ).lower()
    met = {word for word in INSIDERS if word in body}
    explained = {word for word in met if f'id="word-{word.split()[0]}"' in shown}
    assert met == explained
    assert met <= {"grammar", "p ="}


def test_the_words_of_the_answer_lead_to_their_explanations(page: str) -> None:
    answered = page[page.index('<section id="answer"') : page.index('<section id="requests"')]
    targets = re.findall(r'href="#(word-\w+)"', answered)
    assert "word-imei" in targets
    assert all(f'id="{target}"' in page for target in targets)
