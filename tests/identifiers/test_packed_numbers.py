"""An IMEI in a form without its digits under its name, and without a name where senders put a word."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from analyzer.dissectors.advertised_names import name_headers
from analyzer.identifiers import findings_in
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.decode import decode
from analyzer.model import Finding, Message
from tests.codecs.messages import request

IMEI = "490154203237518"


def imeis(message: Message) -> list[Finding]:
    found = findings_in(decode(message).fields, KnownValues.none())
    return [each for each in found if each.kind == "imei" and each.confidence != "low"]


def swapped(digits: str) -> bytes:
    return bytes.fromhex("".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2)))


PACKED: dict[str, str] = {
    "in hexadecimal": f"{int(IMEI):x}",
    "in hexadecimal with its mark": f"0x{int(IMEI):X}",
    "BCD, filler last": base64.b64encode(bytes.fromhex(IMEI + "f")).decode(),
    "BCD, filler first": base64.b64encode(bytes.fromhex("0" + IMEI)).decode(),
    "BCD, parity second": base64.b64encode(bytes.fromhex(IMEI[0] + "a" + IMEI[1:])).decode(),
    "BCD, nibbles swapped": base64.b64encode(swapped(IMEI + "f")).decode(),
    "BCD in hexadecimal": IMEI + "F",
    "BCD in pairs": bytes.fromhex(IMEI + "f").hex(" "),
    "an integer of seven bytes": base64.b64encode(int(IMEI).to_bytes(7, "big")).decode(),
    "with an exponent": "4.90154203237518E+14",
    "with a fraction": f"{IMEI}.0",
    "octal": oct(int(IMEI)),
    "binary": bin(int(IMEI)),
    "base 36": np.base_repr(int(IMEI), 36),
    "digit by digit": " ".join(IMEI),
    "in threes": "490.154.203.237.518",
    "characters without width": "\u200b".join(IMEI),
    "full width": "".join(chr(0xFF10 + int(digit)) for digit in IMEI),
    "another script": "".join(chr(0x0660 + int(digit)) for digit in IMEI),
    "zeros before it": "000" + IMEI,
    "a 64-bit integer": base64.b64encode(int(IMEI).to_bytes(8, "big")).decode(),
    "a 64-bit integer, reversed": base64.b64encode(int(IMEI).to_bytes(8, "little")).decode(),
}


@pytest.mark.parametrize("written", PACKED.values(), ids=PACKED)
def test_a_packed_imei_is_found_under_its_name_alone(written: str) -> None:
    assert [(f.value, f.raw) for f in imeis(request(f'{{"imei": "{written}"}}'.encode()))] == [
        (IMEI, written)
    ]
    assert imeis(request(f'{{"code": "{written}"}}'.encode())) == []


@pytest.mark.parametrize(
    "value", ["1bdcaeb2b4c8f", "0011223344556", "SZAVQgMjdRk=", "AAAAAAAAAAA=", "deadbeefcafe"]
)
def test_what_has_no_check_digit_is_no_packed_imei(value: str) -> None:
    assert imeis(request(f'{{"imei": "{value}"}}'.encode())) == []


@pytest.mark.parametrize(
    "target", [f"/imei_{IMEI}.json", f"/imei-{IMEI}", f"/imei{IMEI}/x", f"/?x=IMEI1-{IMEI}"]
)
def test_the_word_right_before_the_digits_announces_them(target: str) -> None:
    assert [(each.value, each.confidence) for each in imeis(request(target=target))] == [(IMEI, "high")]
    assert imeis(request(target=target.replace("518", "519"))) == []


LABELS = (
    f"d-{IMEI}",
    IMEI.encode().hex(),
    base64.b32encode(IMEI.encode()).decode().lower(),
)


def test_a_number_in_place_of_a_word_is_probably_one() -> None:
    label = request(headers=name_headers("name", f"{IMEI}.t.example.com"), target="")
    assert [f.confidence for f in imeis(label)] == ["medium"]
    for written in LABELS:
        sent = request(headers=name_headers("name", f"{written}.t.example.com"), target="")
        assert {each.value for each in imeis(sent)} == {IMEI}
    assert [f.value for f in imeis(request(target=f"/?{IMEI}=1"))] == [IMEI]
    assert [f.value for f in imeis(request(f'{{"{IMEI}": 1, "model": "x"}}'.encode()))] == [IMEI]
    assert imeis(request(f'{{"{IMEI}": 1, "views": 5}}'.encode())) == []
    assert [f.value for f in imeis(request(headers=[("Host", f"{IMEI}.example.com")]))] == [IMEI]


@pytest.mark.parametrize(
    "number", ["490154203237519", "720154203237515", "000000000000000", "4901542032375182"]
)
def test_another_number_in_that_place_is_not(number: str) -> None:
    assert imeis(request(headers=name_headers("name", f"{number}.t.example.com"), target="")) == []
    assert imeis(request(target=f"/?{number}=1")) == []
    assert imeis(request(target=f"/order/{IMEI}")) == []
