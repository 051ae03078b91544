"""Each format of the ladder is opened when others' encoders wrote it, and nothing else is taken for it."""

from __future__ import annotations

import base64
import codecs
import json
import plistlib
import random
import sys
import zlib
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from urllib.parse import urlencode
from uuid import UUID
from xml.etree import ElementTree as Tree

import brotli
import cbor2
import lz4.frame
import msgpack
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from analyzer.inspection.decode import DecodeLimits, decode, fields_of
from analyzer.model import Field
from tests.codecs.messages import request

DOCUMENT = {"imei": "490154203237518", "model": "Example-1", "city": "Tromsø"}
JSON = json.dumps(DOCUMENT, ensure_ascii=False).encode()
ASCII_JSON = json.dumps(DOCUMENT).encode()


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def xml() -> bytes:
    root = Tree.Element("device")
    for key, value in DOCUMENT.items():
        Tree.SubElement(root, key).text = value
    return Tree.tostring(root, "utf-8", xml_declaration=True)


def preferences() -> bytes:
    root = Tree.Element("map")
    for key, value in DOCUMENT.items():
        Tree.SubElement(root, "string", {"name": key}).text = value
    return Tree.tostring(root)


def parameters() -> bytes:
    root = Tree.Element("params")
    for key, value in DOCUMENT.items():
        Tree.SubElement(root, "param", {"name": key, "value": value})
    return Tree.tostring(root)


def bencoded() -> bytes:
    items = sorted(DOCUMENT.items())
    written = (f"{len(text.encode())}:{text}" for pair in items for text in pair)
    return f"d{''.join(written)}e".encode()


def token() -> bytes:
    parts = (json.dumps({"alg": "HS256", "typ": "JWT"}).encode(), JSON, bytes(range(32)))
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


def multipart() -> bytes:
    form = MIMEMultipart("form-data", boundary="----f00")
    for key, value in DOCUMENT.items():
        part = MIMEText(value, "plain", "utf-8")
        part.replace_header("Content-Transfer-Encoding", "8bit")
        part.set_payload(value.encode())
        part.add_header("Content-Disposition", "form-data", name=key)
        form.attach(part)
    lines = ["------f00"]
    for part in form.get_payload():
        lines += [*(f"{k}: {v}" for k, v in part.items()), "", part.get_payload(), "------f00"]
    return ("\r\n".join(lines) + "--\r\n").encode("utf-8", "surrogateescape")


ROT47 = {i: 33 + (i - 33 + 47) % 94 for i in range(33, 127)}

