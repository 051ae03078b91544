"""E-mail addresses, Android IDs and positions in binary fields without names."""

from __future__ import annotations

import json
import random
import struct

from analyzer.codecs.doubles import double_parts
from analyzer.codecs.part import MessagePart
from analyzer.identifiers import findings_in
from analyzer.identifiers.owner_values import KnownValues
from analyzer.identifiers.without_names import PrefixedAndroidId, UnnamedEmail
from analyzer.inspection.decode import fields_of
from tests.codecs.messages import request

IMEI = "353490069873319"
EMAIL = b"kari.nordmann@example.org"


def values(body: bytes, protocol: str = "http/1.1") -> set[tuple[str, str]]:
    found = findings_in(fields_of(request(body)), KnownValues.none(), protocol)
    return {(f.kind, f.value) for f in found if f.confidence != "low"}


def numbered(*texts: bytes) -> bytes:
    return b"".join(bytes((number << 3 | 2, len(text))) + text for number, text in enumerate(texts, start=1))


def counted(*texts: str) -> bytes:
    return b"".join(struct.pack(">H", len(text)) + text.encode() for text in texts)


def test_an_address_in_a_numbered_field_beside_an_imei_is_found() -> None:
    assert ("email", EMAIL.decode()) in values(numbered(IMEI.encode(), b"Example-1", EMAIL))


def test_one_without_a_phone_or_of_a_firm_is_not() -> None:
    assert values(numbered(b"Example-1", EMAIL)) == set()
    assert not {kind for kind, _ in values(numbered(IMEI.encode(), b"info@example.org"))} & {"email"}


def test_an_address_in_a_protocol_of_its_own_is_found() -> None:
    assert ("email", EMAIL.decode()) in values(
        b"LOGN\x10\x01\0\0\0\x45\0" + EMAIL.ljust(64, b"\0"), "unclassified"
    )


def test_a_position_in_doubles_beside_text_is_found() -> None:
    for order in "><":
        place = struct.pack(order + "dd", 59.91391, 10.75225)
        body = counted("AND9f86d081884c7d65", "Example-1", "1.4.2") + place
        assert values(body) == {("android_id", "9f86d081884c7d65"), ("location", "59.913910,10.752250")}


def test_round_numbers_and_chance_are_no_position() -> None:
    def parts(data: bytes) -> list[object]:
        return list(double_parts(MessagePart("", data, ())))

    assert not parts(struct.pack(">dd", 12.5, 40.25))
    assert not parts(struct.pack(">dd", 59.9139, 210.7522))
    rng = random.Random(5)
    assert sum(bool(parts(rng.randbytes(128))) for _ in range(2_000)) <= 4


def test_each_has_its_examples() -> None:
    for detector in (PrefixedAndroidId, UnnamedEmail):
        for name, value in detector.examples:
            fields = fields_of(request(json.dumps({name: value}).encode()))
            assert detector.kind in {f.kind for f in findings_in(fields, KnownValues.none())}
        for name, value in detector.counterexamples:
            fields = fields_of(request(json.dumps({name: value}).encode()))
            assert detector.kind not in {f.kind for f in findings_in(fields, KnownValues.none())}
