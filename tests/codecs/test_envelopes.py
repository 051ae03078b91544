"""Whatever is readable becomes fields: behind a head, behind other text, in binary, in rows and lines."""

from __future__ import annotations

import base64
import bz2
import csv
import gzip
import io
import json
import lzma
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest

from analyzer.inspection.decode import DecodeLimits, decode, fields_of
from tests.codecs.messages import request

IMEI, MAC = "490154203237518", "00:1b:44:11:3a:b7"
DEVICE = {"imei": IMEI, "mac": MAC, "model": "Example 7"}
JSON = json.dumps(DEVICE).encode()
HEAD = b"\x0b\0\1\0\0\0\4V1.0\x0b\0\2\0\0\0\x184fa3b2c1d0e94fa3b2c1d0e9\x0a\0\3" + random.Random(1).randbytes(
    12
)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def counted(*texts: str, size: str = ">H") -> bytes:
    """Each text behind its length, as DataOutputStream, AMF and TLV formats write it."""
    return b"".join(struct.pack(size, len(text)) + text.encode() for text in texts)


def token(payload: bytes) -> bytes:
    parts = (b'{"alg":"HS256"}', payload, bytes(range(32)))
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


def table(mark: str) -> bytes:
    rows = io.StringIO()
    writer = csv.writer(rows, delimiter=mark)
    writer.writerows([list(DEVICE), list(DEVICE.values())])
    return rows.getvalue().encode()


def archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("device.json", JSON)
    return data.getvalue()


def turns() -> list[str]:
    return [text for pair in DEVICE.items() for text in pair]


def part_of_multipart(content: bytes) -> bytes:
    head = b'--f00\r\nContent-Disposition: form-data; name="log"; filename="a.bin"\r\n\r\n'
    return head + content + b"\r\n--f00--\r\n"


