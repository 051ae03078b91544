"""JA4 fingerprints: the worked example of its authors, and what must not change them."""

from __future__ import annotations

import random
import struct

from hypothesis import given
from hypothesis import strategies as st

from analyzer.dissectors.ja4 import ja4

# The example of JA4's technical details: a Chrome of 2023 and its fingerprint.
CIPHERS = "1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"
EXTENSIONS = "001b 0000 0033 0010 4469 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a 0015"
SIGNATURES = "0403 0804 0401 0503 0805 0501 0806 0601"
EXAMPLE = "t13d1516h2_8daaf6152771_e5627efa2ab1"


def codes(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def sized(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def client_hello(ciphers: str = CIPHERS, extensions: str = EXTENSIONS, alpn: bytes = b"h2") -> bytes:
    """The body of a ClientHello with GREASE (RFC 8701) where browsers put it."""
    contents = {
        "000d": sized(codes(SIGNATURES)),
        "0010": sized(bytes([len(alpn)]) + alpn),
        "002b": b"\x06" + codes("4a4a 0304 0303"),
    }
    listed = b"".join(codes(kind) + sized(contents.get(kind, b"")) for kind in ("2a2a " + extensions).split())
    head = b"\x03\x03" + bytes(32) + b"\x00" + sized(codes("0a0a " + ciphers)) + b"\x01\x00"
    return head + sized(listed)


def test_the_authors_example_has_the_authors_fingerprint() -> None:
    assert ja4(client_hello()) == EXAMPLE


def test_the_order_of_ciphers_and_extensions_does_not_matter() -> None:
    chance = random.Random(1)
    for _ in range(5):
        ciphers, extensions = CIPHERS.split(), EXTENSIONS.split()
        chance.shuffle(ciphers)
        chance.shuffle(extensions)
        assert ja4(client_hello(" ".join(ciphers), " ".join(extensions))) == EXAMPLE


def test_quic_and_the_lack_of_a_name_show_in_the_first_part() -> None:
    assert ja4(client_hello(), "q").startswith("q13d")
    assert ja4(client_hello(extensions=EXTENSIONS.replace("0000 ", ""))).startswith("t13i1515h2")
    assert ja4(client_hello(alpn=b"http/1.1")).startswith("t13d1516h1")
    assert ja4(client_hello(alpn=b"\xab\xcd")).startswith("t13d1516ad")


@given(st.binary(max_size=300))
def test_whatever_the_bytes_it_gives_a_text(data: bytes) -> None:
    assert isinstance(ja4(data), str)


@given(st.integers(0, 200))
def test_a_cut_hello_raises_nothing(length: int) -> None:
    assert isinstance(ja4(client_hello()[:length]), str)
