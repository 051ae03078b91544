"""Binary structures without a schema, written from their specifications: what gives which values."""

from __future__ import annotations

import io
import json
import random
import struct
import tarfile
import time
import zipfile
import zlib

import pytest

from analyzer.codecs.amf import read_amf
from analyzer.codecs.avro import read_avro
from analyzer.codecs.ber import read_ber
from analyzer.codecs.binary_formats import FORMATS, is_document
from analyzer.codecs.bson import read_bson
from analyzer.codecs.framed_documents import frames_in
from analyzer.codecs.hessian import read_hessian
from analyzer.codecs.ipp import read_ipp
from analyzer.codecs.jce import read_jce
from analyzer.codecs.php import read_php
from analyzer.codecs.thrift import read_thrift
from analyzer.codecs.wbxml import read_wbxml
from analyzer.inspection.decode import fields_of
from tests.codecs.messages import request

IMEI = "490154203237518"
MAC = "00:1b:44:11:3a:b7"


def counted(text: str, size: int = 2) -> bytes:
    return len(text).to_bytes(size, "big") + text.encode()


def bson_text(name: str, text: str) -> bytes:
    return b"\2" + name.encode() + b"\0" + struct.pack("<I", len(text) + 1) + text.encode() + b"\0"


def bson(*members: bytes) -> bytes:
    body = b"".join(members) + b"\0"
    return struct.pack("<I", len(body) + 4) + body


BSON = bson(
    bson_text("imei", IMEI),
    b"\4list\0" + bson(b"\x01" + b"0\0" + struct.pack("<d", 59.9)),
    b"\3in\0" + bson(bson_text("mac", MAC), b"\x12n\0" + struct.pack("<q", -5), b"\x08t\0\1"),
)
AMF0_OBJECT = (
    b"\3"
    + counted("imei")
    + b"\2"
    + counted(IMEI)
    + counted("lat")
    + b"\0"
    + struct.pack(">d", 59.9)
    + b"\0\0\x09"
)
AMF0 = (
    b"\0\0\0\0\0\1" + counted("device.register") + counted("/1") + b"\0\0\0\0" + b"\x0a\0\0\0\1" + AMF0_OBJECT
)
AMF3_OBJECT = (
    b"\x0a\x0b\1"
    + b"\x09imei"
    + b"\x06\x1f"
    + IMEI.encode()
    + b"\x07mac"
    + b"\x06\x23"
    + MAC.encode()
    + b"\1"
)
AMF3 = b"\0\3\0\0\0\1" + counted("a.b") + counted("/1") + b"\0\0\0\0" + b"\x11" + AMF3_OBJECT
RTMP = b"\2" + counted("connect") + b"\0" + struct.pack(">d", 1) + AMF0_OBJECT
HESSIAN1 = (
    b"c\1\0m" + counted("register") + b"Mt\0\0" + b"S" + counted("imei") + b"S" + counted(IMEI)
    + b"S" + counted("lat") + b"D" + struct.pack(">d", 59.9) + b"zz"
)  # fmt: skip
HESSIAN2 = b"C\x08no.hytta\x92\x04imei\x03lat\x60\x0f" + IMEI.encode() + b"D" + struct.pack(">d", 59.9)
HESSIAN2_MAP = b"H\x02\x00C\x03reg\x91H\x04imei\x0f" + IMEI.encode() + b"Z"
THRIFT_STRUCT = (
    b"\x0b\0\1" + counted(IMEI, 4) + b"\x0d\0\2\x0b\x0b\0\0\0\1" + counted("mac", 4) + counted(MAC, 4)
    + b"\x04\0\3" + struct.pack(">d", 59.9) + b"\0"
)  # fmt: skip
THRIFT = b"\x80\1\0\1" + counted("reg", 4) + b"\0\0\0\0" + b"\x0c\0\1" + THRIFT_STRUCT + b"\0"
COMPACT_STRUCT = (
    b"\x18\x0f"
    + IMEI.encode()
    + b"\x1b\1\x88\3mac\x11"
    + MAC.encode()
    + b"\x17"
    + struct.pack("<d", 59.9)
    + b"\0"
)
COMPACT = b"\x82\x21\1\3reg" + b"\x1c" + COMPACT_STRUCT + b"\0"
JCE = (
    b"\x06\x08register"
    + b"\x16\x0f"
    + IMEI.encode()
    + b"\x28\0\1\x06\3mac\x16\x11"
    + MAC.encode()
    + b"\x32\0\0\1\0"
)
WBXML_BODY = (
    b"\x6d\x6c\x71\x03" + b"1.2\0" + b"\x01\x67\x57\x83\0\1\1\1"
    + b"\x6b\x54\x67\x57\x03./DevInfo/DevId\0\1\1\x4f\xc3\x14IMEI:" + IMEI.encode() + b"\1\1\1\1"
)  # fmt: skip
WBXML = b"\3\xa4\1\x6a\x05abcd\0" + WBXML_BODY


