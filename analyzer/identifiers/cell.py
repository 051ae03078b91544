"""Cell identity (3GPP TS 23.003 §4.3.1, §19.6): the base station that the phone hears."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.labels import identity_kinds, kinds_named
from analyzer.identifiers.network_codes import network_of
from analyzer.identifiers.tracker_records import record_cells
from analyzer.model import Field, Finding

# Country, network, area, cell, in the order in which clients write them; area and cell in decimal.
TOGETHER = re.compile(r"(?<!\d)(\d{3})([-,:;_|/])(\d{1,3})\2(\d{1,5})\2(\d{1,10})(?!\d)", re.ASCII)
NUMBER = re.compile(r"\d{1,11}|0[xX][0-9A-Fa-f]{1,9}", re.ASCII)
# Area and cell in one value, under a name that joins theirs.
JOINED_NAME = re.compile(r"(lac|tac)[_\-]?(cid|ci|cell_?id|eci)", re.IGNORECASE)
JOINED = re.compile(r"(\d{1,5})[-,:;_|/](\d{1,10})", re.ASCII)
# Values that stand for "unknown": all bits of 16, 28, 31 and 36 set (Android's UNAVAILABLE is the third).
UNKNOWN = frozenset(("0", "1", "65535", "268435455", "2147483647", "68719476735", "4294967295"))
# Where nothing else names the cell, the name has to say "cell" or "base", since cid and ci mean much else.
PLAIN_NAMES = re.compile(r"cell|base", re.IGNORECASE)
SHORTEST_ALONE = 3


class Cell:
    """Finds country, network, area and cell together, or a cell's number among identifiers of a phone."""

    kind = "cell"
    examples = (
        ("cellinfo", "242,01,10101,20202020"),
        ("cell_tower", "460-11-4321-123456789"),
    )
    counterexamples = (
        ("cid", "123456"),
        ("cellinfo", "999,99,10101,20202020"),
        ("x", "242,01,10101,20202020"),
        ("cell", "2019-03-21-10"),
    )

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """Each cell in a text field."""
        named = kinds_named(field.name)
        if JOINED_NAME.fullmatch(field.name):
            yield from self._joined(field, context)
        if "cells" in named or "cell" in named:
            yield from self._together(field, context)
        if "cell" in named and NUMBER.fullmatch(str(field.value).strip()):
            yield from self._with_neighbours(field, context)
        yield from self._in_records(field, context)

    def _in_records(self, field: Field, context: Context) -> Iterator[Finding]:
        for country, network, area, cell, raw in record_cells(str(field.value), context):
            about = network_of(country + network.zfill(2))
            if cell not in UNKNOWN and about:
                reasons = ("four numbers as trackers write a cell", _network_reason(about))
                value = f"{country}-{network.zfill(2)}-{area}-{cell}"
                details = {**about, "area": area, "cell": cell}
                yield finding(self.kind, value, raw, field, Verdict("medium", reasons), context, details)

    def _together(self, field: Field, context: Context) -> Iterator[Finding]:
        for match in TOGETHER.finditer(str(field.value)):
            country, _, network, area, cell = match.groups()
            if cell not in UNKNOWN and (about := network_of(country + network.zfill(2))):
                reasons = (f"the field is named {field.name}", _network_reason(about))
                value = f"{country}-{network.zfill(2)}-{area}-{cell}"
                details = {**about, "area": area, "cell": cell}
                yield finding(self.kind, value, match[0], field, Verdict("high", reasons), context, details)

    def _joined(self, field: Field, context: Context) -> Iterator[Finding]:
        match = JOINED.fullmatch(str(field.value).strip())
        if not match or match[2] in UNKNOWN or len(match[2]) < SHORTEST_ALONE:
            return
        verdict = Verdict("medium", (f"the field is named {field.name}", "an area and a cell of two numbers"))
        details = {"area": match[1], "cell": match[2]}
        yield finding(self.kind, f"{match[1]}-{match[2]}", match[0], field, verdict, context, details)

    def _with_neighbours(self, field: Field, context: Context) -> Iterator[Finding]:
        raw = str(field.value).strip()
        cell = str(int(raw, 16) if raw[:2].lower() == "0x" else int(raw))
        if cell in UNKNOWN:
            return
        parts = {kind: _beside(kind, field, context) for kind in ("mcc", "mnc", "area")}
        about = network_of(parts["mcc"] + parts["mnc"].zfill(2)) if parts["mcc"] and parts["mnc"] else {}
        if about and parts["area"]:
            named = f"the fields beside {field.name} name country, network and area"
            verdict = Verdict("high", (named, _network_reason(about)))
            value = f"{parts['mcc']}-{parts['mnc'].zfill(2)}-{parts['area']}-{cell}"
            details = {**about, "area": parts["area"], "cell": cell}
            yield finding(self.kind, value, raw, field, verdict, context, details)
        elif beside := self._alone(field, cell):
            named = f"the field is named {field.name}"
            verdict = Verdict("medium", (named, beside, "without an area code it tells no position"))
            yield finding(self.kind, cell, raw, field, verdict, context, {"cell": cell})

    def _alone(self, field: Field, cell: str) -> str:
        beside = identity_kinds(field.beside)
        if not beside or not PLAIN_NAMES.search(field.name) or len(cell) < SHORTEST_ALONE:
            return ""
        return f"stands beside fields named for: {', '.join(sorted(beside))}"


def _beside(kind: str, field: Field, context: Context) -> str:
    """The digits of the neighbour that is named for `kind`; empty where there is none."""
    for other in context.next_to(field):
        text = str(other.value).strip()
        if kind in kinds_named(other.name) and text.isascii() and text.isdigit():
            return text
    return ""


def _network_reason(about: dict[str, str]) -> str:
    country, operator = about.get("country", "no single country"), about.get("operator", "a network")
    return f"{about['mcc']} is the mobile country code of {country} ({operator})"
