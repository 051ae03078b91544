"""Addresses in records of type, length and value, in EUI-64; texts whose length prints; starred base64."""

from __future__ import annotations

import base64
import random
import struct

import pytest

from analyzer.codecs.limits import Budget, DecodeLimits
from analyzer.codecs.packed_digits import integer_imeis
from analyzer.codecs.part import MessagePart
from analyzer.codecs.raw_addresses import extended_addresses, recorded_addresses, records_in
from analyzer.codecs.text_runs import decode_text_runs
from analyzer.inspection.decode import fields_of
from tests.codecs.messages import request

MAC = bytes.fromhex("001b44113ab7")
TEXTS = {2: b"Example router", 5: b"6.48.6", 8: b"example-1"}


def records(form: str, head: bytes = b"\1\0") -> bytes:
    pairs = [(1, MAC), *TEXTS.items()]
    return head + b"".join(struct.pack(form, kind, len(value)) + value for kind, value in pairs)


def part(data: bytes) -> MessagePart:
    return MessagePart("body", data, ("body",))


@pytest.mark.parametrize("form", [">BB", ">BH", ">HH", "<BH", "<HH"])
def test_an_address_among_records_is_found(form: str) -> None:
    assert [value for _, value, *_ in recorded_addresses(part(records(form)))] == [MAC.hex(":")]
    assert not recorded_addresses(part(records(form) + b"\0\5\2"))  # not to its end


def test_chance_makes_hardly_any_records() -> None:
    rng = random.Random(7)
    assert not any(records_in(rng.randbytes(200)) for _ in range(300))


def test_an_eui_64_in_bytes_is_an_address() -> None:
    made = extended_addresses(part(b"\2\x12\x34\0" + MAC[:3] + b"\xff\xfe" + MAC[3:] + b"{}"))
    assert [value for _, value, *_ in made] == [MAC.hex(":")]
    assert not extended_addresses(part(b"\2\x12\x34\0" + MAC[:3] + b"\xff\xfd" + MAC[3:]))


def test_a_text_whose_length_is_a_printable_byte_is_cut_at_its_end() -> None:
    words = [b"SimSerial", b"8947013165274010396", b"Phone", b"4740655443", b"x" * 40]
    data = b"\xac\xed\0\5" + b"".join(b"t" + struct.pack(">H", len(word)) + word for word in words)
    read = {str(value) for _, value, *_ in decode_text_runs(part(data), Budget(DecodeLimits()))}
    assert {"4740655443", "8947013165274010396"} <= read


def test_a_short_log_in_may_be_a_number_of_eight_bytes() -> None:
    number = 861785007918323
    assert list(integer_imeis(b"\xff\x23" + struct.pack("<Q", number))) == [(2, str(number))]
    assert not list(integer_imeis(b"\xff\x23" + struct.pack("<Q", number) + bytes(range(40))))


def test_stars_may_pad_base64() -> None:
    starred = base64.b64encode(b"001b44113ab7x").decode().replace("=", "*")
    fields = fields_of(request(f"action=bG9naW4*&macadr={starred}".encode()))
    assert ("macadr", "001b44113ab7x") in {(field.name, field.value) for field in fields}
    assert fields_of(request(b"pattern=abc.def.ghi-jkl**"))[0].value == "abc.def.ghi-jkl**"