def ber(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes((tag, len(content))) + content


BER = ber(
    0x30,
    b"\2\1\1",
    ber(0x68, ber(4, b"cn=a"), ber(0x30, ber(0x30, ber(4, b"imei"), ber(0x31, ber(4, IMEI.encode()))))),
)
PHP = f'a:2:{{s:4:"imei";s:15:"{IMEI}";s:1:"n";O:3:"Dev":1:{{s:6:"\0*\0mac";s:17:"{MAC}";}}}}'.encode()
SCHEMA = {
    "type": "record", "name": "r",
    "fields": [{"name": "imei", "type": "string"}, {"name": "lat", "type": ["null", "double"]},
               {"name": "tags", "type": {"type": "map", "values": "string"}}],
}  # fmt: skip


def zigzag(number: int) -> bytes:
    value, made = number << 1 ^ number >> 63, bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes((*made, value))


def avro_text(text: bytes) -> bytes:
    return zigzag(len(text)) + text


def avro(codec: bytes) -> bytes:
    record = (
        avro_text(IMEI.encode())
        + zigzag(1)
        + struct.pack("<d", 59.9)
        + zigzag(1)
        + avro_text(b"mac")
        + avro_text(MAC.encode())
        + b"\0"
    )
    block = record * 2
    if codec == b"deflate":
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        block = packer.compress(block) + packer.flush()
    meta = (
        zigzag(2)
        + avro_text(b"avro.schema")
        + avro_text(json.dumps(SCHEMA).encode())
        + avro_text(b"avro.codec")
        + avro_text(codec)
        + b"\0"
    )
    marker = bytes(range(16))
    return b"Obj\1" + meta + marker + zigzag(2) + zigzag(len(block)) + block + marker


IPP = (
    b"\2\0\0\2\0\0\0\1\1\x47" + counted("attributes-charset") + counted("utf-8")
    + b"\x42" + counted("requesting-user-name") + counted("kari") + b"\x42" + counted("imei") + counted(IMEI)
    + b"\2\x21" + counted("copies") + b"\0\4\0\0\0\2" + b"\3" + b"%PDF-1.4"
)  # fmt: skip


READERS = {
    "ipp": (read_ipp, [IPP]),
    "bson": (read_bson, [BSON]), "amf": (read_amf, [AMF0, AMF3, RTMP]),
    "hessian": (read_hessian, [HESSIAN1, HESSIAN2, HESSIAN2_MAP]),
    "thrift": (
        read_thrift,
        [THRIFT, len(THRIFT).to_bytes(4, "big") + THRIFT, THRIFT_STRUCT, COMPACT, COMPACT_STRUCT],
    ),
    "jce": (read_jce, [JCE, (len(JCE) + 4).to_bytes(4, "big") + JCE]), "wbxml": (read_wbxml, [WBXML]),
    "ber": (read_ber, [BER]), "php": (read_php, [PHP]),
    "avro": (read_avro, [avro(b"null"), avro(b"deflate")]),
}  # fmt: skip
SEEDS = [(name, seed) for name, (_, seeds) in READERS.items() for seed in seeds]


@pytest.mark.parametrize(("name", "data"), SEEDS, ids=lambda each: each if isinstance(each, str) else "")
def test_a_structure_gives_its_values(name: str, data: bytes) -> None:
    found = list(fields_of(request(data)))
    values = [field.value for field in found]
    assert IMEI in values or any(IMEI in str(value) for value in values)
    assert {field.evidence.path[:2] for field in found} == {("body", name)}
    named = {field.name: field.value for field in found}
    if name in ("bson", "amf", "hessian", "php", "avro") or data == BER:
        assert named["imei"] == IMEI
    if name not in ("php", "jce", "wbxml", "ber", "ipp") and data not in (HESSIAN2_MAP, AMF3):
        assert "59.9" in values


def test_data_of_device_management_has_the_name_of_its_place() -> None:
    named = {field.name: field.value for field in fields_of(request(WBXML))}
    assert named["DevId"] == f"IMEI:{IMEI}"
    assert named["LocURI"] == "./DevInfo/DevId"


@pytest.mark.parametrize("name", [form.step for form in FORMATS])
def test_random_bytes_are_of_no_format(name: str) -> None:
    form = next(form for form in FORMATS if form.step == name)
    source = random.Random(name)
    for _ in range(3000):
        data = source.randbytes(source.randrange(12, 300))
        assert data[0] not in form.firsts or form.read(data) is None


def test_a_picture_a_key_and_a_class_are_of_no_format() -> None:
    source = random.Random(1)
    for head in (
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\x7fELF\2\1\1\0",
        b"\0\0\0\x18ftypmp42",
    ):
        assert not is_document(head + source.randbytes(2000))


@pytest.mark.parametrize(("name", "raw"), SEEDS, ids=lambda each: each if isinstance(each, str) else "")
def test_damage_raises_nothing(name: str, raw: bytes) -> None:
    source = random.Random(19)
    read = READERS[name][0]
    for _ in range(300):
        data = bytearray(raw)
        for _ in range(source.randrange(1, 5)):
            at = source.randrange(len(data) + 1)
            kind = source.randrange(4)
            if kind == 0 and data:
                data[min(at, len(data) - 1)] = source.randrange(256)
            elif kind == 1:
                data[at:at] = source.randbytes(source.randrange(1, 9))
            elif kind == 2:
                del data[at : at + source.randrange(1, 9)]
            else:
                data[at : at + 4] = source.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"))
        if data:
            read(bytes(data))


def nested_ber() -> bytes:
    data = ber(4, b"abcdefgh")
    while len(data) < 60_000:
        data = b"\x30\x82" + len(data).to_bytes(2, "big") + data
        data = b"\x04\x82" + len(data).to_bytes(2, "big") + data
    return b"\x30\x82" + len(data).to_bytes(2, "big") + data


def nested_wbxml() -> bytes:
    data = WBXML
    while len(data) < 16_000:
        data = b"\3\1\x6a\0\x45\xc3" + bytes((len(data) >> 7 | 0x80, len(data) & 0x7F)) + data + b"\1"
    return data


NESTED = {
    "bson": b"".join((b"\xff\xff\0\0\3a\0",) * 9000),
    "amf": b"\0\0\0\0\0\1\0\1a\0\1b\0\0\0\0" + b"\x0a\0\0\0\1" * 9000,
    "hessian": b"C" * 60000,
    "hessian list": b"V" + b"\x71\1a" * 9000,
    "thrift": b"\x0c\0\1" * 20000,
    "thrift list": b"\x0f\0\1" + b"\x0f\0\0\0\1" * 9000,
    "compact": b"\x1c" * 60000,
    "jce": b"\x0a" * 60000,
    "wbxml": b"\3\1\x6a\0" + b"\x45" * 60000,
    "ber": b"\x30\x82\xff\xff" * 15000,
    "ber in text": nested_ber(),
    "wbxml in wbxml": nested_wbxml(),
    "php": b'a:1:{s:1:"a";' * 5000,
    "counts": b"\x0f\0\1\x0b\x7f\xff\xff\xff" + bytes(60000),
}


@pytest.mark.parametrize("name", NESTED)
def test_nested_and_huge_counts_end_quickly(name: str) -> None:
    data = NESTED[name]
    begun = time.process_time()
    for read, _ in READERS.values():
        read(data)
    list(fields_of(request(data)))
    assert time.process_time() - begun < 3


# ── archives, frames, statements, maps ──────────────────────────────────────


def test_members_of_archives_are_read() -> None:
    zipped, tarred = io.BytesIO(), io.BytesIO()
    document = json.dumps({"imei": IMEI}).encode()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/device.json", document)
    with tarfile.open(fileobj=tarred, mode="w") as archive:
        info = tarfile.TarInfo("device.json")
        info.size = len(document)
        archive.addfile(info, io.BytesIO(document))
    for data in (zipped.getvalue(), tarred.getvalue()):
        assert [field.value for field in fields_of(request(data)) if field.name == "imei"] == [IMEI]


def test_an_archive_that_expands_without_end_is_bounded() -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(100):
            archive.writestr(f"{number}", bytes(8 << 20))
    begun = time.process_time()
    found = list(fields_of(request(zipped.getvalue())))
    assert sum(len(field.value) for field in found) <= 16 << 20
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "data",
    [
        b"RPT1\0\0\0\0" + len(BSON).to_bytes(4, "big") + BSON,
        b"\x12\x34" + (len(BSON) + 6).to_bytes(4, "big") + BSON,
        b"REPORT " + b"\x81\xa4imei\xaf" + IMEI.encode(),
        b"\1\0" + (len(IMEI) + 11).to_bytes(2, "little") + b'{"imei":"' + IMEI.encode() + b'"}',
        BSON + BSON,
        (len(BSON).to_bytes(4, "big") + BSON) * 3,
    ],
    ids=["length", "whole length", "verb", "JSON", "in a row", "chain"],
)
def test_a_document_behind_a_header_is_read(data: bytes) -> None:
    assert IMEI in [field.value for field in fields_of(request(data)) if field.name == "imei"]


