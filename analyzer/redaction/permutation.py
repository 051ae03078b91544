"""A key and a number below n → another number below n: one to one, and never the number itself.

The number goes through a Feistel network (ten rounds of HMAC-SHA-256), one is added, and the network is
undone. So all n numbers form one long cycle in an order that only the key tells: different numbers stay
different, as a printed report needs, and no number stays as it is.
"""

from __future__ import annotations

import hashlib
import hmac
from math import isqrt

ROUNDS = 10
LONGEST_DECIMAL = 10_000  # bits: Python writes no longer numbers in decimal digits than some 14,000 bits


class Permutation:
    """One to one on the whole numbers below `size`; `tweak` keeps those of different uses apart."""

    def __init__(self, key: bytes, tweak: str, size: int) -> None:
        self.size = size
        written = str(size) if size.bit_length() < LONGEST_DECIMAL else f"{size:x}"
        name = f"{written} {tweak}".encode("utf-8", "surrogatepass")
        self._key = hmac.new(key, name, hashlib.sha256).digest()
        self._half = isqrt(size - 1) + 1  # the network works on pairs of numbers below this

    def next(self, number: int) -> int:
        """The number that follows; itself only where there is no other."""
        return self._walk(self._walk(number, range(ROUNDS)) + 1, range(ROUNDS - 1, -1, -1))

    def _walk(self, number: int, rounds: range) -> int:
        """Through the network until the result is below `size` again, which it is after few steps."""
        number %= self.size
        way = self._forth if rounds.step > 0 else self._back
        number = way(number, rounds)
        while number >= self.size:
            number = way(number, rounds)
        return number

    def _forth(self, number: int, rounds: range) -> int:
        left, right = divmod(number, self._half)
        for each in rounds:
            left, right = right, (left + self._mixed(each, right)) % self._half
        return left * self._half + right

    def _back(self, number: int, rounds: range) -> int:
        left, right = divmod(number, self._half)
        for each in rounds:
            left, right = (right - self._mixed(each, left)) % self._half, left
        return left * self._half + right

    def _mixed(self, each: int, half: int) -> int:
        """A number below the half's bound; 16 bytes more than it needs leave no bias worth naming."""
        data = half.to_bytes((half.bit_length() + 7) // 8 or 1, "big")
        seed = hmac.new(self._key, bytes([each]) + data, hashlib.sha256).digest()
        length = (self._half.bit_length() + 7) // 8 + 16
        return int.from_bytes(hashlib.shake_256(seed).digest(length), "big") % self._half
