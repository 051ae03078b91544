"""Log-ins in lines that no one protocol has for itself: USER and PASS, MPD, FreeSWITCH, CVS, Subversion."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from analyzer.dissectors.api import (
    NOT_READABLE,
    NOT_SHOWN,
    HttpMessage,
    MessagePlace,
    TextLines,
    content,
    decoded,
    login,
    mechanism_name,
    sasl,
    text,
)
from analyzer.dissectors.text_logins import TelnetStream

ARGUMENT = rb"[ \t]+(\"[^\"]{1,128}\"|[!-~]{1,128})[ \t]*"
USER = re.compile(rb"(?i:USER|USERNAME|LOGIN)" + ARGUMENT)
PASSWORD = re.compile(rb"(?i:PASS|PASSWORD|PASSWD)" + ARGUMENT)
# Greetings behind which a password stands alone, or a user and a password in one line.
ALONE = re.compile(rb"OK MPD \d")
TOGETHER = re.compile(rb"TS3\Z")
ASKED = re.compile(rb"Content-Type: auth/request\Z")
BOTH = re.compile(rb"(?i:login)" + ARGUMENT + ARGUMENT)
NAMED = re.compile(rb"(?i:login)(?:[ \t]+client_login_(?:name|password)=\S{1,128}){2}")
SWITCH = re.compile(rb"(?:auth (?P<alone>\S{1,128})|userauth (?P<user>[^\s:]{1,128}):\S{1,128})[ \t]*")
NAME_GIVEN = re.compile(rb"client_login_name=(\S+)")


# Both in one line: `LOGIN name password`, `user name pass word`. A passcode of -1 stands for none (APRS-IS).
IN_ONE_LINE = re.compile(
    rb"(?i:LOGIN)[ \t]+(?P<user>[!-~]{1,64})[ \t]+(?P<password>[!-~]{1,64})[ \t]*"
    rb"|(?i:USER|LOGIN)[ \t]+(?P<named>[!-~]{1,64})[ \t]+(?i:PASS|PASSWORD)[ \t]+(?!-1\b)[!-~]{1,64}"
    rb"(?:[ \t].*)?"
)
HASHED = re.compile(rb"(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")


class Prompts(TelnetStream):
    """What is typed at prompts for a user and a password, without Telnet around it."""

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client)

    name = "prompts"


class LineLogin(TextLines):
    """A line that names a user, and one that holds the password, with answers between them."""

    name = "line log-in"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._greeting = b""
        self._user = b""

    def line(self, side: int, line: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client:
            self._greeting = self._greeting or line[:64]
            yield from content(self.name, place, line)
        elif (known := self._login(line)) is not None:
            user, self._user = known, b""
            yield login(self.name, text(line.split(None, 1)[0]).upper()[:16], place, user, NOT_SHOWN)
        elif both := IN_ONE_LINE.fullmatch(line):
            sent = NOT_READABLE if HASHED.fullmatch(both["password"] or b"") else NOT_SHOWN
            yield login(self.name, "LOGIN", place, both["user"] or both["named"], sent)
        elif found := USER.fullmatch(line):
            self._user = found[1].strip(b'"')
        else:
            yield from content(self.name, place, line)

    def _login(self, line: bytes) -> bytes | None:
        """Return the user whose password a line holds, empty without a name; None where it holds none."""
        if PASSWORD.fullmatch(line) and (self._user or ALONE.match(self._greeting)):
            return self._user
        if ASKED.match(self._greeting) and (found := SWITCH.fullmatch(line)):
            return found["user"] or b""
        if TOGETHER.match(self._greeting):
            if named := NAMED.fullmatch(line):
                return b"".join(NAME_GIVEN.findall(named[0])[:1])
            if both := BOTH.fullmatch(line):
                return both[1].strip(b'"')
        return None


# ── CVS (cvsclient.info, "Connection and Authentication") ───────────────────


class Cvs(TextLines):
    """Repository, user and a password that is only scrambled, a line each; then requests."""

    name = "cvs"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._lines: list[bytes] | None = None

    def line(self, side: int, line: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side == self.client and line.startswith(b"BEGIN "):
            self._lines = []
        elif side == self.client and self._lines is not None:
            yield from self._part(self._lines, line, place)
        else:
            yield from content(self.name, place, line)

    def _part(self, given: list[bytes], line: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
        if line.startswith(b"END ") or len(given) > 2:
            self._lines = None
        else:
            given.append(line)
        if len(given) == 3:
            self._lines = []
            repository, user, scrambled = given
            others = [("repository", text(repository))]
            yield login(self.name, "AUTH", place, user, NOT_SHOWN if len(scrambled) > 1 else "", others)


# ── Subversion (subversion/libsvn_ra_svn/protocol) ──────────────────────────

MOST_ITEM = 1 << 13
CHOSEN = re.compile(rb"\( ([A-Z][A-Z0-9-]{2,20}) \( (?:(\d{1,4}):([!-~]*) )?\) \) ")
RESPONSE = re.compile(rb"\d{1,4}:([^\s]{1,128}) [0-9a-f]{32} ")


class Subversion(TextLines):
    """The mechanism that the client chooses, and its response."""

    name = "subversion"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._mechanism = b""

    def length(self, side: int, data: bytearray) -> int:
        is_whole = data.endswith((b" ", b"\n")) and data.count(b"(") == data.count(b")")
        return len(data) if is_whole or len(data) > MOST_ITEM else 0

    def line(self, side: int, line: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client:
            yield from content(self.name, place, line)
        elif found := CHOSEN.match(line):
            self._mechanism = found[1]
            user, password = sasl(found[1], decoded(found[3] or b""))
            if user:
                yield login(self.name, f"auth {mechanism_name(found[1])}", place, user, password)
        elif self._mechanism and (found := RESPONSE.match(line)):
            yield login(self.name, "auth CRAM-MD5", place, found[1], NOT_READABLE)
        else:
            yield from content(self.name, place, line)
