"""IMEIs in half bytes among binary fields."""

from __future__ import annotations

import random

import pytest

from analyzer.codecs.packed_digits import packed_imeis
from analyzer.dissectors.unclassified import is_searched
from analyzer.identifiers import findings_in
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.decode import fields_of
from tests.codecs.messages import request

IMEI = "353490069873319"


def swapped(digits: str) -> bytes:
    return bytes.fromhex("".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2)))


FORMS = {
    "a nought before": bytes.fromhex("0" + IMEI),
    "a nought behind": bytes.fromhex(IMEI + "0"),
    "a filler behind": bytes.fromhex(IMEI + "f"),
    "halves swapped, filler": swapped(IMEI + "f"),
}


@pytest.mark.parametrize("form", FORMS)
def test_it_is_read_wherever_it_stands_in_a_head(form: str) -> None:
    data = b"\xfa\xaf\x00\x14\x00\x01" + FORMS[form] + b"\x00\x14\xfe\xca\x7f\xff\xee"
    assert is_searched(data)
    found = findings_in(fields_of(request(data)), KnownValues.none(), "unclassified")
    assert [(f.kind, f.value, f.confidence) for f in found] == [("imei", IMEI, "medium")]


def test_what_overlaps_it_is_none() -> None:
    data = b"\x25\x25\x01\x00\x15\x00\x01" + FORMS["a nought before"] + bytes.fromhex("010203040506")
    assert [digits for _, digits in packed_imeis(data)] == [IMEI]


def test_other_numbers_and_chance_give_none() -> None:
    assert not list(packed_imeis(bytes.fromhex("0353490069873310")))
    assert not list(packed_imeis(bytes(64)))
    assert not list(packed_imeis(bytes(70) + FORMS["a nought before"]))
    rng = random.Random(3)
    assert sum(len(list(packed_imeis(rng.randbytes(32)))) for _ in range(5_000)) == 0
