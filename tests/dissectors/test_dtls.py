"""DTLS hellos: what OpenSSL sends, in any cut and order, and hostile datagrams."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.dissectors.dtls import MOST_FRAGMENTS, DtlsReader, fragments
from tests.examples import examples

many = settings(max_examples=examples(200), deadline=None, derandomize=True)

OPENSSL = shutil.which("openssl")
NAME = "zzhc.example.cn"


@pytest.fixture(scope="module")
def first_flight() -> bytes:
    """The first datagram of OpenSSL's own client, sent to a socket on loopback."""
    if OPENSSL is None:
        pytest.skip("openssl is not installed")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        command = [
            OPENSSL,
            "s_client",
            "-dtls1_2",
            "-connect",
            address,
            "-servername",
            NAME,
            "-alpn",
            "webrtc",
        ]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as client:
            try:
                return server.recv(65536)
            finally:
                client.kill()


def test_openssl_s_hello_is_read(first_flight: bytes) -> None:
    hello = read([first_flight]).hello
    assert hello is not None
    assert (hello.name, hello.protocols, hello.version) == (NAME, ("webrtc",), "DTLS 1.2 offered")
    assert hello.ja4.startswith("dd2d")


# ── a hello of our own ──────────────────────────────────────────────────────


def extension(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(content).to_bytes(2, "big") + content


def client_hello(name: str = NAME, cookie: bytes = b"", versions: tuple[int, ...] = ()) -> bytes:
    """The body of a ClientHello (RFC 6347 §4.2.1, RFC 9147 §5.3)."""
    host = b"\0" + len(name).to_bytes(2, "big") + name.encode()
    listed = extension(0, len(host).to_bytes(2, "big") + host)
    if versions:
        codes = b"".join(version.to_bytes(2, "big") for version in versions)
        listed += extension(43, bytes([len(codes)]) + codes)
    head = b"\xfe\xfd" + bytes(32) + b"\0" + bytes([len(cookie)]) + cookie + b"\0\2\xc0\x2b\1\0"
    return head + len(listed).to_bytes(2, "big") + listed


def server_hello(version: int) -> bytes:
    return b"\xfe\xfd" + bytes(32) + b"\0\x13\x01\0" + b"\0\6" + extension(43, version.to_bytes(2, "big"))


def fragment(kind: int, body: bytes, start: int, end: int, number: int = 0) -> bytes:
    """A record with a piece of a message."""
    sizes = (start, end - start)
    head = bytes([kind]) + len(body).to_bytes(3, "big") + number.to_bytes(2, "big")
    head += b"".join(size.to_bytes(3, "big") for size in sizes)
    return record(head + body[start:end])


def record(content: bytes, epoch: int = 0) -> bytes:
    return b"\x16\xfe\xfd" + epoch.to_bytes(2, "big") + bytes(6) + len(content).to_bytes(2, "big") + content


def read(datagrams: list[bytes]) -> DtlsReader:
    reader = DtlsReader()
    for number, datagram in enumerate(datagrams):
        reader.feed(datagram, number + 1)
    return reader


BODY = client_hello(cookie=b"cookie")


@many
@given(st.data())
def test_fragments_in_any_cut_order_and_repetition_give_the_same_name(data: st.DataObject) -> None:
    cuts = sorted({0, len(BODY), *data.draw(st.lists(st.integers(1, len(BODY) - 1), max_size=8))})
    pieces = list(pieces_of(cuts, data.draw(st.integers(0, 5))))
    order = data.draw(st.permutations([*pieces, pieces[0]]))
    at = data.draw(st.integers(0, len(order)))
    hello = read([b"".join(order[:at]), b"".join(order[at:])]).hello
    assert hello is not None
    assert hello.name == NAME


def pieces_of(cuts: list[int], overlap: int) -> Iterator[bytes]:
    for start, end in zip(cuts, cuts[1:], strict=False):  # noqa: RUF007
        yield fragment(1, BODY, start, min(end + overlap, len(BODY)))


def test_a_missing_piece_leaves_the_name_unknown() -> None:
    assert read([fragment(1, BODY, 0, 60), fragment(1, BODY, 61, len(BODY))]).hello is None


def test_pieces_of_two_messages_are_not_mixed() -> None:
    other = client_hello("other.example.cn", cookie=b"cookie")
    half = fragment(1, BODY, 0, 60), fragment(1, other, 60, len(other), number=1)
    assert read(list(half)).hello is None


def test_the_version_is_the_offered_one_until_a_server_has_chosen() -> None:
    body = client_hello(versions=(0xFEFC, 0xFEFD))
    hello = read([fragment(1, body, 0, len(body))]).hello
    assert hello is not None
    assert hello.version == "DTLS 1.3 offered"
    answer = server_hello(0xFEFC)
    assert read([fragment(2, answer, 0, len(answer))]).chosen == 0xFEFC


def test_encrypted_records_are_not_read() -> None:
    assert list(fragments(record(b"\1" + bytes(40), epoch=1))) == []


def test_very_many_fragments_are_given_up() -> None:
    reader = read([fragment(1, BODY, at, at + 1) for at in range(1, len(BODY))] * 2)
    assert len(BODY) > MOST_FRAGMENTS
    assert reader.done
    assert reader.hello is None


def test_a_datagram_of_very_many_fragments_ends_as_well() -> None:
    reader = read([b"".join(fragment(1, BODY, 1 + at % 90, 2 + at % 90, number=at) for at in range(2000))])
    assert reader.done
    assert len(reader._fragments) == MOST_FRAGMENTS + 1


@settings(max_examples=examples(500), deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.booleans())
def test_any_datagram_is_survived(data: bytes, framed: bool) -> None:
    reader = read([record(data)] * 3 if framed else [data] * 3)
    assert reader.hello is None or reader.hello.name is None or len(reader.hello.name) <= len(data)


@many
@given(st.data())
def test_a_changed_or_cut_hello_is_survived(data: st.DataObject) -> None:
    raw = bytearray(fragment(1, BODY, 0, len(BODY)))
    for _ in range(3):
        raw[data.draw(st.integers(0, len(raw) - 1))] = random.Random(len(raw)).randrange(256)
    read([bytes(raw[: data.draw(st.integers(0, len(raw)))])])
