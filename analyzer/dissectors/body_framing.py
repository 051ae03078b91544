"""The headers of an HTTP/1 message to how the length of its body is known (RFC 9112 §6.3).

A server must refuse a message whose headers contradict each other, since another reader may take it
otherwise. An observer takes the reading that the bytes bear out, and says what the other one is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# The headers that framing and coding depend on.
NAMES = frozenset({"content-length", "transfer-encoding", "content-encoding", "content-type", "host"})
Given = Mapping[str, Sequence[str]]
"""Values of those headers, by lower-case name, in the order of the message."""

MOST_DIGITS = 15
LENGTH = re.compile(r"[ \t]*0*(\d{1,15})[ \t]*\Z", re.ASCII)
LONE_NUMBER = re.compile(r"(?<!\S)\+?0*(\d{1,15})(?!\S)", re.ASCII)
HEXADECIMAL = re.compile(r"[ \t]*0[xX]0*([0-9A-Fa-f]{1,12})[ \t]*\Z", re.ASCII)
LENGTHS_OF_NAMES = frozenset(map(len, NAMES))
# What no name of a header or coding holds (RFC 9110 §5.6.2), and some senders put there.
NOT_OF_NAMES = re.compile(r"[^!#$%&'*+.^_`|~0-9a-z-]")
# Codings that may stand in Transfer-Encoding besides chunked (RFC 9112 §7.2).
TRANSFER_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})


# The coding of uploads to object stores of Amazon's kind: chunks with a signature each.
AWS_CHUNKED = "aws-chunked"


@dataclass(slots=True)
class Framing:
    """How a body's length is known. `length` is None where no Content-Length says it.

    `longer` is a second, larger length that was given; `chunked` says that Transfer-Encoding names
    the chunked coding.
    """

    length: int | None = None
    longer: int | None = None
    chunked: bool = False
    oddities: list[str] = field(default_factory=list)  # of a kind: counted over a report
    readings: list[str] = field(default_factory=list)  # of this message: with its numbers

    @property
    def announces_body(self) -> bool:
        """Whether the headers speak of a body that isn't empty."""
        return self.chunked or bool(self.length or self.longer)


def framing_of(given: Given) -> Framing:
    """What the headers say of the length."""
    framing = Framing()
    if lengths := given.get("content-length"):
        _read_lengths(framing, lengths)
    if codings := given.get("transfer-encoding"):
        _read_codings(framing, codings)
    if framing.chunked and framing.length is not None:
        framing.oddities.append("both Transfer-Encoding and Content-Length are given")
        framing.readings.append(
            f"Transfer-Encoding and Content-Length {framing.length} contradict each other; "
            "read as chunked (RFC 9112 §6.3)"
        )
    return framing


def given_in(headers: Iterable[tuple[str, str]], is_plain: bool = False) -> dict[str, list[str]]:
    """The headers of a message that its framing depends on; `is_plain` where all is printable ASCII."""
    given: dict[str, list[str]] = {}
    for name, value in headers:
        if not is_plain and not name.isprintable():
            name = NOT_OF_NAMES.sub("", name.lower())
        if len(name) in LENGTHS_OF_NAMES and (lower := name.lower()) in NAMES:
            given.setdefault(lower, []).append(value)
    return given


def codings_of(given: Given) -> tuple[str, ...]:
    """Codings of the body in the order they have to be undone: those of the transfer, then the content's."""
    if "content-encoding" not in given and "transfer-encoding" not in given:
        return ()
    transfer = [t for t in _listed(given.get("transfer-encoding", ())) if t in TRANSFER_CODINGS]
    content = [c for c in _listed(given.get("content-encoding", ())) if c != "identity"]
    if AWS_CHUNKED in content:  # named first, and put around all others
        content = [*(c for c in content if c != AWS_CHUNKED), AWS_CHUNKED]
    return (*reversed(transfer), *reversed(content))


def _listed(values: Sequence[str]) -> list[str]:
    names = (NOT_OF_NAMES.sub("", name.lower()) for value in values for name in value.split(","))
    return [name for name in names if name]


def _read_lengths(framing: Framing, values: Sequence[str]) -> None:
    if len(values) == 1 and values[0].isdecimal() and values[0].isascii() and len(values[0]) <= MOST_DIGITS:
        framing.length = int(values[0])
        return
    given = [part for value in values for part in value.split(",")]
    numbers = {int(m[1]) for m in map(LENGTH.match, given) if m}
    if not all(map(LENGTH.match, given)):
        _read_odd_lengths(framing, given, numbers)
    if not numbers:
        return
    framing.length = min(numbers)
    if len(numbers) > 1:
        framing.longer = max(numbers)
        framing.oddities.append("conflicting Content-Length values are given")


def _read_odd_lengths(framing: Framing, given: Sequence[str], numbers: set[int]) -> None:
    """Numbers with something beside them count where there is no better one."""
    odd = [part for part in given if not LENGTH.match(part)]
    framing.oddities.append("Content-Length is not a number")
    lone = {int(number) for part in odd for number in LONE_NUMBER.findall(part)}
    lone = lone or {int(found[1], 16) for found in map(HEXADECIMAL.match, odd) if found}
    if lone and not numbers:
        numbers |= lone
        framing.readings.append(f"Content-Length is not a number; read by the number in it, {min(lone)}")


def _read_codings(framing: Framing, values: Sequence[str]) -> None:
    names = _listed(values)
    framing.chunked = "chunked" in " ".join(values).lower()
    plainly = values[-1].split(",")[-1].strip(" \t").lower() == "chunked"
    if framing.chunked and not plainly:
        framing.oddities.append("Transfer-Encoding names the chunked coding in a way of its own")
    elif not framing.chunked and names and names != ["identity"]:
        framing.oddities.append("Transfer-Encoding does not end in chunked")