WRAPPINGS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "zstd": (zstandard.compress(JSON), ("zstd", "json")),
    "LZ4 frame": (lz4.frame.compress(JSON), ("lz4", "json")),
    "raw deflate": (raw_deflate(JSON), ("deflate", "json")),
    "Brotli": (brotli.compress(JSON), ("brotli", "json")),
    "base64 of raw deflate": (base64.b64encode(raw_deflate(JSON)), ("base64", "deflate", "json")),
    "base32": (base64.b32encode(JSON), ("base32", "json")),
    "base32 without padding": (base64.b32encode(JSON).rstrip(b"="), ("base32", "json")),
    "base32hex": (base64.b32hexencode(JSON), ("base32hex", "json")),
    "hexadecimal": (JSON.hex().encode(), ("hexadecimal", "json")),
    "hexadecimal in capitals": (JSON.hex().upper().encode(), ("hexadecimal", "json")),
    "hexadecimal of zlib": (zlib.compress(JSON).hex().encode(), ("hexadecimal", "zlib", "json")),
    "Ascii85 in its frame": (base64.a85encode(ASCII_JSON, adobe=True), ("ascii85", "json")),
    "Ascii85": (base64.a85encode(ASCII_JSON), ("ascii85", "json")),
    "base85": (base64.b85encode(ASCII_JSON), ("base85", "json")),
    "XML": (xml(), ("xml", "device")),
    "preferences in XML": (preferences(), ("xml", "map")),
    "parameters in XML": (parameters(), ("xml", "params")),
    "property list in XML": (plistlib.dumps(DOCUMENT), ("xml", "plist", "dict")),
    "binary property list": (plistlib.dumps(DOCUMENT, fmt=plistlib.FMT_BINARY), ("plist",)),
    "MessagePack": (msgpack.packb(DOCUMENT), ("messagepack",)),
    "base64 of MessagePack": (base64.b64encode(msgpack.packb(DOCUMENT)), ("base64", "messagepack")),
    "CBOR": (cbor2.dumps(DOCUMENT), ("cbor",)),
    "CBOR that names itself": (cbor2.dumps(cbor2.CBORTag(55799, DOCUMENT)), ("cbor",)),
    "bencoding": (bencoded(), ("bencode",)),
    "JSON Web Token": (token(), ("jwt", "claims", "json")),
    "multipart": (multipart(), ("multipart",)),
    "XOR with one byte": (bytes(o ^ 0x5A for o in JSON), ("xor 0x5a", "json")),
    "XOR with a high byte": (bytes(o ^ 0xA7 for o in JSON), ("xor 0xa7", "json")),
    "base64 of XOR": (base64.b64encode(bytes(o ^ 0xA7 for o in JSON)), ("base64", "xor 0xa7", "json")),
    "an byte added to each": (bytes((o + 3) % 256 for o in JSON), ("minus 3", "json")),
    "ROT47": (ASCII_JSON.decode().translate(ROT47).encode(), ("rot47", "json")),
    "ROT13 of base64": (
        codecs.encode(base64.b64encode(ASCII_JSON).decode(), "rot13").encode(),
        ("rot13", "base64", "json"),
    ),
    "wrapped in data=": (
        urlencode({"data": base64.b32encode(JSON)}).encode(),
        ("form", "data", "base32", "json"),
    ),
}


@pytest.mark.parametrize(("body", "path"), WRAPPINGS.values(), ids=WRAPPINGS)
def test_a_document_is_read_through_each_format(body: bytes, path: tuple[str, ...]) -> None:
    found = {field.name: field for field in fields_of(request(body)) if field.name in DOCUMENT}
    assert {name: field.value for name, field in found.items()} == DOCUMENT
    steps = {tuple(step for step in f.evidence.path[1:-1] if step[:1] != "@") for f in found.values()}
    assert {step[: len(path)] for step in steps} == {path}
    beside = [set(DOCUMENT) - {name} <= field.beside for name, field in found.items()]
    assert all(beside) or path[-1] == "params"


@pytest.mark.parametrize("name", ["XML", "multipart", "bencoding", "zstd", "CBOR"])
def test_a_document_below_a_form_is_read_too(name: str) -> None:
    body = urlencode({"v": "2", "payload": WRAPPINGS[name][0]}).encode()
    found = {field.name: field.value for field in fields_of(request(body))}
    assert DOCUMENT.items() <= found.items()


# Written with the wire format's rules by hand: field 1 text, 2 a message with text and a number, 3 a double.
PROTOBUF = b"\x0a\x0f490154203237518" + b"\x12\x0d\x0a\x09Example-1\x10\x07" + b"\x19\x14\xaeG\xe1z\xf4M@"


def test_a_protocol_buffers_message_without_schema_gives_its_numbered_fields() -> None:
    found = {field.evidence.path: field.value for field in fields_of(request(PROTOBUF))}
    assert found[("body", "protobuf", "1")] == "490154203237518"
    assert found[("body", "protobuf", "2", "1")] == "Example-1"
    assert found[("body", "protobuf", "2", "2")] == "7"
    assert found[("body", "protobuf", "3")] == "59.91"


@pytest.mark.parametrize("key", range(1, 256))
def test_every_byte_as_a_key_is_found(key: int) -> None:
    body = bytes(byte ^ key for byte in ASCII_JSON)
    assert ("model", "Example-1") in [(field.name, field.value) for field in fields_of(request(body))]


