"""Many CCMP frames of known keys at once (IEEE 802.11-2020 §12.5.3): their headers are read as columns.

What is opened here is what `session` would open frame by frame, with the same check of integrity; whatever
doesn't open, or is out of the ordinary, is left to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.core.kernels import is_compiled, run_kernel
from analyzer.packets.wifi import kernel
from analyzer.packets.wifi.ccm import Bytes, Rows, Sealed, WorkBuffers, blocks_of, open_ccm
from analyzer.packets.wifi.frames import EAPOL_SNAP, has_check_sequence
from analyzer.packets.wifi.kernel import AP, AT, BLOCK, HEADS, LENGTH, NUMBERS, STATION, TRAFFIC_IDS

Flags = NDArray[np.bool_]

# Fewer frames of a client than these are opened as quickly one by one; uncompiled, any number is.
WORTHWHILE = {True: 256, False: 1 << 62}
ADDRESS = 6  # bytes
# Frames of a batch, about, that are asked whether check sequences were left behind them.
ASKED = 16

Client = tuple[bytes, bytes]  # BSSID and station
KeyOf = Callable[[bytes, bytes], bytes | None]


@dataclass(frozen=True, slots=True)
class OpenedFrames:
    """Frames that were opened, a row each in their order, and where in `room` their payloads are.

    In front of each payload is a block that nothing is in.
    """

    room: bytearray
    used: int  # bytes of it
    numbers: Rows  # (rows, NUMBERS): the columns of `kernel`
    at: Rows
    client: Rows  # position in `clients`
    clients: list[Client]

    def __len__(self) -> int:
        return len(self.at)

    def column(self, which: int) -> Rows:
        """One of the columns of `kernel`."""
        return self.numbers[:, which]


class FrameBuffer:
    """Bytes for what is made of a batch; the next batch uses them again."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.scratch = WorkBuffers()

    def of(self, size: int, kept: int = 0) -> bytearray:
        """At least so many bytes, the first of which stay as they are."""
        if len(self._data) < size:
            fresh = bytearray(size + size // 4)
            fresh[:kept] = memoryview(self._data)[:kept]
            self._data = fresh
        return self._data


def sender_of(transmitter: bytes, tid: int) -> int:
    """A number for who counts frames: a transmitter, for each traffic identifier apart (-1 without QoS)."""
    return int.from_bytes(transmitter, "big") * TRAFFIC_IDS + tid + 1


def opened_frames(data: Bytes, mac: Rows, end: Rows, key_of: KeyOf, room: FrameBuffer) -> OpenedFrames:
    """Frames between `mac`, where their headers begin, and `end` that the key of their client opens.

    `key_of` gives the temporal key of a BSSID and station, or None where there is none for CCMP-128.
    """
    worthwhile = WORTHWHILE[is_compiled()]
    if len(mac) < worthwhile:
        return nothing_opened(room)
    numbers, heads = _sealed_frames(data, mac, end)
    clients, client = _clients(numbers)
    size = 1 + blocks_of(numbers[:, LENGTH])
    block = np.cumsum(size) - size + 1
    used = BLOCK * int(size.sum())
    raw = room.of(used)
    plain = np.frombuffer(raw, np.uint64, 2 * (used // BLOCK)).reshape(-1, 2)
    right = np.zeros(len(numbers), np.bool_)
    for number, count in enumerate(np.bincount(client, minlength=len(clients)).tolist()):
        key = key_of(*clients[number]) if count >= worthwhile else None
        if key is not None:
            rows = (client == number).nonzero()[0]
            sealed = Sealed(numbers[rows, AT], numbers[rows, LENGTH], heads[rows])
            right[rows] = open_ccm(key, data, sealed, plain, block[rows], room.scratch)
    # Keys that come under older keys are for the session to read.
    right &= plain[block, 0] != np.frombuffer(EAPOL_SNAP, np.uint64)
    return OpenedFrames(raw, used, numbers[right], BLOCK * block[right], client[right], clients)


def nothing_opened(room: FrameBuffer) -> OpenedFrames:
    """No frames."""
    none = np.empty(0, np.int64)
    return OpenedFrames(room.of(0), 0, none.reshape(0, NUMBERS), none, none, [])


def _sealed_frames(data: Bytes, mac: Rows, end: Rows) -> tuple[Rows, NDArray[np.uint64]]:
    """(columns, first blocks) of frames that may be opened."""
    numbers = np.empty((len(mac), NUMBERS), np.int64)
    heads = np.empty((len(mac), HEADS * BLOCK), np.uint8)
    arguments = (mac, end, _check_bytes(data, mac, end), numbers.reshape(-1), heads.reshape(-1))
    count = run_kernel(kernel.sealed_frames, data, *arguments)
    return numbers[:count], heads[:count].view(np.uint64).reshape(-1, HEADS, 2)


def _check_bytes(data: Bytes, mac: Rows, end: Rows) -> int:
    """How many bytes of a check sequence are behind each frame: some are asked, and may be damaged."""
    long_enough = (end - mac > 28).nonzero()[0]
    asked = long_enough[:: max(len(long_enough) // ASKED, 1)].tolist()
    found = sum(has_check_sequence(bytes(data[mac[row] : end[row]])) for row in asked)
    return 4 if 4 * found > len(asked) else 0


def _clients(numbers: Rows) -> tuple[list[Client], Rows]:
    """(clients, the position of each frame's client among them)."""
    aps, of_ap = np.unique(numbers[:, AP], return_inverse=True)
    stations, of_station = np.unique(numbers[:, STATION], return_inverse=True)
    pairs, client = np.unique(of_ap * len(stations) + of_station, return_inverse=True)
    found = [divmod(pair, len(stations)) for pair in pairs.tolist()]
    return [(_data(aps[one]), _data(stations[other])) for one, other in found], client


def _data(address: np.int64) -> bytes:
    return int(address).to_bytes(ADDRESS, "big")
