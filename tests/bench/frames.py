"""Columns of packets become the bytes of a pcap file, checksums included, a batch at a time.

The payload of a packet is either one of a list of blobs, or random bytes behind a six-byte
prefix (a TLS record header, a QUIC short header). Sums of 16-bit words are prepared per blob
and as running sums over the random bytes, so that checksums (RFC 1071) are array arithmetic.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
RANDOM = -1  # blob number of a packet with random payload
# The largest that needs no scale (RFC 9293 §3.1): some readers take no bytes that lie outside it.
WINDOW = 65_535
PREFIX = 6
ETHER = 14
L3 = {4: 20, 6: 40}
L4 = {TCP: 32, UDP: 8}
POOL = 1 << 20
BATCH = 100_000


@dataclass
class Flow:
    """A five-tuple, client first, with the MAC address of each end."""

    version: int
    protocol: int
    client: bytes  # 4 or 16 bytes
    server: bytes
    client_port: int
    server_port: int
    client_mac: bytes
    server_mac: bytes


@dataclass
class Packets:
    """One row a packet; `flow` is -1 for a frame that stands complete in its blob."""

    time_us: Ints
    flow: Ints
    up: Ints  # 1 from the client, 0 from the server
    length: Ints  # payload bytes
    flags: Ints
    seq: Ints
    ack: Ints
    echo: Ints  # the time of the packet before from the other side, in microseconds; 0 where there is none
    blob: Ints
    lead: Ints  # first byte of a random payload: 23 for TLS, 0x40 to 0x7f for QUIC

    def __len__(self) -> int:
        return len(self.time_us)

    def take(self, rows: Any) -> Packets:
        """The rows that an index, mask or slice picks."""
        return Packets(*(getattr(self, f.name)[rows] for f in fields(self)))

    @staticmethod
    def join(parts: list[Packets]) -> Packets:
        """All rows in the order of time; rows of equal time keep theirs."""
        columns = (np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Packets))
        together = Packets(*columns)
        return together.take(np.argsort(together.time_us, kind="stable"))


class Writer:
    """Knows the flows, the blobs and the random bytes; writes batches of packets."""

    def __init__(self, flows: list[Flow], blobs: list[bytes], rng: np.random.Generator) -> None:
        self.blobs = [np.frombuffer(blob, np.uint8) for blob in blobs]
        self.blob_sums = np.array([_word_sum(blob) for blob in blobs] or [0])
        self.pool = rng.integers(0, 256, POOL + 2048, dtype=np.uint8)
        words = self.pool.reshape(-1, 2).astype(np.int64)
        self.running = np.concatenate([[0], np.cumsum(words[:, 0] * 256 + words[:, 1])])
        self.offsets = rng.integers(0, POOL // 2, BATCH) * 2
        self._set_flows(flows)

    def _set_flows(self, flows: list[Flow]) -> None:
        self.version = np.array([f.version for f in flows])
        self.protocol = np.array([f.protocol for f in flows])
        self.ports = np.array([(f.server_port, f.client_port) for f in flows])  # [flow, up] = source port
        self.macs = _data([(f.server_mac, f.client_mac) for f in flows], 6)
        self.addresses = _data([(f.server.ljust(16, b"\0"), f.client.ljust(16, b"\0")) for f in flows], 16)
        self.address_sums = np.array([_word_sum(f.client) + _word_sum(f.server) for f in flows])

    def write(self, path: Path, packets: Packets) -> int:
        """Write a little-endian microsecond pcap; returns its size in bytes."""
        with path.open("wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            for start in range(0, len(packets), BATCH):
                out.write(self._batch(packets.take(slice(start, start + BATCH))).data)
            return out.tell()

    def _batch(self, p: Packets) -> Bytes:
        whole = p.flow < 0
        l3 = np.where(self.version[p.flow] == 4, 20, 40)
        l4 = np.where(self.protocol[p.flow] == TCP, 32, 8)
        sizes = np.where(whole, p.length, ETHER + l3 + l4 + p.length)
        starts = np.concatenate([[0], np.cumsum(16 + sizes)])
        out = np.zeros(starts[-1], np.uint8)
        at = starts[:-1]
        _put32le(out, at, p.time_us // 1_000_000)
        _put32le(out, at + 4, p.time_us % 1_000_000)
        _put32le(out, at + 8, sizes)
        _put32le(out, at + 12, sizes)
        body = at + 16 + np.where(whole, 0, ETHER + l3 + l4)
        sums = self._payloads(out, p, body)
        for version in L3:
            for protocol in L4:
                mine = (self.version[p.flow] == version) & (self.protocol[p.flow] == protocol) & ~whole
                if mine.any():
                    self._headers(out, p.take(mine), at[mine] + 16, sums[mine], version, protocol)
        return out

    def _payloads(self, out: Bytes, p: Packets, at: Ints) -> Ints:
        """Write the payloads; returns the sum of their 16-bit words."""
        spots = self.offsets[: len(p)]
        inside = np.maximum(p.length - PREFIX, 0)
        _copy(out, at + PREFIX, self.pool, spots, np.where(p.blob == RANDOM, inside, 0))
        for row in np.flatnonzero(p.blob >= 0).tolist():
            blob, start = self.blobs[p.blob[row]], at[row]
            out[start : start + len(blob)] = blob
        mine = (p.blob == RANDOM) & (p.length > 0)
        rest = p.length - 5
        prefix = np.stack(
            [p.lead, p.lead * 0 + 3, p.lead * 0 + 3, rest >> 8, rest & 255, p.lead ^ 0x5A], axis=1
        )
        out[at[mine, None] + np.arange(PREFIX)] = prefix[mine]
        sums = (prefix[:, ::2] * 256 + prefix[:, 1::2]).sum(axis=1)
        sums += self.running[(spots + inside) // 2] - self.running[spots // 2]
        sums += np.where(inside % 2 == 1, self.pool[spots + inside - 1].astype(np.int64) * 256, 0)
        return np.where(p.blob >= 0, self.blob_sums[np.maximum(p.blob, 0)], np.where(mine, sums, 0))

    def _headers(self, out: Bytes, p: Packets, at: Ints, sums: Ints, version: int, protocol: int) -> None:
        down = 1 - p.up
        out[at[:, None] + np.arange(6)] = self.macs[p.flow, down]
        out[at[:, None] + np.arange(6, 12)] = self.macs[p.flow, p.up]
        _put16(out, at + 12, np.full(len(p), 0x0800 if version == 4 else 0x86DD))
        ip, size = at + ETHER, L4[protocol] + p.length
        write_ip = self._ipv4 if version == 4 else self._ipv6
        write_ip(out, p, ip, size, protocol)
        sums = sums + self.address_sums[p.flow] + protocol + size
        write_l4 = self._tcp if protocol == TCP else self._udp
        write_l4(out, p, ip + L3[version], sums)

    def _ipv4(self, out: Bytes, p: Packets, at: Ints, size: Ints, protocol: int) -> None:
        ident = (p.seq ^ p.time_us) & 0xFFFF
        total, ttl = 20 + size, np.where(p.up == 1, 64, 55)
        checked = 0x4500 + total + ident + 0x4000 + ttl * 256 + protocol + self.address_sums[p.flow]
        _put16(out, at, np.full(len(p), 0x4500))
        for offset, value in ((2, total), (4, ident), (6, total * 0 + 0x4000), (8, ttl * 256 + protocol)):
            _put16(out, at + offset, value)
        _put16(out, at + 10, _checksum(checked))
        out[at[:, None] + np.arange(12, 16)] = self.addresses[p.flow, p.up, :4]
        out[at[:, None] + np.arange(16, 20)] = self.addresses[p.flow, 1 - p.up, :4]

    def _ipv6(self, out: Bytes, p: Packets, at: Ints, size: Ints, protocol: int) -> None:
        out[at] = 0x60
        _put16(out, at + 4, size)
        _put16(out, at + 6, protocol * 256 + np.where(p.up == 1, 64, 55))
        out[at[:, None] + np.arange(8, 24)] = self.addresses[p.flow, p.up]
        out[at[:, None] + np.arange(24, 40)] = self.addresses[p.flow, 1 - p.up]

    def _tcp(self, out: Bytes, p: Packets, at: Ints, sums: Ints) -> None:
        clock, echo = (time // 1000 & 0xFFFFFFFF for time in (p.time_us, p.echo))
        words = (
            (0, self.ports[p.flow, p.up]),
            (2, self.ports[p.flow, 1 - p.up]),
            *_halves(4, p.seq),
            *_halves(8, p.ack),
            (12, 0x8000 + p.flags),
            (14, np.full(len(p), WINDOW)),
            (20, np.full(len(p), 0x0101)),  # NOP NOP, then the timestamps option (RFC 7323 §3.2)
            (22, np.full(len(p), 0x080A)),
            *_halves(24, clock),
            *_halves(28, echo),
        )
        for offset, value in words:
            _put16(out, at + offset, value)
            sums = sums + value
        _put16(out, at + 16, _checksum(sums))

    def _udp(self, out: Bytes, p: Packets, at: Ints, sums: Ints) -> None:
        source, destination, size = self.ports[p.flow, p.up], self.ports[p.flow, 1 - p.up], 8 + p.length
        for offset, value in ((0, source), (2, destination), (4, size)):
            _put16(out, at + offset, value)
        checksum = _checksum(sums + source + destination + size)
        _put16(out, at + 6, np.where(checksum == 0, 0xFFFF, checksum))  # RFC 768: zero means none


def _copy(out: Bytes, at: Ints, pool: Bytes, spots: Ints, sizes: Ints) -> None:
    """Copy `sizes[i]` bytes from `pool[spots[i]]` to `out[at[i]]`."""
    target, source = memoryview(out), memoryview(pool)
    for start, spot, size in zip(at.tolist(), spots.tolist(), sizes.tolist(), strict=True):
        if size:
            target[start : start + size] = source[spot : spot + size]


def _data(pairs: list[tuple[bytes, bytes]], width: int) -> Bytes:
    return np.frombuffer(b"".join(a + b for a, b in pairs), np.uint8).reshape(-1, 2, width)


def _word_sum(data: bytes) -> int:
    return int(np.frombuffer(data + b"\0" * (len(data) % 2), ">u2").sum(dtype=np.int64))


def _halves(offset: int, value: Ints) -> tuple[tuple[int, Ints], tuple[int, Ints]]:
    return (offset, value >> 16 & 0xFFFF), (offset + 2, value & 0xFFFF)


def _checksum(sums: Ints) -> Ints:
    for _ in range(3):
        sums = (sums & 0xFFFF) + (sums >> 16)
    return ~sums & 0xFFFF


def _put16(out: Bytes, at: Ints, value: Ints) -> None:
    out[at] = value >> 8 & 255
    out[at + 1] = value & 255


def _put32le(out: Bytes, at: Ints, value: Ints) -> None:
    for byte in range(4):
        out[at + byte] = value >> 8 * byte & 255