BODIES: dict[str, bytes] = {
    "zlib at an offset": HEAD + zlib.compress(JSON),
    "zlib of level 1 at an offset": HEAD + zlib.compress(JSON, 1),
    "zlib and a checksum": b"\1\2\3\4" + zlib.compress(JSON) + b"\xde\xad\xbe\xef",
    "gzip behind length and type": b"\0\0\0\x99\1\2" + gzip.compress(JSON),
    "gzip in zlib at an offset": HEAD + zlib.compress(gzip.compress(JSON)),
    "raw deflate at an offset": HEAD + raw_deflate(JSON),
    "raw deflate and a checksum": HEAD + raw_deflate(JSON) + b"\x12\x34\x56\x78",
    "raw deflate behind its length": struct.pack("<I", len(raw_deflate(JSON))) + raw_deflate(JSON),
    "two streams": b"\1\2" + zlib.compress(b"a first one, of text alone") + b"\3\4" + zlib.compress(JSON),
    "base64 of an envelope": json.dumps(
        {"d": base64.b64encode(HEAD + zlib.compress(JSON)).decode()}
    ).encode(),
    "hexadecimal of an envelope": (HEAD + zlib.compress(JSON)).hex().encode(),
    "an envelope in a part of multipart": part_of_multipart(HEAD + zlib.compress(JSON)),
    "a ZIP archive": archive(),
    "bzip2": bz2.compress(JSON),
    "xz": lzma.compress(JSON),
    "Socket.IO": b'42["register",' + JSON + b"]",
    "Socket.IO of a namespace": b'42/app,17["register",' + JSON + b"]",
    "Engine.IO with a length": b'97:42["register",' + JSON + b"]",
    "SockJS": b"a" + json.dumps([JSON.decode()]).encode(),
    "JSON behind a verb": b"REGISTER " + JSON,
    "JSON behind digits": b"000123" + JSON,
    "JSON behind a length": struct.pack("<I", len(JSON)) + JSON,
    "JSON behind a binary head": random.Random(2).randbytes(20) + JSON,
    "JSON behind a PROXY line": b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + JSON,
    "JSON Lines": JSON + b"\n" + JSON,
    "JSON without anything between": b'{"n":1}' + JSON,
    "JSONP": b"/**/cb_1(" + JSON + b");",
    "JSON behind a guard": b")]}',\n" + JSON,
    "UTF-16 without a mark": JSON.decode().encode("utf-16-le"),
    "UTF-16 of the other order": JSON.decode().encode("utf-16-be"),
    "UTF-16 behind a head": b"\x90\xfe\xf1\x8c\xd1\0" + JSON.decode().encode("utf-16-le"),
    "a token in a form": b"token=" + token(JSON),
    "a token in JSON": json.dumps({"t": token(JSON).decode()}).encode(),
    "a token in a text": b"auth " + token(JSON) + b" end",
    "base64 for URLs, without padding": base64.urlsafe_b64encode(JSON).rstrip(b"="),
    "two texts of base64": base64.b64encode(JSON[:-1] + b"}") + base64.b64encode(b'{"x":12}'),
    "segments": base64.b64encode(b'{"xy":"abcdef"}') + b"." + base64.b64encode(JSON) + b".c2ln",
    "reversed base64": base64.b64encode(JSON.ljust(72))[::-1],
    "counted strings": b"\0\1" + counted(*turns()),
    "strings with one byte of length": b"\1\3" + counted(*turns(), size="B"),
    "strings with four bytes of length": b"\xfe\1" + counted(*turns(), size="<I"),
    "strings that end in NUL": b"\0".join(text.encode() for text in turns()) + b"\0",
    "names before values": b"C"
    + counted("no.example.Device", *DEVICE, size="B")
    + b"`"
    + counted(*DEVICE.values(), size="B"),
    "CSV": table(","),
    "CSV with semicolons": table(";"),
    "tab-separated rows": table("\t"),
    "names and tabs": "\n".join(f"{name}\t{value}" for name, value in DEVICE.items()).encode(),
    "INI": f"[device]\nimei = {IMEI}\n; a comment\n\n[net]\nmac = {MAC}\n".encode(),
    "shell": f"export imei=\"{IMEI}\"\nexport mac='{MAC}'\n".encode(),
    "lines among others": f"-- log --\nstarted\nimei: {IMEI}\nmac: {MAC}\nsn: 1\nv: 2\ndone\n".encode(),
    "semicolons and lines": f"imei={IMEI};\nmac={MAC};\n".encode(),
    "logfmt": f'level=info imei={IMEI} mac={MAC} msg="device is here"'.encode(),
    "commas": f"imei:{IMEI},mac:{MAC}".encode(),
    "toString": f"Device{{imei='{IMEI}', mac='{MAC}'}}".encode(),
    "a map's toString": f"{{imei={IMEI}, mac={MAC}}}".encode(),
    "Python's repr": str(DEVICE).encode(),
    "YAML": f"device:\n  imei: {IMEI}\n  net:\n  - mac: '{MAC}'\n".encode(),
    "forms in lines": f"n=1&imei={IMEI}\nn=2&mac={MAC}".encode(),
    "XML behind a length": f"000123<?xml version='1.0'?><a><imei>{IMEI}</imei><mac>{MAC}</mac></a>".encode(),
    "quoted-printable": f"a=3D1&imei=3D{IMEI}&mac=3D{MAC[:8]}=\r\n{MAC[8:]}".encode(),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_name_and_value_are_found(body: bytes) -> None:
    fields, problems, _ = decode(request(body))
    assert {("imei", IMEI), ("mac", MAC)} <= {(field.name, field.value) for field in fields}
    assert not problems


PAIRS: dict[str, str] = {
    "name and value": f'[{{"name":"imei","value":"{IMEI}"}},{{"name":"mac","value":"{MAC}"}}]',
    "k and v": f'{{"content":[{{"k":"imei","v":"{IMEI}"}},{{"k":"mac","v":"{MAC}"}}]}}',
    "attrKey and attrValue": f'[{{"attrKey":"imei","attrValue":"{IMEI}"}},'
    f'{{"attrKey":"mac","attrValue":"{MAC}"}}]',
    "a third member": f'[{{"id":7,"key":"imei","type":"string","value":"{IMEI}"}},'
    f'{{"id":8,"key":"mac","value":"{MAC}"}}]',
    "OpenTelemetry": f'[{{"key":"imei","value":{{"stringValue":"{IMEI}"}}}},'
    f'{{"key":"mac","value":{{"stringValue":"{MAC}"}}}}]',
    "SenML": f'[{{"n":"imei","vs":"{IMEI}"}},{{"n":"mac","vs":"{MAC}"}}]',
    "typed values": f'{{"imei":{{"type":"Text","value":"{IMEI}"}},"mac":{{"stringValue":"{MAC}"}}}}',
    "in turn": f'["imei","{IMEI}","mac","{MAC}"]',
    "lists of two": f'{{"1":["imei","{IMEI}"],"2":["mac","{MAC}"]}}',
    "XML-RPC": "<methodCall><params><param><value><struct>"
    f"<member><name>imei</name><value><string>{IMEI}</string></value></member>"
    f"<member><name>mac</name><value>{MAC}</value></member></struct></value></param></params></methodCall>",
    "TR-069": f"<L><ParameterValueStruct><Name>imei</Name><Value>{IMEI}</Value></ParameterValueStruct>"
    f"<ParameterValueStruct><Name>mac</Name><Value>{MAC}</Value></ParameterValueStruct></L>",
    "SOAP": f"<s:E xmlns:s='u'><s:B><n:imei xmlns:n='d'>{IMEI}</n:imei>"
    f"<n:mac xmlns:n='d'>{MAC}</n:mac></s:B></s:E>",
    "the element around": f"<Put><imei><Data>{IMEI}</Data></imei><mac><Data>{MAC}</Data></mac></Put>",
    "attributes": f"<a><p attrKey='imei' attrValue='{IMEI}'/><p attrKey='mac' attrValue='{MAC}'/></a>",
    "entries": f"<m><entry><key>imei</key><value>{IMEI}</value></entry>"
    f"<entry><key>mac</key><value>{MAC}</value></entry></m>",
}


@pytest.mark.parametrize("body", PAIRS.values(), ids=PAIRS)
def test_a_name_beside_a_value_names_it(body: str) -> None:
    found = {field.name: field for field in fields_of(request(body.encode()))}
    assert (found["imei"].value, found["mac"].value) == (IMEI, MAC)


@pytest.mark.parametrize("name", ["name and value", "in turn", "XML-RPC", "TR-069", "entries", "attributes"])
def test_pairs_of_one_list_stand_beside_each_other(name: str) -> None:
    found = {field.name: field for field in fields_of(request(PAIRS[name].encode()))}
    assert "mac" in found["imei"].beside
    assert found["imei"].evidence.path[:-1] == found["mac"].evidence.path[:-1]


def test_a_map_of_protocol_buffers_gives_its_keys_as_names() -> None:
    def framed(number: int, inner: bytes) -> bytes:
        return bytes((number << 3 | 2, len(inner))) + inner

    entries = [
        framed(1, framed(1, key.encode()) + framed(2, framed(3, value.encode())))
        for key, value in DEVICE.items()
    ]
    found = {field.name: field.value for field in fields_of(request(b"".join(entries)))}
    assert (found["imei"], found["mac"]) == (IMEI, MAC)


def test_a_point_of_geojson_has_its_longitude_first() -> None:
    body = b'{"type":"Feature","geometry":{"type":"Point","coordinates":[10.7461,59.9127]}}'
    found = {field.name: field.value for field in fields_of(request(body))}
    assert (found["longitude"], found["latitude"]) == ("10.7461", "59.9127")


@pytest.mark.parametrize(
    "body",
    [
        '{"name":"Kari","type":"person"}',
        '{"apps":["com.example.a","com.example.b"]}',
        '{"langs":["no","en"]}',
        '{"code":0,"data":"ok"}',
        '{"temp":{"type":"Number","unit":"C"}}',
        '["one","two","three"]',
        "<p><a>1</a><b>2</b></p>",
    ],
)
def test_members_that_name_nothing_keep_their_names(body: str) -> None:
    for field in fields_of(request(body.encode())):
        assert f'"{field.name}":' in body or f"<{field.name}>" in body or field.name == "body"


HEADS: dict[str, tuple[str, list[tuple[str, str]], tuple[str, str]]] = {
    "path segments": (f"/api/imei/{IMEI}/x", [], ("imei", IMEI)),
    "a base64 segment": ("/v1/" + base64.urlsafe_b64encode(JSON).decode() + "/x", [], ("imei", IMEI)),
    "a query that is base64": ("/log?" + base64.b64encode(JSON.ljust(65)).decode(), [], ("imei", IMEI)),
    "a name in the query": (f"/a?{IMEI}=1&b=2", [], ("key", IMEI)),
    "a label of the host": ("/", [("Host", f"{IMEI}.dev.example.org")], ("Host", IMEI)),
    "a comment of the agent": (
        "/",
        [("User-Agent", f"App/1.0 (Android 9; IMEI:{IMEI}) x/1")],
        ("IMEI", IMEI),
    ),
    "a product of the agent": ("/", [("User-Agent", f"App/1.0 IMEI/{IMEI}")], ("IMEI", IMEI)),
    "Basic": (
        "/",
        [("Authorization", "Basic " + base64.b64encode(f"{IMEI}:x".encode()).decode())],
        ("user", IMEI),
    ),
    "Digest": ("/", [("Authorization", f'Digest username="{IMEI}", realm="a, b"')], ("username", IMEI)),
    "bearer": ("/", [("authorization", "bearer " + token(JSON).decode())], ("imei", IMEI)),
    "a file's name": ("/", [("Content-Disposition", f'attachment; filename="{IMEI}"')], ("filename", IMEI)),
    "an entity tag": ("/", [("ETag", f'W/"{IMEI}"')], ("ETag", IMEI)),
    "a cookie of JSON": ("/", [("Cookie", "d=%7B%22imei%22%3A%22" + IMEI + "%22%7D")], ("imei", IMEI)),
    "a name of a header": ("/", [(f"X-{IMEI}", "1")], ("header name", IMEI)),
}


@pytest.mark.parametrize(("target", "headers", "wanted"), HEADS.values(), ids=HEADS)
def test_the_head_of_a_message_is_read(
    target: str, headers: list[tuple[str, str]], wanted: tuple[str, str]
) -> None:
    assert wanted in {(field.name, field.value) for field in fields_of(request(b"", target, headers))}


def test_an_ordinary_head_stays_in_one_piece() -> None:
    agent = "Mozilla/5.0 (Linux; Android 9; TA-1046 Build/PPR1.180610.011) AppleWebKit/537.36"
    headers = [("Host", "www.example.org"), ("User-Agent", agent), ("ETag", '"abc"')]
    found = [field.value for field in fields_of(request(b"", "/static/v1.2/app.js", headers))]
    assert found == ["/static/v1.2/app.js", "www.example.org", agent, '"abc"']


def test_an_encrypted_token_stays_closed() -> None:
    closed = b".".join(base64.urlsafe_b64encode(bytes(range(i, i + 30))) for i in range(1, 5))
    text = base64.urlsafe_b64encode(b'{"alg":"dir","enc":"A128GCM"}').rstrip(b"=") + b"." + closed
    assert all("claims" not in field.evidence.path for field in fields_of(request(b"t=" + text)))


OTHERS: dict[str, bytes] = {
    "prose": b"Dear all: this is a letter.\nIt has lines, and commas; it names nothing.\nKind regards\n" * 4,
    "a style sheet": b"body { color: red;\n margin: 0 }\n.a { width: 10px; }\n" * 10,
    "random bytes": random.Random(5).randbytes(4000),
    "a picture": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + random.Random(6).randbytes(3000),
    "text of words": b"the-quick.brown-fox.jumps-over.the-lazy-dog",
}


@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS)
def test_other_bodies_give_no_names(body: bytes) -> None:
    assert {field.name for field in fields_of(request(body))} <= {"body", "Dear all"}


