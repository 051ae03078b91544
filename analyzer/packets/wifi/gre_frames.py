"""802.11 frames of several packets inside GRE, as controllers get them from access points, to the packets."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.packets.wifi.frames import ethernet_frames, parse

GRE_PROTOCOL = 47
# Flags of a GRE header that tell of four bytes more each: checksum, key, sequence number.
FOUR_MORE = (0x80, 0x20, 0x10)


def packets_in(gre: bytes) -> Iterator[bytes]:
    """The packets of an aggregate (A-MSDU) behind a GRE header, as Ethernet frames."""
    header = 4 + 4 * sum(1 for flag in FOUR_MORE if gre[:1] and gre[0] & flag)
    frame = parse(gre[header:])
    if frame is not None and frame.aggregate:
        yield from ethernet_frames(True, b"", b"", frame.body)
