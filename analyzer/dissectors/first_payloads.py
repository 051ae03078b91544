"""The first payloads of many flows as columns, and how a form is asked of them all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.packets import packet_table

# Bytes of a first payload that are looked at.
LOOKED_AT = 96

Bools = Any  # NDArray[np.bool_]: numpy's stubs don't tell what a comparison gives
Ints = NDArray[np.int64]

ANY, TCP, UDP = 0, packet_table.TCP, packet_table.UDP


@dataclass(frozen=True, slots=True)
class FirstPayloads:
    """One row a payload. `data` has shape (rows, LOOKED_AT), zeros behind a payload's end."""

    data: NDArray[np.uint8]
    length: Ints  # of the whole payload as captured
    transport: Ints  # TCP or UDP
    ports: Ints  # shape (rows, 2), source first

    def __len__(self) -> int:
        return len(self.data)

    def take(self, rows: NDArray[np.intp] | Bools) -> FirstPayloads:
        """Some of the rows."""
        return FirstPayloads(self.data[rows], self.length[rows], self.transport[rows], self.ports[rows])

    def u8(self, at: int) -> Ints:
        """The byte at a position, 0 where the payload is shorter."""
        return self.data[:, at].astype(np.int64)

    def u16(self, at: int) -> Ints:
        return self.u8(at) << 8 | self.u8(at + 1)

    def u32(self, at: int) -> Ints:
        return self.u16(at) << 16 | self.u16(at + 2)

    def port(self, *numbers: int) -> Bools:
        """Whether either side uses one of these ports."""
        found = self.ports == numbers[0]
        for number in numbers[1:]:
            found = found | (self.ports == number)
        return found[:, 0] | found[:, 1]


class FirstPayload(NamedTuple):
    """What a protocol's first payload looks like; `fits` answers for each row."""

    name: str
    transport: int
    fits: Callable[[FirstPayloads], Bools]


def is_at(position: int, data: bytes) -> Callable[[FirstPayloads], Bools]:
    """A question whether these bytes stand at a position."""
    wanted = np.frombuffer(data, np.uint8)

    def fits(firsts: FirstPayloads) -> Bools:
        here = firsts.data[:, position : position + len(wanted)]
        return np.asarray((here == wanted).all(axis=1)) & (firsts.length >= position + len(wanted))

    return fits


def starts(*texts: bytes) -> Callable[[FirstPayloads], Bools]:
    """A question whether a payload starts with one of these."""
    questions = [is_at(0, text) for text in texts]

    def fits(firsts: FirstPayloads) -> Bools:
        return np.logical_or.reduce([question(firsts) for question in questions])

    return fits


def firsts_of(
    data: NDArray[np.uint8], start: Ints, length: Ints, transport: Ints, ports: Ints
) -> FirstPayloads:
    """The payloads that begin at `start` in a batch's bytes; `length` is what was captured of each."""
    at = start[:, None] + np.arange(LOOKED_AT)
    inside = np.arange(LOOKED_AT) < length[:, None]
    found = data[np.where(inside, at, 0)]
    found[~inside] = 0
    return FirstPayloads(found, length, transport, ports)
