"""Text written as the codes of its characters, one by one: `\\x7b\\x22`, `&#123;&#34;`, `7b 22`, `123,34`.

Escapes are those of C and JavaScript (ECMA-262 §12.9.4) and the character references of HTML (§13.5).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from analyzer.codecs.binary_formats import sense_of
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside

SHORTEST_TEXT = 12
SHORTEST = 2 * SHORTEST_TEXT
FEWEST = 3  # codes at the beginning that tell the form
BORDERS = " \t\r\n\0\"'"
BETWEEN = r"(?:,\s?|[;:\-|_]|\s++)"  # what may stand between two codes


class CodeForm(NamedTuple):
    """How one code is written, and to what base."""

    step: str
    code: str
    base: int
    between: str = ""

    @property
    def beginning(self) -> str:
        """A pattern of the first codes of a text in this form."""
        return rf"(?:{self.code}{self.between}){{{FEWEST}}}"

    @property
    def whole(self) -> re.Pattern[str]:
        """A pattern of a whole text in this form; one separator may be left at the end."""
        more = rf"(?:{self.between}{self.code})*+{self.between}?" if self.between else rf"(?:{self.code})*+"
        return re.compile(rf"{self.code}{more}")


FORMS = (
    CodeForm("hexadecimal escapes", r"\\x[0-9A-Fa-f]{2}", 16),
    CodeForm("unicode escapes", r"\\u00[0-9A-Fa-f]{2}", 16),
    CodeForm("octal escapes", r"\\[0-3][0-7]{2}", 8),
    CodeForm("character references", r"&#[0-9]{1,3};", 10),
    CodeForm("hexadecimal character references", r"&#[xX]0{0,2}[0-9A-Fa-f]{2};", 16),
    CodeForm("hexadecimal codes", r"0[xX][0-9A-Fa-f]{2}", 16, BETWEEN),
    CodeForm("hexadecimal codes", r"[0-9A-Fa-f]{2}", 16, BETWEEN),
    CodeForm("percent-u escapes", r"%u00[0-9A-Fa-f]{2}", 16),
    CodeForm("equals-sign escapes", r"=[0-9A-F]{2}", 16),
    CodeForm("code points", r"U\+00[0-9A-Fa-f]{2}", 16, r"\s?"),
    CodeForm("binary codes", r"[01]{8}", 2, BETWEEN),
    CodeForm("binary codes", r"[01]{8}", 2),
    CodeForm("octal codes", r"[0-3][0-7]{2}", 8, BETWEEN),
    CodeForm("decimal codes", r"[0-9]{1,3}", 10, BETWEEN),
)
PATTERNS = tuple((form, form.whole) for form in FORMS)
BEGINNING = rf"[\s\"']*+(?:{'|'.join(form.beginning for form in FORMS)})"
BEGINS = re.compile(BEGINNING)
MARKS = re.compile(r"\\u00|%u00|U\+00|0[xX](?=[0-9A-Fa-f]{2})")
DIGITS = {
    base: re.compile(digits)
    for base, digits in ((2, "[01]{8}"), (8, "[0-7]{3}"), (10, "[0-9]{1,3}"), (16, "[0-9A-Fa-f]{2}(?![xX])"))
}


def decode_character_codes(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text or data that the codes stand for; nothing where they make no sense."""
    value = part.value
    if not isinstance(value, str) or len(value) < SHORTEST or not BEGINS.match(value):
        return []
    text = value.strip(BORDERS)
    for form in (form for form, pattern in PATTERNS if pattern.fullmatch(text)):
        if not budget.take_bytes(len(text)):
            return []
        if plain := sense_of(_data(text, form.base), SHORTEST_TEXT):
            return [inside(part, plain, form.step)]
    return []


def _data(text: str, base: int) -> bytes:
    """The codes as bytes; nothing where one is no byte."""
    text = MARKS.sub("", text)
    try:
        return bytes([int(digits, base) for digits in DIGITS[base].findall(text)])
    except ValueError:
        return b""
