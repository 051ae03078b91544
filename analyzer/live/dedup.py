"""How much a live watch remembers: its share of a scan's memory, and of what was said whether it is new."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from typing import Generic, TypeVar

# Of what the scan of a file may fill (`Options.share`): a watch goes on for weeks, so its tables are full
# within days, and what gives way then is counted as ever.
SHARE = 0.25

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def give_back() -> None:
    """Have the C library return memory that is free to the system, where it can (glibc's malloc_trim).

    What was let go lies between what is kept; left alone, the gaps grow for days.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class RecentEntries(Generic[K, V]):
    """The last `most` entries by when they were first put in; older ones are forgotten, a tenth at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[K, V] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K) -> V | None:
        return self._held.get(key)

    def put(self, key: K, value: V) -> None:
        self._held[key] = value
        if len(self._held) > self._most:
            for old in list(self._held)[: max(self._most // 10, 1)]:
                del self._held[old]


class SeenOnce(RecentEntries[K, None]):
    """What was already told; one that was forgotten is told again."""

    def is_new(self, key: K) -> bool:
        """Whether it wasn't asked for before; it has been from now on."""
        if key in self:
            return False
        self.put(key, None)
        return True
