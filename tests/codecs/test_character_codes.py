"""Text that was written in codes for transport: escapes, numbers, uuencode, pieces of one length, ROT13."""

from __future__ import annotations

import base64
import binascii
import codecs
import gzip
import json
import time
from collections.abc import Callable

import pytest

from analyzer.identifiers import findings_in
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.decode import decode, fields_of
from tests.codecs.messages import request

IMEI = "490154203237518"
DEVICE = {"imei": IMEI, "iccid": "8947000000000000005", "model": "Example 7", "mac": "00:1b:44:11:3a:b7"}
JSON = json.dumps(DEVICE).encode()


def each(form: str, mark: str = "") -> bytes:
    """The document with each character in a form of format()."""
    return mark.join(format(byte, form) for byte in JSON).encode()


def uuencoded(data: bytes, *, is_framed: bool) -> bytes:
    lines = b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    return b"begin 644 device.json\n" + lines + b"`\nend\n" if is_framed else lines


def cut(data: bytes, width: int, mark: bytes) -> bytes:
    return mark.join(data[at : at + width] for at in range(0, len(data), width))


WRITTEN: dict[str, bytes] = {
    "hexadecimal escapes": b"".join(b"\\x%02x" % byte for byte in JSON),
    "unicode escapes": b"".join(b"\\u%04x" % byte for byte in JSON),
    "octal escapes": b"".join(b"\\%03o" % byte for byte in JSON),
    "character references": b"".join(b"&#%d;" % byte for byte in JSON),
    "hexadecimal character references": b"".join(b"&#x%x;" % byte for byte in JSON),
    "C array": b", ".join(b"0x%02x" % byte for byte in JSON),
    "pairs with spaces": each("02x", " "),
    "pairs with colons": each("02X", ":"),
    "decimal with commas": each("d", ","),
    "binary": each("08b", " "),
    "an array of numbers": json.dumps({"data": list(JSON)}).encode(),
    "an array of signed bytes": json.dumps(
        {"data": [byte - 256 * (byte > 127) for byte in gzip.compress(JSON)]}
    ).encode(),
    "uuencode": uuencoded(JSON, is_framed=False),
    "uuencode in its frame": uuencoded(JSON, is_framed=True),
    "base64 in pieces": cut(base64.b64encode(JSON), 20, b","),
    "hexadecimal in pieces": cut(JSON.hex().encode(), 16, b"|"),
    "ROT13": codecs.encode(JSON.decode(), "rot13").encode(),
    "a form in ROT13": codecs.encode(f"model=x&imei={IMEI}&v=1", "rot13").encode(),
    "percent-u escapes": b"".join(b"%%u%04X" % byte for byte in JSON),
    "equals-sign escapes": b"".join(b"=%02X" % byte for byte in JSON),
    "code points": b" ".join(b"U+%04X" % byte for byte in JSON),
    "binary without a mark between": each("08b"),
    "octal with blanks": each("03o", " "),
    "hexadecimal in lines": cut(JSON.hex().encode(), 64, b"\n"),
    "base64 in short pieces": cut(base64.b64encode(JSON), 5, b","),
    "base64 with hyphens": cut(base64.b64encode(JSON), 20, b"-"),
    "base64 in quotes": b'"' + base64.b64encode(JSON) + b'"',
    "escaped for HTML": JSON.replace(b'"', b"&quot;"),
    "escaped for a string": JSON.replace(b'"', b'\\"'),
    "reversed": JSON[::-1],
    "XOR with two bytes": bytes(byte ^ b"\x12\xb4"[place % 2] for place, byte in enumerate(JSON)),
    "nibbles swapped": bytes((byte & 15) << 4 | byte >> 4 for byte in JSON),
    "bits reversed": bytes(int(f"{byte:08b}"[::-1], 2) for byte in JSON),
    "EBCDIC": JSON.decode().encode("cp500"),
    "UTF-32": JSON.decode().encode("utf-32-le"),
    "UTF-32, big end first": JSON.decode().encode("utf-32-be"),
    "base32 in lower case": base64.b32encode(JSON).lower().rstrip(b"="),
}


@pytest.mark.parametrize("body", WRITTEN.values(), ids=WRITTEN)
def test_a_document_in_codes_is_read(body: bytes) -> None:
    assert ("imei", IMEI) in {(field.name, field.value) for field in fields_of(request(body))}


def test_values_in_codes_count_as_recoded() -> None:
    assert all(decode(request(WRITTEN[name])).is_recoded for name in ("uuencode", "ROT13", "octal escapes"))


ORDINARY: dict[str, bytes] = {
    "an EUI-64": b"00:1b:44:ff:fe:11:3a:b7",
    "a fingerprint": b"3f:9a:81:00:ff:02:7c:d1:e8:45:90:b3:aa:17:5c:62:0d:f4:99:8b",
    "a date": b"2026-11-29 20-50-25-17 and no more than this",
    "an address": b"192.0.2.10",
    "a list of heart rates": b'{"pulse": [72, 75, 80, 77, 79, 81, 90, 92, 88, 86, 85, 84]}',
    "words": b"registration,successful,everywhere",
    "three hashes": b",".join(bytes(range(at, at + 16)).hex().encode() for at in (160, 190, 220)),
    "a long word": b"donaudampfschifffahrtsgesellschaft",
    "a word in ROT13": b"the vzrvl street: a name=value",
}
STEPS = {
    "hexadecimal codes", "decimal codes", "binary codes", "byte values", "joined", "uuencode", "rot13",
    "base32",
}  # fmt: skip


@pytest.mark.parametrize("body", ORDINARY.values(), ids=ORDINARY)
def test_what_only_looks_like_codes_stays_as_it_is(body: bytes) -> None:
    assert not STEPS & {step for field in fields_of(request(body)) for step in field.evidence.path}


def test_the_digits_of_a_list_are_one_number() -> None:
    body = json.dumps({"imei": list(map(int, IMEI)), "model": "x"}).encode()
    found = findings_in(decode(request(body)).fields, KnownValues.none())
    assert [(f.kind, f.value, f.evidence.path) for f in found if f.kind == "imei"] == [
        ("imei", IMEI, ("body", "json", "imei", "digits"))
    ]


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "escapes": lambda size: b"\\x41" * (size // 4) + b"\\",
    "pairs": lambda size: b"41 " * (size // 3) + b"z",
    "pieces": lambda size: b"AAAAAAAAAA," * (size // 11),
    "uuencode": lambda size: (b"M" + b"A" * 60 + b"\n") * (size // 62) + b"z\n",
    "names in ROT13": lambda size: b"{" + b"vzrv" * (size // 4) + b":",
    "a list": lambda size: b'{"a":[' + b"65," * (size // 3) + b"999]}",
}


@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_takes_time_in_proportion_to_its_size(made: Callable[[int], bytes]) -> None:
    started = time.process_time()
    decode(request(made(1 << 18)))
    assert time.process_time() - started < 2
