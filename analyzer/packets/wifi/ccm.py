"""Messages sealed by AES-CCM under one key → their bytes, many at once (RFC 3610, IEEE 802.11-2020 §12.5.3).

A message's check is a chain of blocks, each enciphered after the one before it. The chains of many messages
go on side by side here: one call of the cipher does a block of each, so what a call costs is shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.core.kernels import run_kernel
from analyzer.packets.wifi import kernel
from analyzer.packets.wifi.kernel import BLOCK, HEADS, MIC

Bytes = NDArray[np.uint8]
Rows = NDArray[np.int64]
Words = NDArray[np.uint64]  # two for a block

# Messages side by side, and their blocks together: what they need stays in the processor's cache.
SIDE_BY_SIDE, MOST_BLOCKS = 2048, 1 << 17


class Sealed(NamedTuple):
    """Messages under one key, a row each; none is empty."""

    at: Rows  # position of the first sealed byte; the MIC stands behind the last
    length: Rows  # bytes without the MIC, 1 to 65,535
    heads: Words  # (rows, HEADS, 2): the blocks that check and key stream begin with

    def of(self, rows: Any) -> Sealed:
        """Some of these, in this order."""
        return Sealed(*(column[rows] for column in self))


def blocks_of(length: Rows) -> Rows:
    """Blocks that messages of these lengths take."""
    return (length + BLOCK - 1) // BLOCK


class WorkBuffers:
    """Memory for messages side by side, used again for the next ones; not for several threads at once."""

    def __init__(self) -> None:
        most = MOST_BLOCKS + SIDE_BY_SIDE + (1 << 16) // BLOCK
        self.counted, self.text = (np.empty((most, 2), np.uint64) for _ in range(2))
        self.made = np.empty((most + 1, 2), np.uint64)  # the cipher asks for a block more, less one byte


def open_ccm(
    key: bytes,
    data: Bytes,
    sealed: Sealed,
    plain: Words,
    block: Rows,
    scratch: WorkBuffers,
) -> NDArray[np.bool_]:
    """Write each message's bytes to `plain`, from its number of `block` on; gives whose check is right.

    `plain` holds two words a block; `compiled` says in which form the loops run. Zeros fill up a message's
    last block; what is written of one whose check is wrong means nothing.
    """
    right = np.zeros(len(block), np.bool_)
    for rows in _portions(sealed.length):
        chains = _Chains(_cipher(key), sealed.of(rows), scratch)
        chains.open(data, plain, block[rows])
        right[rows] = chains.check(plain, block[rows]) == _mic(data, chains.sealed)
    return right


def _portions(length: Rows) -> Iterator[Rows]:
    """Rows to be opened side by side, the longest first, so that each step concerns the first so many."""
    order = np.argsort(-length, kind="stable")
    blocks = np.cumsum(1 + blocks_of(length[order]))
    first = 0
    while first < len(order):
        before = blocks[first - 1] if first else 0
        upto = int(np.searchsorted(blocks, before + MOST_BLOCKS, "right"))
        upto = max(min(upto, first + SIDE_BY_SIDE), first + 1)
        yield order[first:upto]
        first = upto


class _Chains:
    """Messages side by side, from the longest to the shortest."""

    def __init__(self, cipher: Any, sealed: Sealed, scratch: WorkBuffers) -> None:
        self.sealed, self._scratch = sealed, scratch
        self._blocks = blocks_of(sealed.length)
        self._total = int(self._blocks.sum())
        self._update = cipher.encryptor().update_into
        self._room = scratch.made.view(np.uint8).reshape(-1).data

    def open(self, data: Bytes, plain: Words, block: Rows) -> None:
        """As `open_ccm`, but for the check."""
        start, length = np.ascontiguousarray(self.sealed.heads[:, HEADS - 1]), self.sealed.length
        counted = self._scratch.counted[: self._total + len(length)]
        self._run(kernel.count_blocks, start.reshape(-1), length, _counters(), counted.reshape(-1))
        stream = self._enciphered(counted)
        self._hidden = stream[np.cumsum(self._blocks + 1) - self._blocks - 1, 0]
        raw = stream.view(np.uint8).reshape(-1), plain.view(np.uint8).reshape(-1)
        self._run(kernel.lift, data, self.sealed.at, length, *raw, block)

    def check(self, plain: Words, block: Rows) -> Words:
        """What the MICs of the messages that were opened have to be (RFC 3610 §2.2)."""
        blocks, text = self._blocks, self._scratch.text[: self._total]
        reach = np.searchsorted(-blocks, -np.arange(blocks[0]), "left")  # how many have a block at each step
        step = np.cumsum(reach) - reach
        self._run(kernel.line_up, plain.reshape(-1), block, blocks, step, text.reshape(-1))
        made = self._enciphered(np.ascontiguousarray(self.sealed.heads[:, 0]))
        for bound in range(1, HEADS - 1):
            made = self._enciphered(made ^ self.sealed.heads[:, bound])
        found = np.empty(len(block), np.uint64)
        for first, now, then in zip(step.tolist(), reach.tolist(), [*reach[1:].tolist(), 0], strict=True):
            taken = text[first : first + now]
            taken ^= made[:now]
            made = self._enciphered(taken)
            if then < now:
                found[then:now] = made[then:, 0]
        found ^= self._hidden
        return found

    def _enciphered(self, blocks: Words) -> Words:
        """Each block by itself; what was made stays until the next call."""
        self._update(blocks.view(np.uint8).reshape(-1).data, self._room)
        return self._scratch.made[: len(blocks)]

    def _run(self, loop: Any, *arguments: Any) -> None:
        run_kernel(loop, *arguments)


def _mic(data: Bytes, sealed: Sealed) -> Words:
    """The MIC behind each message."""
    eights: NDArray[np.void] = np.ndarray((max(data.size - MIC + 1, 0),), f"V{MIC}", data, strides=(1,))
    found: Words = eights[sealed.at + sealed.length].view(np.uint64)
    return found


@lru_cache(1)
def _counters() -> Words:
    """The numbers of blocks where they stand in the second word of a block (RFC 3610 §2.3)."""
    data = np.zeros((1 + (1 << 16) // BLOCK, 8), np.uint8)
    data[:, 6:] = np.arange(len(data)).astype(">u2").view(np.uint8).reshape(-1, 2)
    return data.view(np.uint64).reshape(-1)


@lru_cache(256)
def _cipher(key: bytes) -> Any:
    """AES of each block by itself, which is what CCM is made of."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(key), modes.ECB())