def test_random_bytes_hold_no_frames() -> None:
    source = random.Random(23)
    for _ in range(2000):
        assert frames_in(source.randbytes(source.randrange(12, 200)), is_document) == []


@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT INTO devices (id, `imei`, n) VALUES (1, '{IMEI}', NULL), (2, '{IMEI}', 3)",
        f"update d set imei='{IMEI}' where id = 5",
        f"SELECT * FROM d WHERE d.imei = '{IMEI}' AND n LIKE 'a%'",
    ],
)
def test_values_of_statements_have_the_names_of_their_columns(statement: str) -> None:
    found = [field for field in fields_of(request(statement.encode())) if field.name == "imei"]
    assert found
    assert {field.value for field in found} == {IMEI}


def test_prose_that_begins_like_a_statement_is_left_alone() -> None:
    text = "Select the colour that you like, and delete the others."
    assert [field.value for field in fields_of(request(text.encode()))] == [text]


def length(number: int, data: bytes) -> bytes:
    return bytes((number << 3 | 2, len(data))) + data


def test_entries_of_a_struct_have_their_keys() -> None:
    def entry(key: str, value: bytes) -> bytes:
        return length(1, length(1, key.encode()) + length(2, value))

    data = entry("imei", length(3, IMEI.encode())) + entry("lat", b"\x11" + struct.pack("<d", 59.9))
    named = {field.name: field.value for field in fields_of(request(data))}
    assert named == {"imei": IMEI, "lat": "59.9"}
