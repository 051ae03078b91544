"""Syslog messages (RFC 3164, RFC 5424) to messages: what a device reports of itself to a log server."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.dissectors.byte_queue import ByteQueue
from analyzer.dissectors.clear_message import Headers, MessagePlace, message, place_of, text
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage
from analyzer.flows.reassembly import Gap, Segment

PORT = 514
FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", *(f"local{n}" for n in range(8)),
)  # fmt: skip
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")

PRIORITY = re.compile(rb"<(0|[1-9]\d{0,2})>")
# RFC 5424 §6: version, timestamp, host, application, process, message id, then structured data.
MODERN = re.compile(
    rb"1 (-|\d{4}-\d\d-\d\dT[0-9:.]{8,15}(?:Z|[+-]\d\d:\d\d)) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128})"
    rb" ([!-~]{1,32}) (?=[-\[])"
)
# RFC 3164 §4.1.2, as senders have it: a timestamp, often with the year, a host, often none.
OLD = re.compile(
    rb"((?:\*?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d)"
    rb"|(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9.:+\-Z]{0,20})) ?(?:([A-Za-z0-9._:\-]{1,255}) )?"
)
TAG = re.compile(rb"([!-9;-Z\\^-~]{1,64}?)(?:\[([!-\\^-~]{1,32})\])?: ?")
ELEMENT = re.compile(rb'\[(?:[^"\]\\]|"(?:[^"\\]|\\.){0,4096}")*\]', re.DOTALL)
COUNT = re.compile(rb"([1-9]\d{0,5}) (?=<)")

MOST_MESSAGE = 1 << 16


def parse(data: bytes, place: MessagePlace, on_port: bool = False) -> HttpMessage | None:
    """The message that these bytes are; None for all else.

    Off syslog's port a timestamp is wanted behind the priority, on it the priority will do.
    """
    found = PRIORITY.match(data)
    priority = int(found[1]) if found else 192
    if found is None or priority > 191:
        return None
    headers: Headers = [("Facility", FACILITIES[priority >> 3]), ("Severity", SEVERITIES[priority & 7])]
    at = found.end()
    if modern := MODERN.match(data, at):
        names = ("Timestamp", "Hostname", "App-Name", "Proc-Id", "Msg-Id")
        headers += [(n, text(v)) for n, v in zip(names, modern.groups(), strict=True) if v != b"-"]
        at, elements = _structured(data, modern.end())
        headers += elements
    elif old := OLD.match(data, at):
        headers += [(n, text(v)) for n, v in zip(("Timestamp", "Hostname"), old.groups(), strict=True) if v]
        at = old.end()
        if tag := TAG.match(data, at):
            headers += [(n, text(v)) for n, v in zip(("App-Name", "Proc-Id"), tag.groups(), strict=True) if v]
            at = tag.end()
    elif not on_port:
        return None
    body = data[at:].strip(b"\r\n\0 ").removeprefix(b"\xef\xbb\xbf")
    return message("syslog", "request", place, body=body, headers=headers, one_way=True)


def _structured(data: bytes, at: int) -> tuple[int, Headers]:
    """(where the text begins, structured data) (RFC 5424 §6.3)."""
    if data[at : at + 1] == b"-":
        return at + 1, []
    found: Headers = []
    while (element := ELEMENT.match(data, at)) and len(found) < 100:
        found.append(("Structured-Data", text(element[0])))
        at = element.end()
    return at, found


def opens_stream(data: bytes) -> bool:
    """Whether a side begins with a syslog message and its timestamp, counted or not (RFC 6587 §3.4)."""
    start = counted.end() if (counted := COUNT.match(data)) else 0
    found = PRIORITY.match(data, start)
    if found is None or int(found[1]) > 191:
        return False
    return bool(MODERN.match(data, found.end()) or OLD.match(data, found.end()))


class SyslogStream:
    """A TCP flow of syslog messages, each counted or ended by a newline."""

    name = "syslog"

    def __init__(self, client: int) -> None:
        self.client = client
        self.proven = True
        self.ended = False
        self._data = ByteQueue()
        self._searched = 0

    def feed(self, side: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Messages that this piece finishes."""
        if side != self.client:
            return
        if isinstance(piece, Gap):
            self._data.clear()
            self._searched = 0
            return
        self._data.add(piece)
        while (end := self._end()) is not None:
            yield from self._take(end)
            self._searched = 0
        if len(self._data) > MOST_MESSAGE:
            self._data.clear()
        self._searched = len(self._data)

    def close(self) -> Iterator[Exchange]:
        """The last message, which nothing ended."""
        if len(self._data):
            yield from self._take(len(self._data))

    def _end(self) -> int | None:
        """How long the next whole message is, with its count or newline."""
        data = self._data.data
        if counted := COUNT.match(data):
            end = counted.end() + int(counted[1])
            return end if end <= len(data) else None
        newline = data.find(b"\n", self._searched)
        return newline + 1 if newline >= 0 else None

    def _take(self, length: int) -> Iterator[Exchange]:
        taken = self._data.take(length)
        counted = COUNT.match(taken.data)
        made = parse(taken.data[counted.end() if counted else 0 :], place_of(taken))
        if made is not None:
            yield Exchange(made, None, self.client)
