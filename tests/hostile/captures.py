"""Captures that are made to attack whoever reads them, or what shows the report."""

from __future__ import annotations

import gzip
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import dpkt

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
# Nothing to be seen, letters of other alphabets, lines that look like others' (RFC 3164), an endless word.
HIDDEN = "zz\u200bhc\u00ad.vnet\ufeff.cn\U000e0041"
LOOKALIKE = "zzhс.vnеt.cn"  # two of its letters are Cyrillic
LINES = "x\r\n<34>Oct 11 22:14:15 phonehome: ping: all is well\u2028\u0085forged"
SHELL = "$(touch attacked);`touch attacked`|touch attacked&\n--exec=touch attacked"
LONG = "A" * 5000
FORMULAS = ('=HYPERLINK("http://attack.example","a")', "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1+1")
PATHS = ("../../../../etc/cron.d/attack", "/etc/passwd", "..\\..\\attack.bat", "CON", "a\0b", "." * 300)
TEXTS = (
    *(HTML, ATTRIBUTE, SVG, CSS, TEMPLATE, LINK, ANSI, BIDI, HIDDEN, LOOKALIKE, LINES, SHELL, LONG),
    *(*FORMULAS, *PATHS),
)
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
    data = text.encode("utf-8", "replace")
    plain = data.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"%00")
    body = json.dumps({text: text, "imei": IMEI, "url": text, "name": [text], "iccid": text + IMEI}).encode()
    ports = (41000 + number, 80)
    head = b"POST /" + plain.replace(b" ", b"%20") + b" HTTP/1.1\r\nHost: " + plain
    head += b"\r\nUser-Agent: " + plain + b"\r\nX-" + b"a" * 5 + b": " + plain
    head += b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = http_response(200, data, Content_Type="text/html")
    yield from conversation((True, head + body), (False, answer), ports=ports)
    ping = http_request("POST", "/", "zzhc.vnet.cn", body, Content_Type="application/encrypted-json")
    yield from conversation((True, ping), (False, answer), ports=(43000 + number, 80))
    form = b'--b\r\nContent-Disposition: form-data; name="f"; filename="' + plain + b'"\r\n\r\n' + data
    upload = http_request(
        "POST", "/u", "a.example", form + b"\r\n--b--\r\n", Content_Type="multipart/form-data; boundary=b"
    )
    yield from conversation((True, upload), (False, answer), ports=(45000 + number, 80))
    yield _dns(plain[:60] or b"a")
    yield from _told(data, plain[:200], 47000 + number)


def _told(data: bytes, plain: bytes, port: int) -> Iterator[bytes]:
    """One text as what is told besides: a DHCP client, a service, a device, a log line, a name asked for."""
    option = data[:60]
    vendor = bytes((60, len(option))) + option + bytes((55, 3, 1, 3, 6))
    asked = b"\x35\x01\x03" + bytes((12, len(option))) + option + vendor + b"\xff"
    head = bytes((1, 1, 6, 0)) + bytes(24) + builders.PHONE_MAC + bytes(10 + 192) + b"\x63\x82\x53\x63"
    yield _at_home(head + asked, (68, 67), "255.255.255.255")
    label = bytes((len(plain[:60]),)) + plain[:60]
    service = b"\x05_test\x04_tcp\x05local\0"
    pointer = (
        service + b"\0\x0c\0\1\0\0\0\x78" + struct.pack(">H", len(label) + len(service)) + label + service
    )
    pairs = bytes((len(plain[:60]) + 2,)) + b"a=" + plain[:60]
    words = label + service + b"\0\x10\0\1\0\0\0\x78" + struct.pack(">H", len(pairs)) + pairs
    answer = struct.pack(">6H", 0, 0x8400, 0, 2, 0, 0) + pointer + words
    yield _at_home(answer, (5353, 5353), "224.0.0.251")
    notify = b"NOTIFY * HTTP/1.1\r\nNT: " + plain + b"\r\nSERVER: " + plain + b"\r\nNTS: ssdp:alive\r\n\r\n"
    yield _at_home(notify, (1900, 1900), "239.255.255.250")
    yield udp(b"<34>Oct 11 22:14:15 host app: imei=" + IMEI.encode() + b" " + plain, ports=(port, 514))
    hello = client_hello("x" * len(plain), random.Random(1).randbytes).replace(b"x" * len(plain), plain)
    yield from conversation((True, hello), ports=(port, 443))
    greeting = b"220 " + plain + b"\r\n"
    log_in = b"USER " + plain + b"\r\nPASS " + plain + b"\r\n"
    yield from conversation((False, greeting), (True, log_in), (False, b"230 ok\r\n"), ports=(port, 21))


def _at_home(data: bytes, ports: tuple[int, int], group: str) -> bytes:
    """A datagram to all of a local network, from a device with a private address."""
    datagram = dpkt.udp.UDP(sport=ports[0], dport=ports[1], data=data, ulen=8 + len(data))
    return builders.ip(datagram, 17, phone="192.168.1.7", server=group)


def client_hello(name: str, chance: Callable[[int], bytes]) -> bytes:
    """A TLS ClientHello with this server name (RFC 8446 §4.1.2, RFC 6066 §3)."""
    host = name.encode()
    sni = struct.pack(">HHHBH", 0, len(host) + 5, len(host) + 3, 0, len(host)) + host
    extensions = sni + bytes.fromhex("002b0003020304")
    body = b"\x03\x03" + chance(32) + b"\0" + bytes.fromhex("000213010100")
    message = body + struct.pack(">H", len(extensions)) + extensions
    handshake = b"\1" + len(message).to_bytes(3, "big") + message
    return struct.pack(">BHH", 22, 0x0301, len(handshake)) + handshake


def air() -> bytes:
    """Beacons and probe requests of networks that are named by the texts (IEEE 802.11-2020 §9.3.3)."""
    frames = []
    for number, text in enumerate(TEXTS):
        name = text.encode("utf-8", "replace")[:32]
        network, station = b"\x02\0\x5e\0\1" + bytes((number,)), b"\x02\0\x5e\0\2" + bytes((number,))
        named = bytes((0, len(name))) + name
        head = b"\x80\0\0\0" + b"\xff" * 6 + network * 2 + bytes(2)
        frames.append(head + bytes(8) + b"\x64\0\x11\0" + named)
        frames.append(b"\x40\0\0\0" + b"\xff" * 6 + station + b"\xff" * 6 + bytes(2) + named)
        protected = b"\x08\x41\0\0" + network + station + network + bytes((number, 0)) + bytes(40)
        frames.append(protected)
    return builders.pcap(frames, link_type=105)


def long_heads(count: int = 3000) -> bytes:
    """A request whose header names have no end, and more of them than anybody sends."""
    lines = [b"X-%d-%s: %s" % (n, b"n" * 200, b"v" * 20) for n in range(count)]
    lines.append(b"n" * 100_000 + b": imei=" + IMEI.encode())
    return one(b"POST / HTTP/1.1\r\nHost: a.example\r\n" + b"\r\n".join(lines) + b"\r\n\r\n")


def _dns(label: bytes) -> bytes:
    """An answer for a name with this label; labels may hold any bytes (RFC 2181 §11)."""
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