STEPS = {
    "xml", "multipart", "base32", "base32hex", "hexadecimal", "ascii85", "base85", "deflate", "brotli",
    "zstd", "lz4", "protobuf", "messagepack", "cbor", "bencode", "plist", "jwt", "rot13", "rot47",
}  # fmt: skip


def guesses(fields: list[Field]) -> set[str]:
    return {s for f in fields for s in f.evidence.path[1:] if s in STEPS or s.startswith(("xor ", "minus "))}


ORDINARY = [
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "89470010000012345674",
    "1550678460000155067846000015506784",
    "20190321101530201903211015302019",
    "123e4567-e89b-12d3-a456-426614174000",
    "JBSWY3DPEHPK3PXP",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "d8:00 to d9:00, then e",
    "The quick brown fox jumps over the lazy dog",
    "<3 <3 <3 and 1 < 2",
    "-- a remark",
    "eyJ.eyJ.x",
    "Aa" * 20,
    "LQ" * 20,
    "grand piano concerto",
    "HQ_something_or_other_here",
    "com.example.application/1.2.3 (Linux; U; Android 8.0.0)",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "DEADBEEFDEADBEEFDEADBEEFDEADBEEF",
    "0123456789ABCDEF0123456789ABCDEF",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_not_taken_for_an_encoding(text: str) -> None:
    found = fields_of(request(urlencode({"a": text, "b": "2"}).encode()))
    assert guesses(found) == set()
    assert found[0].value == text


@given(st.binary(min_size=1, max_size=400))
def test_random_bytes_are_not_taken_for_a_format(data: bytes) -> None:
    found = guesses(fields_of(request(data)))
    assert found <= {"bencode", "protobuf", "xml"}  # which hypothesis may write, and chance does not


def test_twenty_thousand_random_bodies_hold_no_document() -> None:
    rng = random.Random(5)
    for size in [12, 16, 20, 32, 64] * 4000:
        data = rng.randbytes(size)
        assert guesses(fields_of(request(data))) == set()


def test_random_values_in_every_alphabet_are_left_alone() -> None:
    rng = random.Random(6)
    for size in [9, 12, 16, 20, 32] * 1000:
        data = rng.randbytes(size)
        encoders = (base64.b64encode, bytes.hex, base64.b32encode, base64.b85encode)
        texts = [text if isinstance(text, str) else text.decode() for text in (e(data) for e in encoders)]
        body = json.dumps({str(i): text for i, text in enumerate(texts)}).encode()
        assert guesses(fields_of(request(body))) == set()


def test_pictures_are_no_documents() -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(17) + zlib.compress(bytes(4000))
    jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + random.Random(7).randbytes(4000)
    for picture in (png, jpeg):
        (field,) = fields_of(request(picture))
        assert field.value == picture


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {chr(98 + i)}{i} "&{chr(97 + i)}{"" if i < 1 else i - 1};&b;">' for i in range(9))
    + "]><l>&b8;</l>"
).encode()
LOADS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><x><a>&f;</a><b>1</b></x>'
)


@pytest.mark.parametrize("body", [LAUGHS, LOADS], ids=["expansion", "external"])
def test_entities_of_xml_are_neither_expanded_nor_loaded(body: bytes) -> None:
    (field,) = fields_of(request(body))
    assert (field.name, field.value) == ("body", body.decode())


def test_html_is_not_taken_apart() -> None:
    (field,) = fields_of(request(b"<html><body><p>a</p><p>b</p></body></html>"))
    assert field.name == "body"


def test_xml_that_breaks_off_gives_what_came_before() -> None:
    found = {field.name: field.value for field in fields_of(request(xml()[:-25]))}
    assert found["imei"] == DOCUMENT["imei"]
    assert found["model"] == DOCUMENT["model"]


