"""What readers of a connection hand on: exchanges, and pieces that turn out to be another reader's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from analyzer.flows.streams import Gap, Segment

from .hello import Hello
from .http1 import HttpMessage

Piece = Segment | Gap
Placed = tuple[int, Piece]  # with its direction


@dataclass(slots=True)
class Exchange:
    """A request and its response; None stands for the one that was never seen."""

    request: HttpMessage | None
    response: HttpMessage | None
    # 0 when the request went from A to B, 1 the other way.
    direction: int
    interim: Sequence[HttpMessage] = ()  # 1xx responses before the final one (RFC 9110 §15.2)


class InnerHello(NamedTuple):
    """What a TLS client inside a tunnel told, and through what it went."""

    hello: Hello
    tunnel: tuple[str, ...]


class Successor(Protocol):
    """Reads both directions of what follows; exchanges come out as they are finished."""

    @property
    def wants_more(self) -> bool:
        """Whether further octets can tell anything."""

    @property
    def sure(self) -> bool:
        """Whether the protocol is proven."""

    @property
    def skipped(self) -> int:
        """Octets that were passed over because their beginning was not captured."""

    @property
    def returned(self) -> Sequence[Placed]:
        """What turns out to be none of its business, to be read as HTTP/1."""

    def feed(self, direction: int, piece: Piece) -> Iterator[Exchange]: ...
    def close(self) -> Iterator[Exchange]: ...
