"""Messages that were readable on the wire, and their bodies.

Times are UTC nanoseconds since the Unix epoch, sizes are bytes, frame numbers start at 1 as in Wireshark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analyzer.model.evidence import Endpoint, Evidence


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a message as it was sent (de-chunked) and with its content codings undone.

    `content` holds at most the first bytes up to the limit of the run; `length` and the
    hashes always speak of everything that was seen.
    """

    length: int = 0  # bytes as sent, chunk framing removed
    sha256: str | None = None  # of these bytes; None when there are none
    content: bytes = b""  # content codings undone
    content_sha256: str | None = None  # of the whole decoded content, when a coding was undone
    codings: tuple[str, ...] = ()  # ("gzip",): what was undone, outermost first
    complete: bool = True
    missing: str | None = None  # "612 of 1,024 bytes were not captured"
    charset: str | None = None  # in which `content` is text; None where it is not
    charset_from: str = ""  # how that is known: "byte order mark", "Content-Type", "the bytes are valid"
    left_out: str | None = None  # what of the content was not kept, in words
    # In a redacted report: of `content` in which values were replaced, and no hash of what was sent.
    replaced_sha256: str | None = None


Role = Literal["request", "response"]


# In `Message.missing` of requests; those that no protocol answers are without it.
UNANSWERED = "no response was seen"


@dataclass(frozen=True, slots=True)
class Message:
    """One message that crossed the air readable.

    `number` counts messages of a report from 1. `peer` is the number of the response to this
    request (or the reverse), None when it was never seen. `delivered` says whether the
    receiver acknowledged the last byte: True, False, or None where the protocol or a
    one-sided capture can't show it.
    """

    number: int
    protocol: str  # "http/1.1"
    role: Role
    flow: int
    source: Endpoint
    destination: Endpoint
    time_ns: int  # first byte
    end_ns: int  # last byte
    evidence: Evidence
    method: str | None = None
    target: str | None = None
    host: str | None = None
    status: int | None = None
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = Body()
    complete: bool = True
    missing: tuple[str, ...] = ()  # what is not there, in words
    peer: int | None = None
    delivered: bool | None = None
    stream: int | None = None  # number of the HTTP/2 stream (RFC 9113 §5.1.1)
    # What it went through, outermost first: "CONNECT example.com:443". `destination` is then the proxy.
    tunnel: tuple[str, ...] = ()
    # (stream offset, frame) where each frame's bytes begin; empty where one frame carried all
    spans: tuple[tuple[int, int], ...] = ()
    tolerated: tuple[str, ...] = ()  # where it is not as the standard has it, and what else it may mean
    span_captures: tuple[int, ...] = ()  # of each span's frame, where they lie in several files
    # In a redacted report the parts that show something else than was sent: ("header Cookie", "body").
    replaced: tuple[str, ...] = ()

    # Dossiers whose documented form it has, the surest first; that does not prove which software sent it.
    dossiers: tuple[str, ...] = ()

    def frames_of(self, start: int, end: int) -> tuple[int, ...]:
        """The frames that carried the bytes from `start` to `end`, offsets of the stream as in `evidence`.

        Only those of the evidence's capture, where the message goes on in the next file.
        """
        frames = self.evidence.frames
        if not self.spans:
            return frames[:1] if self.evidence.start <= start < end <= self.evidence.end else ()
        ends = (*(offset for offset, _ in self.spans[1:]), self.evidence.end)
        own = self.evidence.capture
        captures = self.span_captures or (own,) * len(ends)
        spans = zip(self.spans, ends, captures, strict=True)
        return tuple(
            dict.fromkeys(f for (at, f), after, c in spans if at < end and after > start and c == own)
        )

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its case (RFC 9110 §5.1)."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)