def test_multipart_that_breaks_off_gives_what_came_before() -> None:
    found = {field.name: field.value for field in fields_of(request(multipart()[:-40]))}
    assert found["imei"] == DOCUMENT["imei"]


HOSTILE = {
    "MessagePack of nested arrays": b"\x91" * 100_000,
    "MessagePack that claims much": b"\xdd\xff\xff\xff\xff" + b"\x01" * 50,
    "CBOR of nested arrays": b"\x81" * 100_000,
    "CBOR that claims much": b"\x9b\x00\x00\x00\xff\xff\xff\xff\xff" + b"\x01" * 50,
    "CBOR that shares itself": bytes.fromhex("d81c81d81d00") * 3,
    "bencoding of nested lists": b"d1:a" + b"l" * 100_000,
    "protobuf of nested messages": b"\x0a\x7f" * 50_000,
    "XML of nested elements": b"<a>" * 50_000,
    "XML of many elements": b"<r>" + b"<a>1</a>" * 50_000 + b"</r>",
    "XML of attributes": b"<a " + b"b='1' " * 50_000 + b"/>",
    "multipart of many parts": b"--x\r\nA: b\r\n\r\n" * 20_000,
    "a bomb of zstd": zstandard.compress(bytes(50_000_000)),
    "a bomb of Brotli": brotli.compress(b"a" * 20_000_000),
    "a bomb of LZ4": lz4.frame.compress(bytes(50_000_000)),
    "a bomb of raw deflate": raw_deflate(b"a" * 20_000_000),
    "hexadecimal of hexadecimal": b"3" * 100_001,
    "angle brackets": b"<" * 200_000,
    "spaces in XML": b"<a" + b" " * 200_000 + b"<",
    "dots of a token": b"eyJ" + b"A" * 200_000 + b".eyJ",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bodies_are_left_without_harm(body: bytes) -> None:
    # Work that grew with the square of the length would not end here in any patience.
    fields, *_ = decode(request(body))
    assert 0 < len(fields) <= DecodeLimits().fields + DecodeLimits().windows
    assert sum(len(value) for value in fields.values) <= DecodeLimits().size + len(body)


@pytest.mark.parametrize("name", ["zstd", "a bomb of LZ4", "a bomb of raw deflate", "a bomb of Brotli"])
def test_a_bomb_in_each_compression_is_said(name: str) -> None:
    bomb = HOSTILE.get(name, zstandard.compress(bytes(50_000_000)))
    assert {p.code for p in decode(request(bomb)).problems} & {"decode-ratio", "decode-octets"}


SCALARS = st.text(max_size=8) | st.integers() | st.binary(max_size=8) | st.none()
DOCUMENTS = st.recursive(SCALARS, lambda i: st.dictionaries(st.text(max_size=4), i, max_size=4), max_leaves=8)


@given(DOCUMENTS)
def test_whatever_two_binary_formats_can_hold_is_read_without_harm(document: object) -> None:
    for body in (cbor2.dumps(document), *([msgpack.packb(document)] if _fits(document) else [])):
        found = fields_of(request(body))
        assert all(isinstance(field.value, str | bytes) for field in found)


def _fits(document: object) -> bool:
    if isinstance(document, dict):
        return all(map(_fits, document.values()))
    return not isinstance(document, int) or -(1 << 63) <= document < 1 << 64


def test_numbers_and_uuids_of_cbor_are_told_as_text() -> None:
    document = {"device_uuid": UUID(int=7), "count": 12, "share": 0.5, "big": 1 << 70, "none": None}
    found = {field.name: field.value for field in fields_of(request(cbor2.dumps(document)))}
    assert (found["count"], found["share"], found["none"]) == ("12", "0.5", "null")


def test_a_format_is_imported_only_when_it_is_met() -> None:
    import subprocess

    wanted = "{'msgpack', 'cbor2', 'lz4', 'multipart'} & set(sys.modules)"
    code = f"import sys, analyzer.inspection.decode; print(sorted({wanted}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
