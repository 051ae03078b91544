"""Frames that mean harm: shaped like packets, wrong somewhere."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

# Every link type that the decoder knows, and two that it doesn't.
LINKS = (
    0, 1, 8, 9, 10, 12, 14, 50, 51, 101, 104, 105, 108, 109, 113, 117, 119, 127, 163, 166, 192, 228, 229, 239,
    274, 276, 147, 65535, 6, 7, 107, 129, 226, 242, 258, 100, 123, 138, 149, 167, 178, 179, 180, 181, 189,
    197, 204, 205, 220, 240, 241, 249, 281, 282, 284, 285,
)  # fmt: skip

MACS = bytes(6) + b"\2" * 6
ETHERTYPES = (
    0x0800,
    0x86DD,
    0x8100,
    0x88A8,
    0x8847,
    0x8848,
    0x8864,
    0x0806,
    0x6558,
    0x0004,
    0x0060,
    0x05DC,
    0x88B5,
    0x894F,
    0x88E5,
    0x88E7,
    0x8926,
    0x893F,
    0x8909,
    0xDADA,
    0x892F,
    0x4305,
    0x22F3,
    0x8903,
    0x880B,
)
PROTOCOLS = (0, 1, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 60, 97, 103, 115, 132, 135, 137, 140, 143)
TUNNEL_PORTS = (
    53,
    443,
    1701,
    2152,
    3544,
    4754,
    4789,
    4790,
    6081,
    6635,
    8472,
    37008,
    5247,
    12222,
    5072,
    4341,
    9,
)
FIRST_BYTES = (0x45, 0x46, 0x4F, 0x44, 0x60, 0x6F, 0x00, 0xFF, 0xAA)

# GRE with each of its protocols, GTP-U, NSH, VXLAN, MACsec, PIM, PPP bridging, an 802.11 aggregate.
STARTS = (
    *(flags + protocol for flags in (b"\0\0", b"\xb0\0", b"\x20\x81") for protocol in (
        b"\x08\0", b"\x65\x58", b"\x88\xbe", b"\x22\xeb", b"\x88\x3e", b"\x89\x09", b"\x88\x0b", b"\0\0",
        b"\x82\x40",
    )),
    b"\x30\xff\0\x14\0\0\0\1", b"\x34\xff\0\x14\0\0\0\1\0\0\0\x85\1\0\0\0",
    b"\0\x02\x02\x01\0\0\0\0", b"\0\x06\x01\x03" + bytes(20), b"\x0c\0\0\4\0\0\1\0",
    b"\x08\0\0\0\0\0\1\0", b"\0\0\0\0\0\1\x08\0", b"\x20\0\0\0\0\1" + bytes(8) + b"\x86\xdd",
    b"\x21\0\0\0\0\0\0\0", b"\x30\0", b"\xff\x03\0\x31\0\1", b"\x0f\0\x08\0", b"\x8f\0\x86\xdd",
    b"\x88\x02" + bytes(22) + b"\x80\0", b"\x18\x41\xcc", b"\x18\x41\x03\0\x80\0\0\0\x08\0",
    b"\1\0\0\1\1", b"\1\0\0\x77\0\1", b"\1\0\0\x12\x0a\1\0\1", b"\0\x10\x43\0\0\0\0\0",
    b"\0\x10\x42\0\0\0\0\0",
    b"\0\0\0\x10\0\0", b"\x44\x52\x11\x29" + bytes(40), b"\0\3\0\0\0\0\0\1",
    b"\x0f\x01", b"\x40\x0f" + bytes(8),
    b"MGC\0", b"MGC\x80\0\2\0\0", b"MGC\2\0\0\0\2", b"\1\0\x0c\0\0", b"\x08\0" + bytes(6),
    b"\x80\0" + bytes(6),
    b"\x6c\0\0\0\1\0\0\0\1\0\0\0en0" + bytes(93), b"\0\1\0\x20\x45",
    b"\1\2\xf0", b"\1\2\0\0\xd4\0\0\1", b"\x6c\0\0\0\1\0\0\0\1\0\0\0" + bytes(96),
)  # fmt: skip
STOREYS = (
    b"\0\1\x81\0", b"\0\1\x88\xa8", b"\x3c\0" + bytes(6), b"\x2c\0" + bytes(6), b"\0\0\1\0",
    b"\0\0\x65\x58" + MACS + b"\x65\x58", bytes(4) + MACS + b"\x88\xe7",
    b"\0\x02\x02\x04\0\0\0\0",
    b"\x45\0\0\0\0\1\0\0\x40\x04\0\0\xc0\0\2\1\xc6\x33\x64\2",
    b"\x60\0\0\0\0\0\x29\x40" + bytes(range(32)),
)  # fmt: skip

data = st.binary(max_size=80)
word = st.integers(0, 0xFFFF)


def _ethernet(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda kind, rest: MACS + struct.pack(">H", kind) + rest, st.sampled_from(ETHERTYPES), inside
    )


def _tag(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda kind, rest: struct.pack(">HH", 1, kind) + rest, st.sampled_from(ETHERTYPES), inside
    )


def _ipv4(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    def build(first: int, total: int | None, fragment: int, protocol: int, rest: bytes) -> bytes:
        length = 20 + len(rest) if total is None else total
        head = struct.pack(">BBHHHBBH", first, 0, length, 1, fragment, 64, protocol, 0)
        return head + b"\xc0\x00\x02\x01\xc6\x33\x64\x02" + rest

    return st.builds(
        build, st.sampled_from((0x45, 0x45, 0x45, 0x46, 0x4F, 0x40)), st.none() | word,
        st.sampled_from((0, 0, 0, 0x4000, 0x2000, 5, 0x3FFF)), st.sampled_from(PROTOCOLS), inside,
    )  # fmt: skip


def _ipv6(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    def build(length: int | None, following: int, rest: bytes) -> bytes:
        size = len(rest) if length is None else length
        return struct.pack(">IHBB", 0x60000000, size, following, 64) + bytes(range(32)) + rest

    return st.builds(build, st.none() | st.integers(0, 20) | word, st.sampled_from(PROTOCOLS), inside)


def _extension(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda following, length, rest: bytes([following, length]) + bytes(6) + rest,
        st.sampled_from(PROTOCOLS), st.sampled_from((0, 0, 0, 1, 2, 255)), inside,
    )  # fmt: skip


def _udp(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda port, length, rest: struct.pack(
            ">HHHH", 40000, port, 8 + len(rest) if length is None else length, 0
        ) + rest,
        st.sampled_from(TUNNEL_PORTS), st.none() | word, inside,
    )  # fmt: skip


def _tcp(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    payload = (
        st.sampled_from((b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200", b"\x16\x03\x01\x00\x20\x01", b"GET "))
        | inside
    )
    return st.builds(
        lambda offset, flags, port, rest: struct.pack(
            ">HHIIBBHHH", 40000, port, 7, 9, offset, flags, 0, 0, 0
        ) + rest,
        st.sampled_from((0x50, 0x50, 0x60, 0xF0, 0x00)), st.integers(0, 255),
        st.sampled_from((80, 443)), payload,
    )  # fmt: skip


def _start(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """A tunnel's or Wi-Fi's first bytes, at random or nearly right, before something more."""
    return st.builds(lambda head, rest: head + rest, st.sampled_from(STARTS) | st.binary(max_size=24), inside)


def _tower(inside: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """The same header again and again: tags, extension headers, labels, tunnels inside tunnels."""
    return st.builds(
        lambda storey, times, rest: storey * times + rest,
        st.sampled_from(STOREYS), st.integers(1, 200), inside,
    )  # fmt: skip


layers = st.recursive(
    data,
    lambda inside: st.one_of(
        *(layer(inside) for layer in (_ethernet, _tag, _ipv4, _ipv6, _extension, _udp, _tcp, _start, _tower))
    ),
    max_leaves=6,
)


@st.composite
def frames(draw: st.DrawFn) -> tuple[bytes, int, int]:
    """(bytes, link type, length on the wire) of a frame that may be cut and have changed bytes."""
    frame = bytearray(draw(layers))
    for _ in range(draw(st.integers(0, 3))):
        if frame:
            frame[draw(st.integers(0, len(frame) - 1))] = draw(
                st.sampled_from(FIRST_BYTES) | st.integers(0, 255)
            )
    kept = draw(st.integers(0, len(frame)) | st.just(len(frame)))
    wire = draw(st.sampled_from((kept, len(frame), len(frame) + 4)))
    return bytes(frame[:kept]), draw(st.sampled_from(LINKS)), wire
