"""Pairs with semicolons, bars or line ends between them."""

from __future__ import annotations

import pytest

from analyzer.inspection.decode import fields_of
from tests.codecs.messages import request

IMEI, MAC = "490154203237518", "00:1b:44:11:3a:b7"
BODIES = {
    "semicolons": f"imei={IMEI};mac={MAC}",
    "semicolons and blanks": f"imei = {IMEI} ; mac = {MAC};",
    "bars": f"imei:{IMEI}|mac:{MAC}",
    "lines": f"imei: {IMEI}\r\nmac: {MAC}\r\n",
    "lines with an empty one": f"\nimei={IMEI}\n\nmac={MAC}\n",
}


@pytest.mark.parametrize("text", BODIES.values(), ids=BODIES)
def test_each_pair_is_a_field(text: str) -> None:
    found = [(field.name, field.value) for field in fields_of(request(text.encode()))]
    assert found == [("imei", IMEI), ("mac", MAC)]


def test_path_and_neighbours_are_told() -> None:
    first, second = fields_of(request(BODIES["semicolons"].encode()))
    assert first.evidence.path == ("body", "pairs", "imei")
    assert (first.beside, second.beside) == (frozenset({"mac"}), frozenset({"imei"}))


@pytest.mark.parametrize(
    "text",
    [
        "https://www.example.com/a;jsessionid=1",
        "text/html; charset=utf-8",
        "Note: this is prose. It goes on; and on",
        "a=1&b=2;c=3",
        "one: only",
        "10:15:30|10:16:30",
        "Mozilla/5.0 (Linux; Android 9; TA-1046) AppleWebKit/537.36",
    ],
)
def test_other_text_is_not_taken_apart(text: str) -> None:
    assert all("pairs" not in field.evidence.path for field in fields_of(request(text.encode())))
