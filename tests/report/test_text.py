"""Nothing invisible, moving or recolouring is left after `visible`."""

from __future__ import annotations

import ast
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.text import clip, visible

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202egpj.exe", r"abc\u202egpj.exe"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("two\r\nlines\t", r"two\r\nlines\t"),
        ("\u2028", r"\u2028"),
        ("\u00a0", r"\xa0"),
        ("\U000e0041", r"\U000e0041"),
        ("\ufeffBOM", r"\ufeffBOM"),
        ("\ud800", r"\ud800"),
        ("Hangul filler \u3164", r"Hangul filler \u3164"),
        ("C:\\x1b", r"C:\\x1b"),
        ("\u0301first", r"\u0301first"),
        ("e\u0301\u0301\u0301", "e\u0301\u0301\\u0301"),
    ],
)
def test_what_would_not_show_as_itself_is_escaped(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


@pytest.mark.parametrize(
    "plain", ["Ærlig talt: 15 % av trafikken", "中国电信", "[bold]no markup[/]", ":smile:", "e\u0301"]
)
def test_ordinary_text_of_any_script_stays_as_it_is(plain: str) -> None:
    assert visible(plain) == plain


@given(ANY_TEXT)
def test_only_printable_characters_are_left(text: str) -> None:
    kept = {unicodedata.category(char) for char in visible(text)}
    assert not kept & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(ANY_TEXT)
def test_the_original_can_be_read_back_from_the_escapes(text: str) -> None:
    quoted = '"' + visible(text).replace('"', r"\x22") + '"'
    assert ast.literal_eval(quoted) == text


def test_what_is_clipped_is_counted() -> None:
    assert clip("a" * 1_030, 6) == "aaaaaa… (1,024 more characters)"
    assert clip("short", 6) == "short"
