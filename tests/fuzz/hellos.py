"""The readers of hellos and of what tells a flow's kind as targets: TLS, QUIC, DTLS, DNS over TCP, forms.

The first two bytes of an input choose how the rest is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from analyzer.dissectors.byte_forms import forms_of
from analyzer.dissectors.client_hello import LONGEST_NAME, MOST_PROTOCOLS, chosen_version, read_client_hello
from analyzer.dissectors.dns_tcp import DnsSide, starts_dns
from analyzer.dissectors.dtls import DtlsReader
from analyzer.dissectors.first_payloads import TCP, UDP, firsts_of
from analyzer.dissectors.payload_forms import FORMS
from analyzer.dissectors.quic import MOST_CRYPTO, InitialReader, crypto_frames, long_headers
from analyzer.dissectors.quic_google import agent_in, chlo, google_hello
from analyzer.dissectors.tls import ServerName, server_version, told
from analyzer.flows.entropy import SAMPLE, Samples
from tests.dissectors.quic_clients import client, crypto, initial, sent

ID = bytes.fromhex("8394c8f03e515708")
KEYS = tuple(  # of RFC 9001 §A.1
    bytes.fromhex(part)
    for part in (
        "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2",
    )
)  # fmt: skip


def pieces(data: bytes) -> Iterator[bytes]:
    """The rest of an input in pieces of a size that its first bytes choose."""
    size = 1 + int.from_bytes(data[:2], "big") % 700
    for start in range(2, len(data), size):
        yield data[start : start + size]


def tls(data: bytes) -> None:
    """Bytes of a TLS client, and of a server."""
    server = ServerName()
    for number, piece in enumerate(pieces(data)):
        server.feed(piece, number + 1)
        server_version(piece)
    assert server.name is None or len(server.name) <= LONGEST_NAME
    assert server.hello is None or server.done


def hello(data: bytes) -> None:
    """A ClientHello body, of TLS and of DTLS, and a ServerHello body."""
    for has_cookie in (False, True):
        found = read_client_hello(data, has_cookie=has_cookie)
        for transport in "tqd" if found else "":
            assert found is not None
            agent_in(found.extensions)
            said = told(found, transport, 1)
            assert len(said.protocols) <= MOST_PROTOCOLS
            assert said.version
    chosen_version(data)


def quic(data: bytes) -> None:
    """Datagrams as they are."""
    reader = InitialReader()
    for piece in pieces(data):
        for packet in long_headers(piece):
            assert 0 <= packet.start < packet.number < packet.end <= len(piece)
        reader.feed(piece)
        google_hello(piece)
    assert reader.message is None or len(reader.message) <= len(data)


def quic_frames(data: bytes) -> None:
    """What stands inside Initial packets that open."""
    reader = InitialReader()
    for number, piece in enumerate(pieces(data)):
        for offset, raw in crypto_frames(piece):
            assert offset >= 0
            assert len(raw) <= len(piece)
        reader.feed(initial(piece, KEYS, ID, number))  # type: ignore[arg-type]
    message = reader.message or b""
    assert len(message) <= MOST_CRYPTO + len(data)
    chlo(message, 1)


def dtls(data: bytes) -> None:
    """Datagrams of one side."""
    reader = DtlsReader()
    for number, piece in enumerate(pieces(data)):
        reader.feed(piece, number + 1)
    assert reader.hello is None or reader.done


def dns_tcp(data: bytes) -> None:
    """Segments, every third one repeated, every fifth one late."""
    side, at, late = DnsSide(None, 7), 7, []
    for number, piece in enumerate(pieces(data)):
        starts_dns(piece)
        if number % 5 == 3:
            late.append((at, piece))
        else:
            for _ in range(1 + (number % 3 == 0)):
                found = list(side.feed(at, piece, number + 1, number))
                assert all(12 <= len(message.data) < 1 << 16 for message in found)
        at += len(piece)
    for start, piece in late:
        list(side.feed(start, piece, 1, 0))


def forms(data: bytes) -> None:
    """Many first payloads at once, and the samples of those without form."""
    parts = [piece for piece in pieces(data) if piece]
    if not parts:
        return
    raw = np.frombuffer(b"".join(parts), np.uint8)
    length = np.array([len(part) for part in parts])
    start = np.cumsum(length) - length
    ports = np.array([(40000, (53, 123, 4500, 67, 500)[n % 5]) for n in range(len(parts))])
    transport = np.array([(TCP, UDP)[n % 2] for n in range(len(parts))])
    found = forms_of(firsts_of(raw, start, length, transport, ports))
    assert int(found.max()) <= len(FORMS)
    samples = Samples()
    samples.add(raw, np.arange(len(parts)) % 7, start, length)
    for spread in samples.spreads().values():
        assert 0 < spread.size <= SAMPLE
        assert 0 <= spread.entropy <= 8
        assert 0 <= spread.text <= 1


REAL = sent(client())[0]


def _message() -> bytes:
    reader = InitialReader()
    reader.feed(REAL)
    return reader.message or b""


MESSAGE = _message()
RECORD = b"\x16\x03\x01" + len(MESSAGE).to_bytes(2, "big") + MESSAGE
SERVER = bytes.fromhex("16030300320200002e0303") + bytes(32) + b"\0\x13\1\0\0\6\0\x2b\0\2\3\4"
FRAGMENT = (
    b"\x16\xfe\xfd" + bytes(8) + (12 + len(MESSAGE) - 4).to_bytes(2, "big") + MESSAGE[:4] + bytes(5)
    + MESSAGE[1:4] + MESSAGE[4:]
)  # fmt: skip
QUESTION = b"\0\x1d\0\7\1\0\0\1\0\0\0\0\0\0\7example\2cn\0\0\1\0\1"
GOOGLE = b"\x09" + bytes(8) + b"Q043\1" + bytes(16) + b"CHLO\1\0\0\0SNI\0\5\0\0\0a.cn."

TARGETS: dict[str, tuple[Callable[[bytes], None], tuple[bytes, ...]]] = {
    "tls": (tls, (b"\2\0" + RECORD, b"\0\x09" + RECORD, b"\2\0" + SERVER)),
    "hello": (hello, (MESSAGE[4:], SERVER[9:])),
    "quic": (quic, (b"\2\xff" + REAL, b"\2\xff" + GOOGLE)),
    "quic frames": (
        quic_frames,
        (b"\2\xff" + crypto(0, MESSAGE), b"\0\x60" + crypto(0, MESSAGE[:60]) + crypto(60, MESSAGE[60:])),
    ),
    "dtls": (dtls, (b"\2\xff" + FRAGMENT,)),
    "dns over tcp": (dns_tcp, (b"\0\x40" + QUESTION * 3, b"\0\5" + QUESTION)),
    "forms": (forms, (b"\0\x20" + QUESTION * 4 + GOOGLE + RECORD, b"\0\x08" + bytes(range(256)))),
}
