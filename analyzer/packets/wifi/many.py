"""Many CCMP frames of known keys at once (IEEE 802.11-2020 §12.5.3): their headers are read as columns.

What is opened here is what `session` would open frame by frame, with the same check of integrity; whatever
doesn't open, or is out of the ordinary, is left to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .ciphers import CONTROL_MASK, aes_ccm, opened
from .frames import EAPOL_SNAP, FROM_DS, ORDER, PROTECTED, RETRY, TO_DS, has_check_sequence, start_of

Octets = NDArray[np.uint8]
Rows = NDArray[np.int64]

# Fewer frames of a key than these are opened as quickly one by one.
WORTHWHILE = 16
# Octets of a frame that are looked at: the largest header without a fourth address, and CCMP's own.
LOOK = 24 + 2 + 4 + 8
GROUP_BIT = 1
MIC, CCMP_HEADER, NONCE = 8, 8, 13
# Octets that are authenticated besides, without QoS and with (§12.5.3.3.3).
BOUND, BOUND_QOS = 22, 24


class Opened(NamedTuple):
    """A frame and what was in it."""

    bssid: bytes
    station: bytes
    transmitter: bytes
    tid: int  # -1 without QoS
    sequence: int
    retry: bool
    aggregate: bool
    destination: bytes
    source: bytes
    payload: bytes


class _Heads(NamedTuple):
    """Frames that may be opened, a row each."""

    row: Rows
    head: Octets  # (rows, LOOK)
    body: Rows  # position of the CCMP header
    length: Rows  # octets of plain payload


KeyOf = Callable[[bytes, bytes], bytes | None]


def opened_frames(data: Octets, start: Rows, end: Rows, link: int, key_of: KeyOf) -> dict[int, Opened]:
    """Frames between `start` and `end` that the key of their client opens, by row.

    `key_of` gives the temporal key of a BSSID and station, or None where there is none for CCMP-128.
    """
    heads = _candidates(data, start, end, link)
    found: dict[int, Opened] = {}
    for (bssid, station), rows in _by_client(heads).items():
        key = key_of(bssid, station) if len(rows) >= WORTHWHILE else None
        if key is not None:
            of_client = _Heads(heads.row[rows], heads.head[rows], heads.body[rows], heads.length[rows])
            found |= _opened(data, of_client, key, bssid, station)
    return found


def _candidates(data: Octets, start: Rows, end: Rows, link: int) -> _Heads:
    """Protected data frames between a station and its access point, of three addresses."""
    before = [start_of(bytes(data[s : s + 8]), link) for s in start.tolist()] if link != 105 else 0
    mac = start + np.asarray(before, np.int64)
    row = ((end - mac) >= LOOK + MIC).nonzero()[0]
    head = data[mac[row, None] + np.arange(LOOK)]
    control, flags = head[:, 0], head[:, 1]
    direction = flags & (TO_DS | FROM_DS)
    fits = (control & 0x4C == 0x08) & (flags & PROTECTED != 0) & (direction > 0) & (direction < 3)
    fits &= head[:, 4] & GROUP_BIT == 0
    row, head, control, flags = row[fits], head[fits], control[fits], flags[fits]
    is_qos = control & 0x80 != 0
    size = 24 + is_qos * (2 + 4 * (flags & ORDER != 0))
    body = mac[row] + size
    checked = 4 if len(row) and has_check_sequence(bytes(data[mac[row[0]] : end[row[0]]])) else 0
    length = end[row] - body - CCMP_HEADER - MIC - checked
    extended = data[body + 3] & 0x20 != 0
    kept = (extended & (length >= 8) & (length < 1 << 16)).nonzero()[0]
    return _Heads(row[kept], head[kept], body[kept], length[kept])


def _by_client(heads: _Heads) -> dict[tuple[bytes, bytes], list[int]]:
    """(BSSID, station) → positions in `heads`."""
    found: dict[tuple[bytes, bytes], list[int]] = defaultdict(list)
    pairs = heads.head[:, 4:16].tobytes()  # receiver and transmitter
    to_ap = (heads.head[:, 1] & TO_DS != 0).tolist()
    for at, up in enumerate(to_ap):
        one, other = pairs[12 * at : 12 * at + 6], pairs[12 * at + 6 : 12 * at + 12]
        found[(one, other) if up else (other, one)].append(at)
    return found


def _opened(data: Octets, heads: _Heads, key: bytes, bssid: bytes, station: bytes) -> dict[int, Opened]:
    head = heads.head
    is_qos = head[:, 0] & 0x80 != 0
    tid = np.where(is_qos, head[:, 24].astype(np.int64) & 15, -1)
    columns = (
        heads.row, heads.body + CCMP_HEADER, heads.length, tid,
        head[:, 22].astype(np.int64) | head[:, 23].astype(np.int64) << 8,
        head[:, 1] & RETRY != 0, is_qos & (head[:, 24] & 0x80 != 0), head[:, 1] & TO_DS != 0,
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), _secrets(data, heads), strict=True)
    cipher, octets, found = aes_ccm(key, MIC), data.data, {}
    for row, at, length, tid, sequence, retry, aggregate, up, (nonce, bound) in rows:
        payload = opened(cipher, nonce, octets[at : at + length + MIC], bound)
        if payload is not None and not payload.startswith(EAPOL_SNAP):
            receiver, sender, third = bound[2:8], bound[8:14], bound[14:20]
            ends = (third, sender) if up else (receiver, third)
            found[row] = Opened(bssid, station, sender, tid, sequence, retry, aggregate, *ends, payload)
    return found


def _secrets(data: Octets, heads: _Heads) -> list[tuple[bytes, bytes]]:
    """(nonce, what is authenticated besides) of each frame (§12.5.3.3.3, §12.5.3.3.4)."""
    head, count = heads.head, len(heads.row)
    is_qos = head[:, 0] & 0x80 != 0
    tid = np.where(is_qos, head[:, 24] & 15, 0)
    nonce = np.empty((count, NONCE), np.uint8)
    nonce[:, 0], nonce[:, 1:7] = tid, head[:, 10:16]
    nonce[:, 7:] = data[heads.body[:, None] + np.array((7, 6, 5, 4, 1, 0))]
    bound = np.zeros((count, BOUND_QOS), np.uint8)
    bound[:, 0] = head[:, 0] & CONTROL_MASK[0]
    bound[:, 1] = head[:, 1] & CONTROL_MASK[1] & np.where(is_qos, 0x7F, 0xFF) | PROTECTED
    bound[:, 2:20] = head[:, 4:22]
    bound[:, 20] = head[:, 22] & 0x0F
    bound[:, 22] = tid
    nonces, bounds = nonce.tobytes(), bound.tobytes()
    sizes = np.where(is_qos, BOUND_QOS, BOUND).tolist()
    return [
        (nonces[NONCE * i : NONCE * (i + 1)], bounds[BOUND_QOS * i : BOUND_QOS * i + size])
        for i, size in enumerate(sizes)
    ]
