"""Blocks of a pcapng section to what they say: its byte order, interfaces, statistics, names, secrets.

Block types and options are those of draft-ietf-opsawg-pcapng §4. Nothing of a section outlives it.
"""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.metadata import MOST_INTERFACES_LISTED, CaptureMetadata, text_of
from analyzer.capture.pcap import FCS_MATTERS
from analyzer.capture.record_walk import CUSTOM, CUSTOM_UNCOPIED, INTERFACE_WIDTH, JOURNAL, MOST_SECONDS
from analyzer.model import Interface

BYTE_ORDERS = {b"\x4d\x3c\x2b\x1a": False, b"\x1a\x2b\x3c\x4d": True}

OPT_END, OPT_COMMENT = 0, 1
# Options of the section header, and what they name.
MADE_WITH = {2: "hardware", 3: "operating system", 4: "application"}
IF_TEXTS = {2: "name", 3: "description", 12: "system", 15: "hardware"}
IF_TSRESOL, IF_FILTER, IF_FCSLEN, IF_TSOFFSET = 9, 11, 13, 14
FILTER_TEXT, FILTER_BPF = 0, 1
ISB_COUNTS = {4: "received", 5: "dropped", 7: "dropped_by_system"}
DUMPCAP_SAYS = b"Counters provided by dumpcap"  # beside every statistics block of dumpcap's
NS_DNSNAME, NS_DNS_IPV4, NS_DNS_IPV6 = 2, 3, 4

# Records of a name resolution block: how many bytes the address has, and its family where it is IP.
NAMED = {1: (4, socket.AF_INET), 2: (16, socket.AF_INET6), 3: (6, None)}
NAMES_OF_RECORD = 20

SECRETS_KINDS = {
    0x544C534B: "TLS key log",
    0x5353484B: "SSH key log",
    0x57474B4C: "WireGuard key log",
    0x5A4E574B: "ZigBee network key",
    0x5A415053: "ZigBee application key",
    0x55414B4C: "OPC UA key log",
}

PASSED_OVER = {JOURNAL: "systemd journal entry", CUSTOM: "custom block", CUSTOM_UNCOPIED: "custom block"}


