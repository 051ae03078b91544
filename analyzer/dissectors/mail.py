"""A mail as SMTP carries it (RFC 5321, RFC 5322) to one message: envelope, header fields and text."""

from __future__ import annotations

import re

from analyzer.dissectors.clear_message import Headers, MessagePlace, grow, message, text
from analyzer.dissectors.http1 import HttpMessage

PROTOCOL = "mail over smtp"
# Names under which the envelope stands among the header fields.
SENDER, RECIPIENT = "Mail-From", "Rcpt-To"
MOST_FIELDS, MOST_RECIPIENTS = 200, 100
ADDRESS = re.compile(rb":[ \t]*<?([^<>\s]*)>?")


class Mail:
    """A mail while it is read: the commands of its envelope, then its lines."""

    def __init__(self, place: MessagePlace) -> None:
        self._headers: Headers = []
        self._recipients = 0
        self._is_body = False
        self._made = message(PROTOCOL, "request", place, method="MAIL")
        self._made.headers = self._headers

    def envelope(self, name: str, data: bytes, place: MessagePlace) -> None:
        """Take a command that names the sender or a recipient."""
        grow(self._made, place)
        found = ADDRESS.search(data)
        self._recipients += name == RECIPIENT
        if found is not None and found[1] and self._recipients <= MOST_RECIPIENTS:
            self._headers.append((name, text(found[1])))

    def line(self, data: bytes, place: MessagePlace) -> None:
        """Take a line of the mail; the first empty one ends the header fields."""
        grow(self._made, place)
        data = data[1:] if data.startswith(b"..") else data  # RFC 5321 §4.5.2
        if self._is_body:
            self._made.body.add(data + b"\r\n")
        elif not data:
            self._is_body = True
        else:
            self._field(data)

    def piece(self, data: bytes, place: MessagePlace) -> None:
        """Take bytes of the mail that are no line."""
        grow(self._made, place)
        self._is_body = True
        self._made.body.add(data)

    def message(self) -> HttpMessage:
        """Return the message of what was read."""
        kind = self._made.values("content-type")
        self._made.body.content_type = kind[0] if kind else None
        return self._made

    def _field(self, data: bytes) -> None:
        headers = self._headers
        if data[:1] in (b" ", b"\t") and headers:  # RFC 5322 §2.2.3
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {text(data.strip())}")
            return
        name, colon, value = data.partition(b":")
        if colon and len(headers) < MOST_FIELDS:
            headers.append((text(name.strip()), text(value.strip())))
        else:
            self._is_body = not colon
            self._made.body.add(data + b"\r\n")
