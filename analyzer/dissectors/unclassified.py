"""Readable data that no reader takes, as messages: searched as all are, listed where something is found.

Of each direction the first bytes are looked at without a break, of what follows a window now and then. What
looks encrypted and holds neither a run of text nor the beginning of compressed data is passed over.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import numpy as np

from analyzer.dissectors.body_framing import codings_of, given_in
from analyzer.dissectors.byte_queue import ByteQueue, QueuedBytes
from analyzer.dissectors.clear_message import UNCLASSIFIED, Headers, MessagePlace, message, text
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.plain_mechanism import plain_login_in
from analyzer.flows.reassembly import Gap, Segment, Stream

# Bytes of one message at most, and the pause behind which another one begins.
LONGEST, PAUSE_NS = 1 << 14, 1_000_000_000
# Bytes of a direction that are looked at without a break; then windows of WINDOW in EVERY, up to MOST.
WITHOUT_BREAK, WINDOW, EVERY, MOST = 1 << 16, 1 << 12, 1 << 16, 1 << 22
# Messages of a direction.
MOST_MESSAGES = 256
SASL, SASL_PLAIN = "sasl", "PLAIN"  # the protocol and the method of a log-in in bytes of no known protocol
# Fewer bytes hold no identifier.
SHORTEST = 6

# The form of bytes: printable ones, line ends, NUL, others; and those that values are mostly written in.
FORM = bytes(
    ord("A") if 0x20 <= o < 0x7F else ord("n") if o in b"\t\r\n" else ord(".") if o else ord("0")
    for o in range(256)
)
OF_VALUES = bytes(
    ord("A") if chr(o).isascii() and (chr(o).isalnum() or o in b":._-") else 0 for o in range(256)
)
# Runs of text that count: in text, among other bytes, and in bytes that look random, where shorter ones
# come by chance; a run in UTF-16.
TEXT_RUN, VALUE_RUN, MIXED_RUN, LONG_RUN, UTF16_RUN = b"A" * 6, b"A" * 8, b"A" * 10, b"A" * 16, b"A0" * 6
# Beginnings of gzip (RFC 1952) and zlib with a window of 32 KiB (RFC 1950).
PACKED = (b"\x1f\x8b\x08", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
# Bytes of two decimal digits, the first or last with a nought or a filler: an IMEI in BCD, in the first bytes
# alone. It begins as the bodies that allocate have it, the halves of each byte in either order.
TENS = b"".join(rb"\x%x0-\x%x9" % (tens, tens) for tens in range(10))
ENDS = rb"\x00-\x09\x10\x20\x30\x40\x50\x60\x70\x80\x90\xf0-\xf9\x0f\x1f\x2f\x3f\x4f\x5f\x6f\x7f\x8f\x9f"
IN_HALF_BYTES = re.compile(
    rb"(?=((?:\x00[\x10-\x19]|\x03[\x50-\x59]|\x08[\x60-\x69]|\x09[\x90-\x99])[%s]{6}"
    rb"|[\x01\x10\x53\x35\x86\x68\x99][%s]{6}[%s]))" % (TENS, TENS, ENDS)
)
# Where the same is an integer of eight bytes: its highest three, in either order.
AS_INTEGER = re.compile(rb"\0(?:\x01[\x3e-\x47]|\x03[\x0e-\x17])|(?:[\x3e-\x47]\x01|[\x0e-\x17]\x03)\0")
# A magic packet: six bytes of ones, and sixteen times the address of the machine that is to wake.
TO_WAKE = re.compile(rb"\xff{6}(?!\xff{6})(.{6})\1{15}", re.DOTALL)
# Text that a table or a key of one byte makes other bytes of, and the different ones it has at least.
LEAST_TURNED, FEWEST_TURNED, WITHIN = 40, 12, 256
MOST_NOUGHTS = 3  # bytes of nought: of more the number is filling
NUMBER_WITHIN = 24
MOST_PACKED = 4  # of each that are tried
PROBE = 512
EITHER_HEADER = 32 + zlib.MAX_WBITS
# Bytes look random where their values are spread as evenly as chance spreads them: Pearson's statistic of
# 256 values has a mean of 255 and a deviation of 23.
LEAST_SPREAD, MOST_EVEN = 256, 340
# A line of a header (RFC 9112 §5).
HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9_.-]{0,63}:[^\r]{0,4096}\r?")
PRINTABLE = bytes(range(0x20, 0x7F))
LONGEST_LINE = 2048
# Characters behind which long text is cut.
BREAKS = b"\n\0\r}>;"


def is_searched(data: bytes) -> bool:
    """Return whether bytes hold text, or compressed data that may hold it."""
    if len(data) < SHORTEST:
        return False
    form = data.translate(FORM)
    if UTF16_RUN in form or _has_text(data, form):
        return True
    return holds_packed(data) or _holds_number(data) or _may_be_turned(data[1:WITHIN])


def _may_be_turned(data: bytes) -> bool:
    """Return whether bytes may be text under a table: one bit, the highest of ASCII, is the same in all.

    Where it still is the highest and nought, there is text to be seen.
    """
    if len(data) < LEAST_TURNED:
        return False
    values = np.frombuffer(data, np.uint8)
    differing = int(np.bitwise_or.reduce(values)) ^ int(np.bitwise_and.reduce(values))
    is_plain = differing & 0x80 == 0 and data[0] < 0x80
    return differing != 0xFF and not is_plain and data.count(0) == 0 and len(set(data)) >= FEWEST_TURNED


def _holds_number(data: bytes) -> bool:
    """Return whether the first bytes may hold an IMEI in eight bytes, or all are to wake a machine."""
    head = data[:NUMBER_WITHIN]
    is_named = holds_half_bytes(head) or AS_INTEGER.search(head) is not None
    return is_named or TO_WAKE.search(data[:PROBE]) is not None


def holds_half_bytes(head: bytes) -> bool:
    """Return whether the first bytes of a message may hold an IMEI in half bytes."""
    return any(found[1].count(0) <= MOST_NOUGHTS for found in IN_HALF_BYTES.finditer(head))


def _has_text(data: bytes, form: bytes) -> bool:
    if 3 * (form.count(b"A") + form.count(b"n")) > 2 * len(data):
        return TEXT_RUN in form
    if MIXED_RUN not in form and VALUE_RUN not in data.translate(OF_VALUES):
        return False
    return LONG_RUN in form or not looks_random(data)


def looks_random(data: bytes) -> bool:
    """Return whether the values of bytes are spread evenly, as those of encrypted data are."""
    if len(data) < LEAST_SPREAD:
        return False
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    return int((counts * counts).sum()) * 256 / len(data) - len(data) < MOST_EVEN


def holds_packed(data: bytes) -> bool:
    """Return whether a zlib or gzip stream begins somewhere in the bytes."""
    for beginning in PACKED:
        at, tried = data.find(beginning), 0
        while at >= 0 and tried < MOST_PACKED:
            try:
                if zlib.decompressobj(EITHER_HEADER).decompress(data[at : at + PROBE], 64):
                    return True
            except zlib.error:
                pass
            at, tried = data.find(beginning, at + 1), tried + 1
    return False


def is_encrypted(data: bytes) -> bool:
    """Return whether bytes begin a TLS record (RFC 8446 §5.1) or the banner of SSH (RFC 4253 §4.2)."""
    is_tls = len(data) >= 5 and 0x14 <= data[0] <= 0x17 and data[1] == 3 and data[2] <= 4
    return is_tls or data.startswith(b"SSH-")


def unclassified(data: bytes, place: MessagePlace) -> HttpMessage:
    """Return the message that bytes of no known protocol make.

    Where they have the form of a line, headers and a body, so has the message; what stands before that is a
    header of it too.
    """
    found = _headers_in(data)
    if found is None:
        return message(UNCLASSIFIED, "request", place, body=data, one_way=True)
    at, end, fields = found
    before = data[:at].rstrip(b"\r\n")
    start = max(len(before.rstrip(PRINTABLE)), len(before) - LONGEST_LINE)
    headers: Headers = [("before", text(before[:start]))] if start else []
    headers += [
        (text(name), text(value.strip())) for name, _, value in (line.partition(b":") for line in fields)
    ]
    line = text(before[start:]) or None
    made = message(UNCLASSIFIED, "request", place, target=line, headers=headers, one_way=True)
    given = given_in(headers)
    made.body.codings = codings_of(given)
    made.body.content_type = given["content-type"][0] if "content-type" in given else None
    if end < len(data):
        made.body.add(data[end:])
    return made


def _headers_in(data: bytes) -> tuple[int, int, list[bytes]] | None:
    """Return where the first headers begin behind a line, where their empty line ends, and their lines."""
    first, *lines = data.split(b"\n")
    at = start = len(first) + 1
    for number, line in enumerate(lines):
        end = at + len(line) + 1
        if line in (b"", b"\r") and start < at and number < len(lines) - 1:
            return start, end, data[start:at].split(b"\n")[:-1]
        if not HEADER.fullmatch(line):
            start = end
        at = end
    return None


OTHER_READING = (
    "these bytes were sent twice with different content: this is the copy that the other reading leaves out"
)


def other_readings(stream: Stream, sender: int) -> Iterator[Exchange]:
    """Return messages of the copies that differ from what was read of a stream, so that both are searched."""
    for run in stream.other_readings():
        data = b"".join(segment.data for segment in run)
        if not is_searched(data) or is_encrypted(data):
            continue
        frames = tuple(dict.fromkeys(segment.frame for segment in run))
        place = MessagePlace(
            run[0].offset, run[0].offset + len(data), frames, run[0].time_ns, max(s.time_ns for s in run)
        )
        made = unclassified(data, place)
        made.readings.append(OTHER_READING)
        yield Exchange(made, None, sender)


class UnclassifiedBytes:
    """What no reader takes of one direction of a stream.

    `sender` is 0 where A sends it, 1 where B does. `give` returns what became messages.
    """

    __slots__ = ("_data", "_last_ns", "_looked", "_made", "_messages", "_passed", "is_closed", "sender")

    def __init__(self, sender: int) -> None:
        self.sender = sender
        self.is_closed = False  # nothing more of it is looked at
        self._data = ByteQueue()
        self._made: list[Exchange] = []
        self._looked = 0  # bytes that were gathered
        self._passed = 0  # … and those between windows
        self._messages = 0
        self._last_ns = 0

    def __len__(self) -> int:
        return len(self._data)

    def add(self, piece: Segment | Gap) -> None:
        """Take the next bytes that nobody reads; a gap ends a message."""
        if isinstance(piece, Gap):
            self.flush()
            return
        if self.is_closed or not piece.data:
            return
        if is_encrypted(piece.data):
            self.flush()
            self.is_closed = piece.data.startswith(b"SSH-")
            return
        data = self._data
        if data and (piece.offset != data.start + len(data) or piece.time_ns - self._last_ns > PAUSE_NS):
            self.flush()
        if not self._has_room(len(piece.data)):
            return
        data.add(piece)
        self._last_ns = piece.time_ns
        while len(data) >= LONGEST:
            self._make(data.take(_cut(data.data)))

    def drop(self) -> None:
        """Forget what was gathered: somebody reads it after all."""
        self._data.clear()
        self._made.clear()

    def flush(self) -> None:
        """Make a message of what was gathered."""
        if self._data:
            self._make(self._data.take(len(self._data)))

    def give(self) -> list[Exchange]:
        """Return the messages made since the last call."""
        made, self._made = self._made, []
        return made

    def _has_room(self, size: int) -> bool:
        if self._looked >= WITHOUT_BREAK and (self._looked - WITHOUT_BREAK + self._passed) % EVERY > WINDOW:
            self._passed += size
            self.flush()
            return False
        self._looked += size
        self.is_closed = self._looked > MOST
        return True

    def _make(self, taken: QueuedBytes) -> None:
        if self._messages >= MOST_MESSAGES or not is_searched(taken.data):
            return
        self._messages += 1
        place = MessagePlace(taken.start, taken.end, taken.frames, taken.time_ns, taken.end_ns)
        data = taken.data
        if found := plain_login_in(data):
            headers: Headers = [("User", text(found.user)), ("Password", "sent readable, not shown")]
            made = message(SASL, "request", place, method=SASL_PLAIN, headers=headers, one_way=True)
            self._made.append(Exchange(made, None, self.sender))
            data = data[: found.start] + bytes(found.end - found.start) + data[found.end :]
        made = unclassified(data, place)
        made.spans = list(taken.spans)
        self._made.append(Exchange(made, None, self.sender))


def _cut(data: bytearray) -> int:
    """Return how many bytes make a message: up to the end of a line or value near the end, else all."""
    at = max(data.rfind(byte, LONGEST // 2, LONGEST) for byte in BREAKS)
    return at + 1 if at > 0 else LONGEST
