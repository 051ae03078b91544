"""Captures with findings, and bundles made of them by the command itself."""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote_plus

import zstandard

from analyzer.cli import main
from tests.builders import conversation, pcap, udp

IMEI, ICCID, MAC = "356938035643809", "8947010000123456784", "00:1b:44:11:3a:b7"
DOCUMENT = json.dumps(
    {"imei": IMEI, "iccid": ICCID, "mac": MAC, "lat": "59.913868", "lng": "10.752245", "pad": "x" * 600}
).encode()
PASSWORD, UDID = "Fjell&Fjord-9", "740f4707bebcf74f9b7c25d48e3358945f6aa01d"
BASIC = b64encode(f"kari.nordmann:{PASSWORD}".encode()).decode()
TOKEN = "aGVtbWVsaWctbm9ra2VsLTEyMw"
SECRETS = (
    PASSWORD, quote_plus(PASSWORD), BASIC, TOKEN, UDID,
    IMEI, ICCID, MAC, MAC.replace(":", ""), "59.913868", "10.752245",
)  # fmt: skip
OWN = "85.164.10.20"


def chunked(body: bytes, size: int = 100) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def post(body: bytes, *headers: str, sized: bool = True) -> bytes:
    """A request as a phone sends it."""
    lines = ["POST /report HTTP/1.1", "Host: www.example.com", "Content-Type: application/json", *headers]
    lines += [f"Content-Length: {len(body)}"] if sized else ["Transfer-Encoding: chunked"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body if sized else chunked(body))


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
GET = f"GET /a?imei={IMEI}&d=%7B%22mac%22%3A%22{MAC}%22%7D HTTP/1.1\r\nHost: www.example.com\r\n\r\n".encode()


def _talk(*messages: bytes, most: int = 300, **more: object) -> list[bytes]:
    return conversation(*((not at % 2, data) for at, data in enumerate(messages)), most=most, **more)  # type: ignore[arg-type]


CAPTURES: dict[str, list[bytes]] = {
    "plain JSON in many segments": _talk(post(DOCUMENT), ANSWER, GET, ANSWER),
    "gzip": _talk(post(gzip.compress(DOCUMENT, mtime=0), "Content-Encoding: gzip"), ANSWER, GET, ANSWER),
    "deflate, chunked": _talk(
        post(zlib.compress(DOCUMENT), "Content-Encoding: deflate", sized=False), ANSWER
    ),
    "a query alone": _talk(GET, ANSWER),
    "a cookie": _talk(
        f"GET / HTTP/1.1\r\nHost: www.example.com\r\nCookie: a=b; imei={IMEI}\r\n\r\n".encode(), ANSWER
    ),
    "a log-in by form": _talk(
        post(f"imei={IMEI}&username=kari.nordmann&password={quote_plus(PASSWORD)}".encode()).replace(
            b"application/json", b"application/x-www-form-urlencoded"
        ),
        ANSWER,
    ),
    "a log-in by header": _talk(post(DOCUMENT, f"Authorization: Basic {BASIC}"), ANSWER),
    "a log-in in JSON in base64": _talk(
        post(b64encode(json.dumps({"mac": MAC, "user": "kari.nordmann", "passwd": PASSWORD}).encode())),
        ANSWER,
    ),
    "a bearer token and a device ID": _talk(
        post(json.dumps({"imei": IMEI, "udid": UDID}).encode(), f"Authorization: Bearer {TOKEN}"), ANSWER
    ),
    "an address of the own line": _talk(post(DOCUMENT), ANSWER, phone=OWN),
    "IPv6": _talk(
        post(DOCUMENT), ANSWER, phone="2a01:79c:1234:5678:21b:44ff:fe11:3ab7", server="2001:db8::5"
    ),
    "multipart": _talk(
        post(
            b'--b\r\nContent-Disposition: form-data; name="imei"\r\n\r\n' + IMEI.encode() + b"\r\n--b--\r\n"
        ).replace(b"application/json", b"multipart/form-data; boundary=b"),
        ANSWER,
    ),
}


def capture(folder: Path, name: str, packed: str = "") -> Path:
    """A capture file of one of the names above, compressed if asked for."""
    data = pcap([*CAPTURES[name], udp(b"\0" * 20)])
    pack = {"": bytes, "gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}[packed]
    path = folder / f"phone.pcap{packed and '.' + packed}"
    path.write_bytes(pack(data))
    return path


def call(*arguments: str | Path) -> int:
    """The command; its exit code."""
    return main([str(argument) for argument in arguments])


def bundle(folder: Path, path: Path, *options: str | Path) -> Path:
    """Scan a capture and make its bundle."""
    assert call("scan", path, "-q", "--json", folder / "report.json") in (0, 3)
    target = folder / "bundle"
    assert call("evidence", folder / "report.json", "-o", target, "-w", folder / "all.pcapng", *options) == 0
    return target
