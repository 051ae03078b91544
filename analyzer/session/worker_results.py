"""An exchange on its way from the process that examined it to the one that makes the report.

Most exchanges of a long capture are counted and not listed. So each comes as bytes, and beside them what
decides whether it is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analyzer.dissectors.clear_message import SPARSE, UNCLASSIFIED
from analyzer.inspection.inspect import Inspection
from analyzer.model import Message, Problem
from analyzer.session.exchange_budget import weight
from analyzer.session.exchange_builder import BuiltExchange
from analyzer.session.searched_bytes import SearchedSpan, places_of
from analyzer.session.worker_transfer import packed, unpacked


class Content(NamedTuple):
    """Bytes of a message's content, and its first frame."""

    size: int
    frame: int | None


class QuietExchange(NamedTuple):
    """What is to be known of an exchange in which nothing was found."""

    weight: int  # what it takes in memory without the content
    contents: tuple[Content | None, Content | None]  # of request and response
    said: Sequence[Problem]
    problems: Sequence[Problem]
    places: Sequence[SearchedSpan]  # of the messages, for the count of what was searched
    sparse: int | None = None  # where it is listed only with findings: bytes of no known protocol
    flow: int | None = None  # of the request
    is_recoded: bool = False  # as in Examined


class Read(NamedTuple):
    """An exchange that was examined where it was read; `light` is None where it has to be looked at."""

    light: QuietExchange | None
    data: bytes

    def whole(self) -> tuple[BuiltExchange, Inspection]:
        taken, examined = unpacked(self.data)
        return BuiltExchange(*taken), Inspection(*examined)


def read_of(taken: BuiltExchange, found: Inspection) -> Read:
    """An exchange in this form."""
    data = packed((tuple(taken), tuple(found)))
    if found.findings or found.pings or found.senders or found.failed or taken.interim:
        return Read(None, data)
    messages = (taken.request, taken.response)
    contents = _content(taken.request), _content(taken.response)
    light = sum(weight(message) - len(message.body.content) for message in messages if message is not None)
    request = taken.request
    places = tuple(places_of(request, (taken.response,)))
    sparse = None
    if request is not None and request.protocol in SPARSE:
        sparse = len(request.body.content) if request.protocol == UNCLASSIFIED else 0
    flow = None if request is None else request.flow
    return Read(
        QuietExchange(light, contents, taken.said, found.problems, places, sparse, flow, found.is_recoded),
        data,
    )


def _content(message: Message | None) -> Content | None:
    if message is None:
        return None
    frames = message.evidence.frames
    return Content(len(message.body.content), frames[0] if frames else None)
