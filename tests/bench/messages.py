"""Clear text for the benchmarks: HTTP exchanges, registration POSTs, DNS, TLS hellos, as blobs."""

from __future__ import annotations

import base64
import hmac
import json
import struct

import numpy as np
from conversations import MOST, Shape, segments
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

HOSTS = [f"{name}.example.net" for name in ("api", "img", "news", "ads", "cdn", "sync", "log", "www")]
AGENT = "Mozilla/5.0 (Linux; Android 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/72.0.3626.105"
IMEI = "490154203237518"  # the worked example of the GSM specifications


class Blobs:
    """Bytes with a number each; equal bytes share theirs."""

    def __init__(self) -> None:
        self.list: list[bytes] = []
        self._numbers: dict[bytes, int] = {}

    def add(self, data: bytes) -> int:
        """The number of these bytes."""
        if data not in self._numbers:
            self._numbers[data] = len(self.list)
            self.list.append(data)
        return self._numbers[data]

    def message(self, up: int, data: bytes) -> Shape:
        """One message in segments, and its ACK."""
        pieces = [data[i : i + MOST] for i in range(0, len(data), MOST)]
        return segments(up, [self.add(piece) for piece in pieces], [len(piece) for piece in pieces])


def exchange(blobs: Blobs, rng: np.random.Generator) -> Shape:
    """One request (half of them with a body) and its response."""
    host, path = (
        HOSTS[rng.integers(len(HOSTS))],
        f"/{rng.integers(1 << 30):x}/item?id={rng.integers(1 << 20)}",
    )
    body = _json_body(rng) if rng.random() < 0.5 else b""
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {AGENT}\r\n{kind}\r\n"
    answer = base64.b64encode(rng.bytes(int(rng.gamma(2.0, 700.0))))
    reply = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(answer)}\r\n\r\n"
    return blobs.message(1, head.encode() + body) + blobs.message(0, reply.encode() + answer)


def _json_body(rng: np.random.Generator) -> bytes:
    events = [
        {"t": int(t), "name": "view", "ms": int(t) % 977}
        for t in rng.integers(0, 1 << 31, rng.integers(4, 40))
    ]
    return json.dumps({"session": f"{rng.integers(1 << 62):x}", "events": events}).encode()


def registration(blobs: Blobs, count: int) -> Shape:
    """A registration POST in the grammar of the China Telecom client, refused by the server."""
    values = {"REGVER": "5.0", "MODEL": "Example-Phone", "SWVER": f"1.{count}", "IMEI1": IMEI, "UETYPE": "1"}
    body = base64.encodebytes(json.dumps(values, separators=(",", ":")).encode())
    head = "POST / HTTP/1.1\r\nHost: zzhc.vnet.cn\r\nContent-Type: application/encrypted-json\r\n"
    answer = b'{"resultCode":"1","resultDesc":"Check error"}'
    reply = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer
    sent = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    return blobs.message(1, sent) + blobs.message(0, reply)


