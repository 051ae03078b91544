"""A MAC address to whom the IEEE assigned its block (MA-L, MA-M, MA-S).

The list is python-stdnum's copy of the registry. Its own reader takes apart all 33,000 lines, a third
of a second for each run; what is asked is a handful of addresses, which are found in the text.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files

# A line is `FIRST-LAST,ONE,… o="HOLDER"`; lines that begin with a blank divide the block above them.
RANGE = re.compile(r"([0-9A-F]{6})-([0-9A-F]{6})")
ENTRY = re.compile(r' ?([0-9A-F,-]+)(?: o="([^\n]*)")?')


@lru_cache(maxsize=4096)
def maker_of(mac: str) -> str | None:
    """The holder of the innermost block that a MAC address lies in; None where the list has none."""
    digits = mac.replace(":", "").upper()
    text, item = _text(), _item(digits[:6])
    found = re.search(rf"^(?:[^ \n]*,)?{item}(?=[, \n])", text, re.MULTILINE) if item in text else None
    if found is None:
        return None
    holder = _holder(text, found.start())
    for line in _inner_lines(text, found.start()):
        entry = ENTRY.match(line)
        if entry and any(_covers(block, digits[6:]) for block in entry[1].split(",")):
            holder = _clean(entry[2]) or holder
    return holder


def _item(prefix: str) -> str:
    """How the list writes the block of six digits: alone, or as the range around it."""
    return next((f"{first}-{last}" for first, last in _ranges() if first <= prefix <= last), prefix)


def _holder(text: str, start: int) -> str | None:
    entry = ENTRY.match(text, start)
    return _clean(entry[2]) if entry else None


def _inner_lines(text: str, start: int) -> list[str]:
    lines: list[str] = []
    position = text.find("\n", start) + 1
    while text.startswith(" ", position):
        end = text.find("\n", position)
        lines.append(text[position:end])
        position = end + 1
    return lines


def _covers(block: str, rest: str) -> bool:
    first, _, last = block.partition("-")
    return first <= rest[: len(first)] <= (last or first)


def _clean(holder: str | None) -> str | None:
    # The library writes % for a quotation mark.
    return holder.removesuffix('"').replace("%", '"') if holder else None


@cache
def _text() -> str:
    return files("stdnum").joinpath("oui.dat").read_text("utf-8")


@cache
def _ranges() -> list[tuple[str, str]]:
    return RANGE.findall(_text())
