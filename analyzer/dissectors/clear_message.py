"""What the readers of clear text other than HTTP share: how their messages are made, and what a reader is.

CoAP, MQTT, syslog, log-ins and bare documents become messages of HTTP's form, so that all that follows
(decoding, detectors, dossiers, the report) treats them alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from analyzer.dissectors.byte_queue import MOST_FRAMES, QueuedBytes, note_frames
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage, MessagePlace
from analyzer.dissectors.signatures import TCP_SIGNATURES, UDP_SIGNATURES
from analyzer.flows.reassembly import Gap, Segment
from analyzer.model import Role

__all__ = [
    "CLEAR_KINDS", "SPARSE", "UNCLASSIFIED", "ClearExchange", "Headers", "MessagePlace", "Reader", "grow",
    "message",
    "place_of", "text",
]  # fmt: skip

Headers = list[tuple[str, str]]

# Kinds of flow whose readable messages are all in the report, log-ins apart.
CLEAR_KINDS = frozenset(("coap", "mqtt", "syslog", "json", "xml", "form", "base64", "ssdp", "sip", "rtsp"))

# The protocol of messages made of readable data that no reader takes.
UNCLASSIFIED = "unclassified"
# Protocols whose messages are listed only where something was found in them; the others are counted.
SPARSE = frozenset(
    (UNCLASSIFIED, "sasl", "dns", "dhcp", "tls", "wifi", "eap", "icmp", "mdns", "ssdp in the local network")
) | {row.name for row in (*TCP_SIGNATURES, *UDP_SIGNATURES)}


class ClearExchange(NamedTuple):
    """An exchange, the flow it was seen in, and whether the request arrived, as far as was seen."""

    flow: int
    exchange: Exchange
    delivered: bool | None


class Reader(Protocol):
    """Reads both directions of one TCP flow of one protocol; sides are 0 for A and 1 for B."""

    name: str  # for the flow's kind, "mqtt"
    client: int  # the side that asks
    proven: bool  # whether what was read can be nothing else
    ended: bool  # whether nothing more of this flow is to be read

    def feed(self, side: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Exchanges that this piece finishes."""

    def close(self) -> Iterator[Exchange]:
        """What the end of the flow leaves."""


def place_of(taken: QueuedBytes) -> MessagePlace:
    """The place of bytes that were taken from a stream."""
    return MessagePlace(taken.start, taken.end, taken.frames, taken.time_ns, taken.end_ns)


def message(
    protocol: str, role: Role, place: MessagePlace, *, body: bytes = b"", method: str | None = None,
    target: str | None = None, host: str | None = None, status: int | None = None,
    reason: str | None = None, headers: Headers | None = None, one_way: bool = False,
) -> HttpMessage:  # fmt: skip
    """A message that was read whole."""
    made = HttpMessage(
        role, "", method, target, status, reason, place.start, place.end, place.time_ns, place.end_ns,
        headers or [], list(place.frames[:MOST_FRAMES]), protocol=protocol, authority=host, one_way=one_way,
    )  # fmt: skip
    if body:
        made.body.add(body)
    return made


def grow(whole: HttpMessage, place: MessagePlace) -> None:
    """Note that a message goes on in further frames."""
    note_frames(whole.frames, place.frames)
    whole.end, whole.end_ns = max(whole.end, place.end), max(whole.end_ns, place.end_ns)


def text(data: bytes) -> str:
    """Text as it was sent; bytes that are not UTF-8 stay visible as escapes."""
    return data.decode("utf-8", "backslashreplace")
