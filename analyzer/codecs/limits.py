"""How far decoding goes: bounds on depth, count, size and expansion, and what is said when one is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from analyzer.model import Fields, Problem


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Bounds for one message."""

    depth: int = 8  # encodings inside each other
    nesting: int = 64  # JSON objects and arrays inside each other
    fields: int = 4_000
    size: int = 8 << 20  # produced by all decoders together
    windows: int = 128  # of text of which not all fields are kept
    ratio: int = 200  # decompressed to compressed bytes


class Decoded(NamedTuple):
    """What `decode` gives."""

    fields: Fields
    problems: tuple[Problem, ...]
    is_recoded: bool = False  # some of the text stands in another encoding in the message itself


LIMIT_MET = {
    "decode-depth": "a value is encoded more deeply than is followed; the inner text was left as it is",
    "decode-nesting": "a JSON document is nested more deeply than is followed; it was searched as text",
    "decode-fields": "a message holds more fields than are read one by one; it was searched as text",
    "decode-windows": "a message is longer than is searched as text; the rest was left out",
    "decode-octets": "the decoded text of a message is larger than the limit; the rest was left out",
    "decode-ratio": "compressed data expands beyond the limit (a decompression bomb?); the rest was left out",
}


@dataclass(slots=True)
class Budget:
    """What is left of the limits while one message is decoded, and which of them were met."""

    limits: DecodeLimits
    keys: Sequence[Any] | None = None  # published ones (`published_keys`); those of this package where None
    fields_left: int = field(init=False)
    bytes_left: int = field(init=False)
    met: dict[str, int] = field(default_factory=dict)
    searched_whole: int = 0  # parts whose text was given in windows too
    is_recoded: bool = False  # a decoder gave text that does not stand in the message as such

    def __post_init__(self) -> None:
        self.fields_left = self.limits.fields
        self.bytes_left = self.limits.size

    @property
    def times_cut(self) -> int:
        """How often values were left out because there are too many, or too deep ones."""
        return self.met.get("decode-fields", 0) + self.met.get("decode-nesting", 0)

    def meet(self, code: str, times: int = 1) -> None:
        """Note that the limit `code` was met so often more."""
        self.met[code] = self.met.get(code, 0) + times

    def take_bytes(self, count: int) -> bool:
        """Spend `count` bytes of output; False (and noted) when there are not that many left."""
        if count > self.bytes_left:
            self.meet("decode-octets")
            return False
        self.bytes_left -= count
        return True

    def problems(self, frame: int | None) -> tuple[Problem, ...]:
        """One Problem for each limit that was met."""
        return tuple(Problem(code, LIMIT_MET[code], frame, count) for code, count in self.met.items())