class Section:
    """The byte order and the interfaces of the section being read."""

    def __init__(self, account: CaptureMetadata) -> None:
        self.account = account
        self.big = False
        self.count = 0
        # Rows as the kernel takes them.
        self.interfaces: NDArray[np.int64] = np.zeros((8, INTERFACE_WIDTH), np.int64)
        self._first_listed = 0

    def begin(self, big: bool) -> None:
        """A new section: interfaces are counted from 0 again."""
        self.big, self.count = big, 0
        self._first_listed = len(self.account.interfaces)

    def number(self, data: bytes, signed: bool = False) -> int:
        return int.from_bytes(data, "big" if self.big else "little", signed=signed)

    def options(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(code, value) of each option up to the end mark; one that is cut is passed over."""
        position = 0
        while position + 4 <= len(data):
            code, length = struct.unpack_from(">HH" if self.big else "<HH", data, position)
            if code == OPT_END or position + 4 + length > len(data):
                return
            yield code, data[position + 4 : position + 4 + length]
            position += 4 + (length + 3 & ~3)

    # ── blocks, without their type and their lengths ────────────────────

    def take_header(self, body: bytes) -> None:
        """Options of the section header."""
        for code, value in self.options(body[16:]):
            if code == OPT_COMMENT:
                self.account.comment(value, "capture")
            elif code in MADE_WITH and value:
                self.account.made_with.setdefault(MADE_WITH[code], text_of(value))

    def take_interface(self, body: bytes) -> None:
        """An interface description of at least 8 bytes."""
        link, snaplen = self.number(body[:2]), self.number(body[4:8])
        shrink, units, offset, fcs = 1, 1_000_000, 0, 0
        texts: dict[str, Any] = {}
        comments = []
        for code, value in self.options(body[8:]):
            if code == OPT_COMMENT:
                comments.append(value)
            elif code in IF_TEXTS:
                texts[IF_TEXTS[code]] = text_of(value)
            elif code == IF_FILTER:
                texts["filter"] = _filter(value)
            elif code == IF_TSRESOL and value:
                shrink, units = resolution(value[0])
            elif code == IF_TSOFFSET and len(value) == 8:
                offset = min(max(self.number(value, signed=True), -MOST_SECONDS), MOST_SECONDS)
            elif code == IF_FCSLEN and value and link in FCS_MATTERS:
                fcs = fcs_bytes(value[0])
        self._add((link, snaplen, shrink, units, offset, fcs))
        if len(self.account.interfaces) < MOST_INTERFACES_LISTED:
            self.account.interfaces.append(Interface(snaplen=snaplen, **texts))
        for value in comments:
            self.account.comment(value, f"interface {texts.get('name', '')}".strip())

    def take_statistics(self, body: bytes) -> None:
        """Interface statistics: running counts, so that the last ones hold."""
        counts: dict[str, Any] = {}
        for code, value in self.options(body[12:]):
            if code == OPT_COMMENT:
                if value != DUMPCAP_SAYS:
                    self.account.comment(value, "statistics")
            elif code in ISB_COUNTS and len(value) == 8 and (count := self.number(value)) < 1 << 63:
                counts[ISB_COUNTS[code]] = count
        at = self._first_listed + self.number(body[:4])
        if at < len(self.account.interfaces):
            self.account.interfaces[at] = replace(self.account.interfaces[at], **counts)

    def take_names(self, body: bytes) -> None:
        """Names of addresses, with the name server they are said to be from."""
        records, position = [], 0
        while position + 4 <= len(body):
            kind, length = struct.unpack_from(">HH" if self.big else "<HH", body, position)
            records.append((kind, body[position + 4 : position + 4 + length]))
            position += 4 + (length + 3 & ~3)
            if kind == OPT_END:
                break
        server = self._name_server(body[position:])
        for kind, value in records:
            size, family = NAMED.get(kind, (0, None))
            if size and len(value) > size:
                address = socket.inet_ntop(family, value[:size]) if family else value[:size].hex(":")
                names = value[size:].split(b"\0", NAMES_OF_RECORD)[:NAMES_OF_RECORD]
                for name in filter(None, names):
                    self.account.name(address, name, server)

    def _name_server(self, data: bytes) -> str:
        found = []
        for code, value in self.options(data):
            if code == OPT_COMMENT:
                self.account.comment(value, "names")
            elif code == NS_DNSNAME:
                found.append(text_of(value))
            elif (code, len(value)) in ((NS_DNS_IPV4, 4), (NS_DNS_IPV6, 16)):
                found.append(socket.inet_ntop(socket.AF_INET if len(value) == 4 else socket.AF_INET6, value))
        return " ".join(found)

    def take_secrets(self, body: bytes) -> None:
        """Keys that open encrypted traffic: named, never used."""
        self.account.secrets[SECRETS_KINDS.get(self.number(body[:4]), "secrets of another kind")] += 1

    def _add(self, row: tuple[int, ...]) -> None:
        if self.count == len(self.interfaces):
            self.interfaces = np.vstack([self.interfaces, np.zeros_like(self.interfaces)])
        self.interfaces[self.count] = row
        self.count += 1


def count_passed(counted: Counter[str], kind: int, count: int = 1) -> None:
    """Count blocks that were passed over."""
    if count:
        counted[PASSED_OVER.get(kind, "block of another type")] += count


def resolution(byte: int) -> tuple[int, int]:
    """(divisor, units a second) of an if_tsresol byte: a negative power of 10, or of 2 with bit 7.

    Finer units than nanoseconds are divided first, so that 63 bits hold every product; a divisor of 0 is
    for those of which 64 bits hold less than a nanosecond or two.
    """
    power = byte & 0x7F
    if byte & 0x80:
        return (1 << max(power - 30, 0) if power <= 92 else 0), 1 << min(power, 30)
    return (10 ** max(power - 9, 0) if power <= 27 else 0), 10 ** min(power, 9)


def fcs_bytes(value: int) -> int:
    """Bytes of a check sequence: the option has bits, and some writers put bytes."""
    return value if value < 8 else value // 8


def _filter(value: bytes) -> str:
    if value[:1] == bytes([FILTER_TEXT]):
        return text_of(value[1:])
    if value[:1] == bytes([FILTER_BPF]):
        return f"BPF bytecode of {len(value) // 8:,} instructions"
    return f"in an unknown form ({len(value):,} bytes)"
