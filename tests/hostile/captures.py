"""Captures that are made to attack whoever reads them, or what shows the report."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from tests import builders
from tests.builders import conversation, http_request, http_response, udp
from tests.capture.blocks import enhanced, interface, section

# Whatever runs one of these sets `window.attacked`, fetches from attack.example, or moves the cursor.
HTML = "<script>window.attacked=1;alert(1)</script>"
ATTRIBUTE = "\"'><img src=http://attack.example/a onerror=window.attacked=2>"
SVG = "<svg xmlns='http://www.w3.org/2000/svg' onload='window.attacked=3'><use href='http://attack.example/#a'/></svg>"
CSS = "</style><style>*{background:url(http://attack.example/b)}</style>"
TEMPLATE = "{{ 7*191 }}${7*191}<%= 7*191 %>{% include '/etc/passwd' %}"
LINK = "javascript:window.attacked=4"
ANSI = "\x1b]0;attacked\x07\x1b[2J\x1b[31m\x9b31m"
BIDI = "\u202e\u2066gpj.exe\u2069"
FORMULAS = ('=HYPERLINK("http://attack.example","a")', "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1+1")
PATHS = ("../../../../etc/cron.d/attack", "/etc/passwd", "..\\..\\attack.bat", "CON", "a\0b", "." * 300)
TEXTS = (HTML, ATTRIBUTE, SVG, CSS, TEMPLATE, LINK, ANSI, BIDI, *FORMULAS, *PATHS)
IMEI = "490154203237518"


def attacks() -> bytes:
    """A pcapng file with each of the texts wherever a report shows text of a capture."""
    frames = [frame for number, text in enumerate(TEXTS) for frame in _said(number, text)]
    told = [(1, f"{HTML}{ANSI}{SVG}".encode())]
    named = [(2, HTML.encode()), (3, ATTRIBUTE.encode()), (12, ANSI.encode())]
    blocks = [
        enhanced(frame, number * 1000, told=told if number < 3 else ()) for number, frame in enumerate(frames)
    ]
    return (
        section("<", (1, HTML.encode()), (4, ATTRIBUTE.encode())) + interface(1, 0, *named) + b"".join(blocks)
    )


def _said(number: int, text: str) -> Iterator[bytes]:
    """One text as name, host, target, header, value and body."""
    octets = text.encode("utf-8", "replace")
    plain = octets.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"%00")
    body = json.dumps({text: text, "imei": IMEI, "url": text, "name": [text], "iccid": text + IMEI}).encode()
    ports = (41000 + number, 80)
    head = b"POST /" + plain.replace(b" ", b"%20") + b" HTTP/1.1\r\nHost: " + plain
    head += b"\r\nUser-Agent: " + plain + b"\r\nX-" + b"a" * 5 + b": " + plain
    head += b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = http_response(200, octets, Content_Type="text/html")
    yield from conversation((True, head + body), (False, answer), ports=ports)
    ping = http_request("POST", "/", "zzhc.vnet.cn", body, Content_Type="application/encrypted-json")
    yield from conversation((True, ping), (False, answer), ports=(43000 + number, 80))
    form = b'--b\r\nContent-Disposition: form-data; name="f"; filename="' + plain + b'"\r\n\r\n' + octets
    upload = http_request(
        "POST", "/u", "a.example", form + b"\r\n--b--\r\n", Content_Type="multipart/form-data; boundary=b"
    )
    yield from conversation((True, upload), (False, answer), ports=(45000 + number, 80))
    yield _dns(plain[:60] or b"a")


def _dns(label: bytes) -> bytes:
    """An answer for a name with this label; labels may hold any octets (RFC 2181 §11)."""
    name = bytes([len(label)]) + label + b"\x07example\0"
    answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04" + bytes([198, 51, 100, 20])
    message = b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0" + name + b"\0\x01\0\x01" + answer
    return udp(message, up=False)


def json_bomb(depth: int = 200_000) -> bytes:
    """A body nested as deep as that."""
    body = b'{"imei":"490154203237518","a":' + b"[" * depth + b"]" * depth + b"}"
    return one(http_request("POST", "/", "a.example", body, Content_Type="application/json"))


def decompression_bombs(size: int = 1 << 28) -> bytes:
    """Bodies that unpack to a quarter of a gibibyte: gzip, deflate, gzip in gzip, and many members."""
    packed = zeros(size, 31)
    bodies = [
        (packed, "gzip"),
        (zeros(size, 15), "deflate"),
        (gzip.compress(packed), "gzip, gzip"),
        (gzip.compress(bytes(1 << 16)) * 2000, "gzip"),
    ]
    frames = [
        frame
        for number, (body, coding) in enumerate(bodies)
        for frame in conversation(
            (True, http_request("POST", "/", "a.example", body, Content_Encoding=coding)),
            (False, http_response(200, b"ok")),
            ports=(41000 + number, 80),
        )
    ]
    return builders.pcap(frames)


def identifiers(count: int) -> bytes:
    """So many exchanges, each with an identifier of its own."""
    frames = []
    for number in range(count):
        body = b"imei=" + _imei(number).encode()
        request = http_request("POST", f"/{number}", "a.example", body)
        frames += conversation(
            (True, request), (False, http_response(200, b"ok")), ports=(1024 + number % 60000, 80),
            first=(number * 7919, number), close=False,
        )  # fmt: skip
    return builders.pcap(frames)


def one(request: bytes) -> bytes:
    return builders.pcap(conversation((True, request), (False, http_response(200, b"ok"))))


def flows(path: Path, count: int) -> None:
    """So many connections, each to an address of its own."""
    import numpy as np

    from tests.bench.make_flood import HEADER, records

    with path.open("wb") as file:
        file.write(HEADER)
        for start in range(0, count, 100_000):
            file.write(records(np.arange(start, min(start + 100_000, count)), "targets"))


def names(count: int) -> bytes:
    """So many different names, each with its address."""
    frames = [_dns(b"host-%d" % number) for number in range(count)]
    return builders.pcap(frames)


def zeros(size: int, wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    pieces = [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join([*pieces, packer.flush()])


def _imei(number: int) -> str:
    digits = f"49015420{number % 1_000_000:06d}"
    total = sum(
        int(d) if at % 2 == 0 else sum(map(int, str(2 * int(d)))) for at, d in enumerate(digits)
    )  # ETSI TS 123 003, annex B
    return f"{digits}{-total % 10}"
