"""The first eight digits of an IMEI, a type allocation code (TAC) → who allocated it, and to which phone.

Which body allocated it is told by its first two digits and ships here. Maker and model need a table of
hundreds of thousands of rows; none comes with phonehome, so a user's own CSV is read: with a heading that
names its columns, such as the export of the Osmocom TAC database (CC BY-SA 3.0), or
without one in the order TAC, maker, model.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

# GSMA TS.06, annex A; those that allocate no more are told from it and its earlier editions.
REPORTING_BODIES = {
    "01": "CTIA, PTCRB (United States)",
    "35": "TÜV SÜD, BABT (United Kingdom)",
    "86": "TAF (China)",
    "99": "GHA, for phones with an MEID too",
}
FORMER_BODIES = {
    "10": "codes of DECT devices",
    "30": "Iridium (United States)",
    "33": "DGPT (France)",
    "44": "BABT (United Kingdom)",
    "45": "NTA (Denmark)",
    "49": "BZT, BAPT (Germany)",
    "50": "BZT ETS (Germany)",
    "51": "Cetecom ICT (Germany)",
    "52": "Cetecom (Germany)",
    "53": "TÜV (Germany)",
    "54": "Phoenix Test Lab (Germany)",
    "91": "MSAI (India)",
    "98": "BABT (United Kingdom)",
}
TEST_CODES = frozenset(("00", "02", "03", "04", "05", "06", "07", "08", "09"))

LENGTH = 8
MAKERS = ("brand", "maker", "manufacturer", "brandname", "brand_name", "make", "vendor", "name")
MODELS = ("model", "device", "modelname", "model_name", "marketingname", "marketing_name", "specs", "name")
HEADING_WITHIN = 5  # lines: a banner may stand above it
LONGEST = 80  # characters of a name
FORMER_DIGITS = 6  # before 2003 a TAC had six digits (3GPP TS 23.003, annex A)


def allocated_by(tac: str) -> str:
    """The reporting body that the first two digits name; empty where they name none."""
    digits = tac[:2]
    if digits in REPORTING_BODIES:
        return REPORTING_BODIES[digits]
    if digits in TEST_CODES:
        return "nobody: a range for tests"
    return f"{FORMER_BODIES[digits]}, which allocates no more" if digits in FORMER_BODIES else ""


class PhoneModel(NamedTuple):
    """What a table says of one TAC."""

    maker: str
    model: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which columns hold what; `body` says whether the line it was told from is data."""

    tac: int
    maker: int
    model: int
    body: bool


def phones_in(path: str | os.PathLike[str], tacs: Collection[str]) -> dict[str, PhoneModel]:
    """What the table says of these TACs, in one pass that keeps nothing else; the first row of each counts.

    OSError, or ValueError with the reason, where it can't be read as such a table.
    """
    wanted, found = set(tacs), dict[str, PhoneModel]()
    for tac, phone in _rows(path):
        if tac in wanted:
            found[tac] = phone
            wanted.discard(tac)
            if not wanted:
                break
    return found


def check_table(path: str | os.PathLike[str]) -> None:
    """Look at the table's beginning; OSError or ValueError as `phones_in`."""
    next(_rows(path), None)


def _rows(path: str | os.PathLike[str]) -> Iterator[tuple[str, PhoneModel]]:
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        layout = None
        try:
            for number, row in enumerate(csv.reader(file), start=1):
                if layout is None:
                    layout = _layout(row)
                    if layout is None and number >= HEADING_WITHIN:
                        break
                    if layout is None or not layout.body:
                        continue
                if entry := _entry(row, layout):
                    yield entry
        except csv.Error as problem:
            raise ValueError(f"{path}: not a CSV file ({problem})") from None
    if layout is None:
        raise ValueError(f"{path}: no column named tac, and no rows of TAC, maker, model")


def _layout(row: Sequence[str]) -> _Layout | None:
    """The columns told by a heading, or by a first row of data; None where it is neither."""
    names = [cell.strip().lower().replace(" ", "_") for cell in row]
    if "tac" in names:
        maker = _column(names, MAKERS, -1)
        model = _column(names, MODELS, maker)
        return _Layout(names.index("tac"), maker, model, body=False) if maker >= 0 else None
    is_data = len(row) >= 3 and _tac(row[0]) != ""
    return _Layout(0, 1, 2, body=True) if is_data else None


def _column(names: Sequence[str], wanted: Sequence[str], taken: int) -> int:
    """The first column with one of the names, another than `taken`; -1 where there is none."""
    at = (i for name in wanted for i, cell in enumerate(names) if cell == name and i != taken)
    return next(at, -1)


def _entry(row: Sequence[str], layout: _Layout) -> tuple[str, PhoneModel] | None:
    if len(row) <= max(layout.tac, layout.maker, layout.model):
        return None
    tac = _tac(row[layout.tac])
    maker = row[layout.maker].strip()[:LONGEST]
    model = row[layout.model].strip()[:LONGEST] if layout.model >= 0 else ""
    return (tac, PhoneModel(maker, model)) if tac and (maker or model) else None


def _tac(cell: str) -> str:
    """Eight digits; a spreadsheet may have dropped zeros at the start."""
    text = cell.strip()
    is_number = text.isascii() and text.isdigit() and FORMER_DIGITS < len(text) <= LENGTH
    return text.zfill(LENGTH) if is_number else ""