def test_a_bomb_in_an_envelope_is_cut() -> None:
    bomb = HEAD + zlib.compress(bytes(40_000_000), 9)
    fields, problems, _ = decode(request(bomb))
    assert sum(len(field.value) for field in fields) <= DecodeLimits().size + len(bomb)
    assert problems


LONG: dict[str, Callable[[int], bytes]] = {
    "marks of zlib": lambda n: b"\x78\x9c\xfe" * n,
    "marks of gzip": lambda n: b"\x1f\x8b\x08\0" * n,
    "braces": lambda n: b'x{"' * n,
    "lists": lambda n: b"x [[" * n,
    "padding": lambda n: b"AAAAAAAAAAAAAA=" * n,
    "dots": lambda n: b"AAAAAAAAAAAAAAAA." * n,
    "tokens": lambda n: b"eyJhbGciOiJ.eyJhbGciOiJ." * n,
    "colons": lambda n: b"a: b\nc " * n,
    "quotes": lambda n: b"a='" * n,
    "tabs": lambda n: b"a\tb\tc\n" * n,
    "short runs": lambda n: b"abc\xff" * n,
    "wide runs": lambda n: b"a\0b\0c\0\xff" * n,
    "soft line ends": lambda n: b"ab=\r\n" * n,
    "elements behind text": lambda n: b"x" + b"<a>" * n,
    "slashes": lambda n: b"(a=/" * n,
}


@pytest.mark.parametrize("make", LONG.values(), ids=LONG)
def test_work_grows_with_the_length_alone(make: Callable[[int], bytes]) -> None:
    def seconds(body: bytes) -> float:
        begun = time.process_time()
        decode(request(body))
        return time.process_time() - begun

    short, long = make(4_000), make(32_000)
    seconds(short)
    # Eight times the length; with the square it would be 64 times.
    assert seconds(long) < 24 * seconds(short) + 0.5
