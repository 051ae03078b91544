"""The first bytes of flows to how they are spread: entropy in bits a byte, and the share of text."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.flows.flow_ids import New, moved

Column = NDArray[np.int64]

# Bytes looked at of a flow, and flows looked at; further ones are counted.
SAMPLE, MOST_FLOWS = 1024, 4096
# Fewer bytes than these say nothing of a spread.
ENOUGH = 128
# How far below the entropy of random bytes a sample may lie and still look encrypted or compressed.
MARGIN = 0.3
# A sample is text where at least this share of it is printable, tab or line end.
TEXT_SHARE = 0.95
SHORTEST_TEXT = 8

_IS_TEXT = np.zeros(256, np.bool_)
_IS_TEXT[[9, 10, 13, *range(32, 127)]] = True


class ByteSpread(NamedTuple):
    """How the first bytes of a flow are spread."""

    size: int  # how many were looked at
    entropy: float  # Shannon's, bits a byte: 0 to 8
    text: float  # share of printable bytes

    @property
    def is_text(self) -> bool:
        return self.size >= SHORTEST_TEXT and self.text >= TEXT_SHARE

    @property
    def is_enough(self) -> bool:
        return self.size >= ENOUGH

    @property
    def looks_random(self) -> bool:
        """Whether encrypted or compressed data looks like this; so does much else, rarely."""
        return self.is_enough and self.entropy >= random_entropy(self.size) - MARGIN


class Samples:
    """Counts the bytes of each flow's beginning, both directions together, over the batches of a capture."""

    def __init__(self) -> None:
        self.left_out = 0  # flows beyond the limit
        self._slots: dict[int, int] = {}  # flow → row of the counts
        self._counts: NDArray[np.uint16] = np.zeros((0, 256), np.uint16)

    def add(self, data: NDArray[np.uint8], flow: Column, start: Column, length: Column) -> list[int]:
        """Payloads in the order of capture, one row each; gives the flows of which nothing more is wanted."""
        order = np.argsort(flow, kind="stable")
        flow, start, length = flow[order], start[order], length[order]
        flows, first, group = np.unique(flow, return_index=True, return_inverse=True)
        slots = np.array([self._slot(f) for f in flows.tolist()], np.int64)
        had = np.where(slots < 0, SAMPLE, self._counts[slots].sum(axis=1, dtype=np.int64))
        before = np.cumsum(length) - length
        before += (had - before[first])[group]
        taken = np.clip(SAMPLE - before, 0, length)
        ends = np.cumsum(taken)
        at = np.repeat(start - (ends - taken), taken) + np.arange(ends[-1])
        keys = np.repeat(slots[group] * 256, taken) + data[at]
        values, times = np.unique(keys, return_counts=True)
        self._counts.reshape(-1)[values] += times.astype(np.uint16)
        full = (had + np.bincount(group, weights=taken, minlength=len(flows))) >= SAMPLE
        return [int(f) for f in flows[full]]

    def spreads(self) -> dict[int, ByteSpread]:
        """Of each flow that was looked at."""
        found = ((flow, spread(self._counts[slot])) for flow, slot in self._slots.items())
        return {flow: seen for flow, seen in found if seen is not None}

    def renumber(self, new: New) -> None:
        """Go on with new numbers of flows (`flows.renumbering`)."""
        slots = moved(self._slots, new)
        self._counts = self._counts[list(slots.values())]
        self._slots = {flow: slot for slot, flow in enumerate(slots)}

    def _slot(self, flow: int) -> int:
        known = self._slots.get(flow)
        if known is not None:
            return known
        if len(self._slots) >= MOST_FLOWS:
            self.left_out += 1
            return -1
        slot = self._slots[flow] = len(self._slots)
        if slot >= len(self._counts):
            room = np.zeros((max(64, len(self._counts)), 256), np.uint16)
            self._counts = np.concatenate([self._counts, room])
        return slot


def spread(counts: NDArray[np.uint16]) -> ByteSpread | None:
    """Of how often each byte occurs; None where none does."""
    total = int(counts.sum(dtype=np.int64))
    if not total:
        return None
    share = counts[counts > 0] / total
    # Adding zero turns the -0.0 of a single value into 0.0.
    return ByteSpread(
        total, float(-(share * np.log2(share)).sum()) + 0.0, float(counts[_IS_TEXT].sum() / total)
    )


@lru_cache(maxsize=SAMPLE)
def random_entropy(size: int) -> float:
    """The entropy to expect of so many random bytes: below 8, since few can't show every value.

    Each value occurs as often as the binomial distribution says: log2 n − 256/n · Σ P(k) · k · log2 k.
    """
    k = np.arange(2, min(size, 64) + 1)  # more often than 64 times none of 1,024 ever occurs
    chance = np.array([_log_binomial(size, int(i)) for i in k])
    return math.log2(size) - 256 / size * float((np.exp(chance) * k * np.log2(k)).sum())


def _log_binomial(n: int, k: int) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways - k * math.log(256) + (n - k) * math.log1p(-1 / 256)
