"""Identifiers that binary records hold otherwise than as text behind a name."""

from __future__ import annotations

import random

import pytest

from analyzer.codecs.part import MessagePart
from analyzer.codecs.raw_addresses import counted_addresses, heard
from analyzer.dissectors.unclassified import is_searched
from analyzer.identifiers import findings_in
from analyzer.identifiers.makers import maker_of
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.decode import fields_of
from analyzer.redaction.redaction import redact
from tests.bundle.reporting import report_of, sent
from tests.codecs.messages import request

IMEI, IMSI, ICCID = "356938035643809", "242019388566288", "89470860964773383125"
MAC, OTHER_MAC = "b8:27:eb:11:3a:b7", "18:d6:c7:12:34:9e"
EMAIL = "ola.nordmann@example.org"
RAW, OTHER_RAW = (bytes.fromhex(mac.replace(":", "")) for mac in (MAC, OTHER_MAC))
INTEGER = int(IMEI).to_bytes(8, "big")


def swapped(digits: str) -> bytes:
    return bytes(int(digits[at + 1] + digits[at], 16) for at in range(0, len(digits), 2))


def packed(digits: str) -> bytes:
    return bytes.fromhex("0" * (len(digits) % 2) + digits)


def rotated(data: bytes, by: int) -> bytes:
    return bytes((byte << by | byte >> (8 - by)) & 0xFF for byte in data)


def utf16(*texts: str) -> bytes:
    return b"".join(len(text).to_bytes(2, "big") + text.encode("utf-16-be") for text in texts)


FORM = f"imei={IMEI}&email={EMAIL}&x=1&y=22".encode()
XML = f'<param><imei value="{IMEI}" /><mail value="{EMAIL}" /></param>'.encode()
RECORDS: dict[str, tuple[bytes, list[str]]] = {
    "an integer behind a length": (b"\0\x1e" + INTEGER + bytes(range(1, 23)), [IMEI]),
    "an integer in each frame": (b"\x05" + INTEGER + b"\x91\x12" + b"\x05" + INTEGER + b"\x92\x13", [IMEI]),
    "the lowest byte first": ((b"\x05\x01" + INTEGER[::-1] + b"\x11\x12") * 2, [IMEI]),
    "numbers of fixed width": (b"\x07" + (IMEI + "0" + IMSI).encode() + b"\0\1", [IMEI, IMSI]),
    "a phone number padded": (
        b"\x07" + (IMEI + "0" + IMSI).encode() + b"\0\x08000004740612345C\xf6",
        [IMEI, IMSI, "4740612345"],
    ),
    "numbers padded": (b"\x07" + ("0" + IMEI + "0" + IMSI).encode() + b"\0\1", [IMEI, IMSI]),
    "the subscriber first": (b"\x07" + (IMSI + IMEI).encode() + b"\0\1", [IMEI, IMSI]),
    "a card behind it": (b"\x07" + (IMEI + ICCID).encode() + b"\0\1", [IMEI, ICCID]),
    "half bytes": (
        b"\x78\x78\x21\x94\x0a" + packed(IMEI) + packed(IMSI) + packed(ICCID) + b"\x80\x21",
        [IMEI, IMSI, ICCID],
    ),
    "half bytes with lengths": (
        b"\x24\x24\x01\x08" + swapped(IMEI + "f") + b"\x02\x08" + swapped(IMSI + "f") + b"\x80\x21",
        [IMEI, IMSI],
    ),
    "access points": (
        b"\xfb" + packed(IMEI) + b"\x02" + RAW + b"\xce" + OTHER_RAW + b"\xb9\x40",
        [IMEI, MAC, OTHER_MAC],
    ),
    "strengths first": (
        b"\x01\x0f" + IMEI.encode() + b"\x0e\xce" + RAW + b"\xb9" + OTHER_RAW,
        [IMEI, MAC, OTHER_MAC],
    ),
    "an address behind its length": (b"\x01\x0f" + IMEI.encode() + b"\x03\x06" + RAW + b"\x80", [IMEI, MAC]),
    "a magic packet": (b"\xff" * 6 + RAW * 16, [MAC]),
    "lengths twice (zigzag)": (
        b"\x1e" + IMEI.encode() + b'"' + MAC.encode() + b"\xba\x8c\x01",
        [IMEI, MAC],
    ),
    "padded with blanks": (b"\x10\2" + f"{IMEI:20}{IMSI:20}{EMAIL:40}".encode() + b"\1", [IMEI, IMSI, EMAIL]),
    "two bytes a character": (b"\2\0" + utf16(IMEI, EMAIL), [IMEI, EMAIL]),
    "bits turned": (rotated(FORM, 3), [IMEI, EMAIL]),
    "bits turned behind a key": (b"\x3f" + rotated(XML[1:], 5), [IMEI, EMAIL]),
    "seven added": (bytes(byte + 7 for byte in FORM), [IMEI, EMAIL]),
    "XOR behind a length": (
        b"\0\x3d" + bytes(byte ^ 0x5A for byte in f'{{"imei":"{IMEI}","email":"{EMAIL}"}}'.encode()),
        [IMEI, EMAIL],
    ),
    "a list in CBOR": (
        b"\x83\x01\x6f" + IMEI.encode() + b"\x78\x18" + EMAIL.encode(),
        [IMEI, EMAIL],
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_values_are_found(name: str) -> None:
    data, values = RECORDS[name]
    assert is_searched(data)
    found = findings_in(fields_of(request(data)), KnownValues.none(), "unclassified")
    assert {f.value for f in found if f.confidence != "low"} == set(values)


@pytest.mark.parametrize("name", RECORDS)
def test_no_value_is_left_in_a_redacted_report(name: str) -> None:
    data, values = RECORDS[name]
    message = sent(data)
    left = redact(report_of(message), bytes(32)).messages[0].body.content
    found = {f.value for f in findings_in(fields_of(message), KnownValues.none(), "unclassified")}
    again = fields_of(request(left)) if left else []
    assert found & set(values)
    assert not any(value in str(field.value) for field in again for value in found & set(values))


def test_small_numbers_are_no_integer() -> None:
    for data in (b"\0\1\x40\0\0\0\0\5" * 3, b"\0\1\x41BCDEF" * 3, b"\7" + INTEGER + b"\x91" * 20):
        fields = fields_of(request(data))
        assert not list(findings_in(fields, KnownValues.none(), "unclassified"))


def test_chance_makes_few_addresses() -> None:
    rng = random.Random(5)
    made = 0
    for _ in range(1_000):
        part = MessagePart("body", b"\x0f" + IMEI.encode() + rng.randbytes(100), ("body",))
        made += sum(maker_of(each[1][:17]) is not None for each in heard(part) + counted_addresses(part))
    assert made <= 4
