"""The owner's identifiers leave no trace in a report: found, counted, and written as asterisks.

What is hidden is what `--known` gave. The hashes of a body stay those of the bytes as sent, so
that whoever holds the capture can compare.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from analyzer.identifiers import findings_in
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.decode import decode
from analyzer.model import Finding, Message, Ping

# Bytes at the start that tell maker, issuer, network or vendor, and nobody apart: what may be printed.
SHOWN = {"imei": 8, "imeisv": 8, "iccid": 6, "imsi": 5, "mac": 8, "bssid": 8}
MASK = "*"
HIDDEN = "identifiers that the owner gave are written as asterisks; hashes are of the bytes as sent"
LEFT_OUT = "content in which an encoding hides an identifier that the owner gave was left out of the report"


def masked_finding(found: Finding) -> Finding:
    """The finding without the digits that identify; as it is where the owner did not give them."""
    if not found.known:
        return found
    keep = SHOWN.get(found.kind, 0) if "encoding" not in found.details else 0
    details = {key: value for key, value in found.details.items() if value not in (found.value, found.raw)}
    raw = _cut(found.raw, min(keep, 6) if keep else 0)
    return replace(found, value=_cut(found.value, keep), raw=raw, details=details)


def masked_ping(ping: Ping, known: KnownValues) -> Ping:
    """The ping with asterisks in its fields' values."""
    fields = tuple(replace(field, value=masked_text(field.value, known)) for field in ping.fields)
    return replace(ping, fields=fields)


def masked_message(message: Message, known: KnownValues, say: Callable[[str], None]) -> Message:
    """The message with asterisks; without its content where an encoding in it hides one from the search."""
    target = None if message.target is None else masked_text(message.target, known)
    headers = tuple((name, masked_text(value, known)) for name, value in message.headers)
    content = masked_bytes(message.body.content, known)
    made = replace(message, target=target, headers=headers, body=replace(message.body, content=content))
    if made != message:
        say(HIDDEN)
    if any(found.known for found in findings_in(decode(made).fields, known)):
        say(LEFT_OUT)
        made = replace(made, body=replace(made.body, content=b""))
    return made


def masked_text(text: str, known: KnownValues) -> str:
    """The text with an asterisk for each character of an identifier."""
    data = text.encode("utf-8", "surrogatepass")
    masked = masked_bytes(data, known)
    return text if masked == data else masked.decode("utf-8", "replace")


def masked_bytes(data: bytes, known: KnownValues) -> bytes:
    """The bytes with an asterisk for each one of an identifier; again until none is found."""
    hits: Sequence[tuple[str, str, int, int]] = known.search(data)
    while hits:
        written = bytearray(data)
        for _, _, start, end in hits:
            written[start:end] = MASK.encode() * (end - start)
        data = bytes(written)
        hits = known.search(data)
    return data


def _cut(text: str, keep: int) -> str:
    return text[:keep] + MASK * (len(text) - keep)
