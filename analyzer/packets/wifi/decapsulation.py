"""The Wi-Fi frames of a batch → the Ethernet frames inside them, in the order in which they came."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analyzer.core.kernels import run_kernel
from analyzer.packets.wifi import kernel
from analyzer.packets.wifi.ccm import Bytes, Rows
from analyzer.packets.wifi.ccmp_batch import Flags, OpenedFrames
from analyzer.packets.wifi.frames import ethernet_frames
from analyzer.packets.wifi.kernel import AGAIN, BEFORE, IS_AGGREGATE, LENGTH, ROW, SENDER
from analyzer.packets.wifi.networks import WifiSession

# Link types with something of the capturing card in front of the MAC header.
PRISM, RADIOTAP, AVS, PPI = 119, 127, 163, 192
PRISM_LENGTH = 144
# How an AVS header begins, also under Prism's link type.
AVS_MAGIC = 0x8021
CARD_LOOK = 8  # bytes of it that tell its length
SHORTEST = 24  # bytes of a MAC header


class Inside(NamedTuple):
    """Ethernet frames, a row each, and what else the frames of the batch told.

    Rows of the batch are counted among those that were given.
    """

    data: bytearray
    row: Rows  # the frame that each was in
    at: Rows  # position in `data`
    length: Rows
    repeated: Rows  # frames that repeat one already seen
    asked: list[tuple[int, str, bytes]]  # row, request, MAC address of the station


def inside_frames(session: WifiSession, data: Bytes, start: Rows, end: Rows, link: Rows) -> Inside:
    """What is in the frames between `start` and `end`; each has a LINKTYPE_ of Wi-Fi.

    Frames that are readable as they stand give nothing: they are read in place. `Inside.data` is used again
    for the next batch.
    """
    mac = _mac_positions(data, start, end, link)
    opened = session.open_many(data, mac, end)
    further = _Further(session, data, mac, end)
    again = further.read(opened)
    session.note_opened(opened, ~again)
    is_aggregate = opened.column(IS_AGGREGATE) != 0
    for index in (is_aggregate & ~again).nonzero()[0].tolist():
        further.take_apart(opened, index)
    row, at, length = _in_place(data, mac, opened, ~again & ~is_aggregate)
    raw, made_row, made_at, made_length = _behind(session, opened, further.made)
    row, at = np.concatenate((row, made_row)), np.concatenate((at, made_at))
    length, order = np.concatenate((length, made_length)), np.argsort(row, kind="stable")
    repeated = np.concatenate((opened.column(ROW)[again], np.array(further.repeated, np.int64)))
    return Inside(raw, row[order], at[order], length[order], repeated, further.asked)


class _Further:
    """What the session reads frame by frame; of opened frames it is told what it needs for repetitions."""

    def __init__(self, session: WifiSession, data: Bytes, mac: Rows, end: Rows) -> None:
        self._session, self._data, self._mac, self._end = session, data, mac, end
        self.made: list[tuple[int, bytes]] = []
        self.repeated: list[int] = []
        self.asked: list[tuple[int, str, bytes]] = []

    def read(self, opened: OpenedFrames) -> Flags:
        """Read the frames that were not opened, in turn with the others; gives which of those come again."""
        of_note = self._of_note()
        of_note[opened.column(ROW)] = False
        other = of_note.nonzero()[0]
        told = _to_be_told(opened, other).nonzero()[0]
        row = np.concatenate((other, opened.column(ROW)[told]))
        which = np.concatenate((np.full(len(other), -1), told))
        order = np.argsort(row)
        numbers, again = opened.numbers, np.zeros(len(opened), np.bool_)
        for at, index in zip(row[order].tolist(), which[order].tolist(), strict=True):
            if index < 0:
                self._take(at)
                continue
            sender, sequence, retry = numbers[index, SENDER : AGAIN + 1].tolist()
            again[index] = self._session.comes_again(sender, sequence, bool(retry))
            if not again[index]:
                self._session.note_cipher(*opened.clients[opened.client[index]])
        return again

    def _of_note(self) -> Flags:
        """Frames of management, and of data where there are any."""
        noted = self._end - self._mac >= SHORTEST
        control = self._data[self._mac[noted]]
        # The type stands in two bits, and that there are no data in the third of the subtype (§9.2.4.1.3).
        noted[noted] = (control & 0x0C == 0) | (control & 0x4C == 0x08)
        return noted

    def _take(self, row: int) -> None:
        frames, is_retry = self._session.take(bytes(self._data[self._mac[row] : self._end[row]]))
        if is_retry:
            self.repeated.append(row)
        self.made += [(row, frame) for frame in frames]
        if self._session.asked:
            self.asked.append((row, *self._session.asked))

    def take_apart(self, opened: OpenedFrames, index: int) -> None:
        """The packets of an opened aggregate."""
        at = int(opened.at[index])
        payload = bytes(opened.room[at : at + int(opened.column(LENGTH)[index])])
        row = int(opened.column(ROW)[index])
        self.made += [(row, frame) for frame in ethernet_frames(True, b"", b"", payload)]


def _to_be_told(opened: OpenedFrames, other: Rows) -> Flags:
    """Opened frames of which the session has to know: those sent again, and the last one before such a frame.

    Any of the `other` frames may be one; so may the next batch's first.
    """
    order = np.argsort(opened.column(SENDER), kind="stable")
    sender, again = opened.column(SENDER)[order], opened.column(AGAIN)[order] != 0
    others_before = np.searchsorted(other, opened.column(ROW)[order])
    needed = again.copy()
    needed[-1:] = True
    needed[:-1] |= again[1:] | (sender[1:] != sender[:-1]) | (others_before[1:] != others_before[:-1])
    told = np.empty(len(order), np.bool_)
    told[order] = needed
    return told


def _in_place(data: Bytes, mac: Rows, opened: OpenedFrames, wanted: Flags) -> tuple[Rows, Rows, Rows]:
    """(row, position, length) of Ethernet frames made where the payloads are.

    The EtherType stands already behind the place of the addresses, at the end of the SNAP header (RFC 1042).
    """
    room, made = np.frombuffer(opened.room, np.uint8), wanted.astype(np.int64)
    if len(opened):
        arguments = (mac, opened.numbers.reshape(-1), opened.at, room, made)
        run_kernel(kernel.address_packets, data, *arguments)
    rows = made.nonzero()[0]
    at, length = opened.at[rows] - BEFORE, opened.column(LENGTH)[rows] + BEFORE
    return opened.column(ROW)[rows], at, length


def _behind(
    session: WifiSession, opened: OpenedFrames, made: list[tuple[int, bytes]]
) -> tuple[bytearray, Rows, Rows, Rows]:
    """(bytes, row, position, length) of Ethernet frames that are put behind what was opened."""
    length = np.array([len(frame) for _, frame in made], np.int64)
    at = opened.used + np.cumsum(length) - length
    data = session.room.of(opened.used + int(length.sum()), kept=opened.used)
    for first, (_, frame) in zip(at.tolist(), made, strict=True):
        data[first : first + len(frame)] = frame
    return data, np.array([row for row, _ in made], np.int64), at, length


def _mac_positions(data: Bytes, start: Rows, end: Rows, link: Rows) -> Rows:
    """Where the MAC headers begin behind what the capturing card put before them."""
    mac = start.copy()
    rows = (np.isin(link, (PRISM, RADIOTAP, AVS, PPI)) & (end - start >= CARD_LOOK)).nonzero()[0]
    if len(rows):
        head, kind = data[start[rows, None] + np.arange(CARD_LOOK)], link[rows]
        is_avs = (kind == AVS) | (kind == PRISM) & (head[:, :2].copy().view(">u2")[:, 0] == AVS_MAGIC)
        little, big = head[:, 2:4].copy().view("<u2")[:, 0], head[:, 4:8].copy().view(">u4")[:, 0]
        mac[rows] += np.where(is_avs, big, np.where(kind == PRISM, PRISM_LENGTH, little))
    return mac
