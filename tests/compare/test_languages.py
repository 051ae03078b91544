"""The comparison in Norwegian: no English sentence of ours is left, and the JSON stays English."""

from __future__ import annotations

import json
from dataclasses import replace

from analyzer.compare import document
from analyzer.compare.compare import compare
from analyzer.compare.comparison_limits import cautions
from analyzer.compare.difference import answer
from analyzer.compare.terminal import render
from analyzer.report.language import language
from tests.compare.reports import PHONE, answered, between_two_sends, unanswered

ENGLISH = (
    "seen",
    " the ",
    " and ",
    " isn't ",
    "times",
    "readable",
    "addresses",
    "located",
    " was ",
    " were ",
)


def test_what_is_printed_is_norwegian() -> None:
    pairs = compare(answered(), between_two_sends()), compare(answered(), unanswered(), PHONE)
    with language("nb"):
        texts = [" ".join(render(diff, "0.1.0", width=160, verbose=True).split()) for diff in pairs]
    for text in texts:
        assert [word for word in ENGLISH if word in text.replace("China Telecom self-registration", "")] == []
    assert "A varer 56 min, B 5,7 min." in texts[0]
    assert "ikke sett i B. A 7 ganger (levert 7, besvart 7, godtatt 0)" in texts[0]
    assert "den eneste av 2 enheter med funn" in texts[0]
    assert "Av 7 verdier for dem som er i begge, er 7 de samme i A og B." in texts[1]


def test_every_caution_is_norwegian() -> None:
    a = answered()
    (info, *_rest) = a.captures
    b = replace(
        unanswered(),
        version="0.0.1",
        captures=(replace(info, complete=False, snapped=2, link_types=("Wi-Fi",)),),
    )
    diff = compare(a, b, PHONE)
    diff = replace(diff, b=replace(diff.b, gaps=1, dropped=3, stretches=2, others=("x",), undecrypted=1))
    english = cautions(diff)
    with language("nb"):
        said = cautions(diff)
    assert len(said) == len(english) > 7
    assert not set(said) & set(english)
    text = " ".join(said)
    assert "det er skadet, og lest frem til skaden, 1 hull i lesbare strømmer" in text
    assert "2 rammer kuttet av opptakets lengdegrense, 3 pakker mistet under opptaket" in text


def test_the_json_is_english_in_every_language() -> None:
    diff = compare(answered(), between_two_sends())
    with language("nb"):
        made = document.write(diff, "0.1.0")
    assert json.loads(made)["answer"] == answer(diff)