def dns_pair(name: str, ident: int, answer: bytes) -> tuple[bytes, bytes]:
    """A query and its response with one address (RFC 1035 §4.1)."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    question = labels + struct.pack(">HH", 1 if len(answer) == 4 else 28, 1)
    query = struct.pack(">6H", ident, 0x0100, 1, 0, 0, 0) + question
    record = b"\xc0\x0c" + question[-4:] + struct.pack(">IH", 300, len(answer)) + answer
    return query, struct.pack(">6H", ident, 0x8180, 1, 1, 0, 0) + question + record


def client_hello(name: str, rng: np.random.Generator) -> bytes:
    """A small TLS 1.3 ClientHello with SNI (RFC 8446 §4.1.2, RFC 6066 §3)."""
    host = name.encode()
    sni = struct.pack(">HHHBH", 0, len(host) + 5, len(host) + 3, 0, len(host)) + host
    versions = bytes.fromhex("002b0003020304")
    share = bytes.fromhex("003300260024001d0020") + rng.bytes(32)
    groups, signatures = bytes.fromhex("000a00040002001d"), bytes.fromhex("000d0006000404030804")
    extensions = sni + versions + share + groups + signatures
    body = b"\x03\x03" + rng.bytes(32) + b"\x20" + rng.bytes(32) + bytes.fromhex("00061301130213030100")
    return _handshake(1, body + struct.pack(">H", len(extensions)) + extensions, 0x0301)


def server_hello(hello: bytes, rng: np.random.Generator) -> bytes:
    """The matching ServerHello and ChangeCipherSpec."""
    extensions = bytes.fromhex("002b00020304") + bytes.fromhex("00330024001d0020") + rng.bytes(32)
    body = b"\x03\x03" + rng.bytes(32) + b"\x20" + hello[44:76] + bytes.fromhex("130100")
    sent = _handshake(2, body + struct.pack(">H", len(extensions)) + extensions, 0x0303)
    return sent + bytes.fromhex("140303000101")


def _handshake(kind: int, body: bytes, version: int) -> bytes:
    message = bytes([kind]) + len(body).to_bytes(3, "big") + body
    return struct.pack(">BHH", 22, version, len(message)) + message


def quic_initial(rng: np.random.Generator) -> bytes:
    """A long-header packet of 1,200 bytes (RFC 9000 §17.2.2); its payload is random."""
    header = b"\xc3\x00\x00\x00\x01\x08" + rng.bytes(8) + b"\x00\x00"
    rest = 1200 - len(header) - 2
    return header + struct.pack(">H", 0x4000 | rest) + rng.bytes(rest)


def client_initial(name: str, rng: np.random.Generator) -> bytes:
    """The first datagram of a QUIC client, protected as RFC 9001 §5 says, with its ClientHello inside."""
    identity, hello = rng.bytes(8), client_hello(name, rng)[5:]
    payload = (b"\x06\x00" + struct.pack(">H", 0x4000 | len(hello)) + hello).ljust(1162, b"\0")
    header = b"\xc3\x00\x00\x00\x01\x08" + identity + b"\x00\x00" + struct.pack(">H", 0x4000 | 1182)
    key, iv, mask_key = quic_keys(identity)
    body = AESGCM(key).encrypt(iv, payload, header + bytes(4))  # of packet number 0
    mask = Cipher(AES(mask_key), ECB()).encryptor().update(body[:16])
    return bytes([header[0] ^ (mask[0] & 15)]) + header[1:] + mask[1:5] + body


def quic_keys(identity: bytes) -> tuple[bytes, bytes, bytes]:
    """What protects a client's first packets: key, IV, key of the header's protection (RFC 9001 §5.2)."""
    salt = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
    secret = hmac.digest(salt, identity, "sha256")  # HKDF-Extract (RFC 5869 §2.2)

    def derive(secret: bytes, label: str, length: int) -> bytes:
        full = b"tls13 " + label.encode()
        info = struct.pack(">HB", length, len(full)) + full + b"\0"
        return HKDFExpand(SHA256(), length, info).derive(secret)

    client = derive(secret, "client in", 32)
    return derive(client, "quic key", 16), derive(client, "quic iv", 12), derive(client, "quic hp", 16)


def tls_opening(blobs: Blobs, name: str, rng: np.random.Generator) -> Shape:
    """ClientHello and ServerHello, each acknowledged."""
    hello = client_hello(name, rng)
    return blobs.message(1, hello) + blobs.message(0, server_hello(hello, rng))


def quic_opening(blobs: Blobs, name: str, rng: np.random.Generator) -> Shape:
    """One Initial from each side; the server's holds noise."""
    initials = ((1, client_initial(name, rng)), (0, quic_initial(rng)))
    return Shape.of([(up, 1200, blobs.add(initial), 0) for up, initial in initials])
