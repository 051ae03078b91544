"""IRC, XMPP, NNTP, ManageSieve, Asterisk's manager, rsync and rlogin: log-ins in lines or stanzas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from analyzer.dissectors.api import (
    NOT_READABLE,
    NOT_SHOWN,
    DirectionBytes,
    HttpMessage,
    MalformedError,
    MessagePlace,
    TextLines,
    content,
    decoded,
    login,
    mechanism_name,
    sasl,
    text,
)


class SaslLine:
    """A mechanism that was asked for, and the responses that come after it."""

    def __init__(self, mechanism: bytes) -> None:
        self.mechanism = mechanism
        self.user = ""
        self._step = 0

    def take(self, response: bytes) -> tuple[str, str]:
        """Return (user, how the password was sent) as known after one response in base64."""
        plain = decoded(response)
        if self.mechanism.upper() == b"LOGIN":
            self._step += 1
            if self._step == 1:
                self.user = text(plain)
            return self.user, NOT_SHOWN if self._step > 1 else ""
        user, password = sasl(self.mechanism, plain)
        return user, password


# ── IRC (RFC 2812 §3.1, ircv3.net/specs/extensions/sasl-3.1) ────────────────

SERVICES = re.compile(
    rb"(?:PRIVMSG|NOTICE|SQUERY)[ ]+(?:NickServ|AuthServ|Q|X|UserServ)\S*[ ]+:?(?P<said>.*)"
    rb"|(?:NICKSERV|NS|AUTHSERV|MSG NickServ)[ ]+:?(?P<short>.*)",
    re.IGNORECASE | re.DOTALL,
)
TELLS = re.compile(
    rb"(?:IDENTIFY|ID|LOGIN|AUTH|REGISTER|GHOST|RECOVER|REGAIN|RELEASE|SET\s+PASSWORD)\b", re.IGNORECASE
)


class Irc(TextLines):
    """PASS, NICK, USER, OPER, SASL and what is said to a service that keeps names."""

    name = "irc"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._nick = ""
        self._has_password = False
        self._sasl: SaslLine | None = None

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether a PASS or USER line, which other protocols have too, comes with one of IRC."""
        return re.match(rb"(?i)CAP (?:LS|REQ|END)|NICK ", data) is not None or b"\nNICK " in data.upper()

    def line(self, side: int, line: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client:
            yield from content(self.name, place, line)
            return
        bare = re.sub(rb"\A(?:@\S* +)?(?::\S* +)?", b"", line)
        command, _, rest = bare.partition(b" ")
        handled = self.COMMANDS.get(command.upper())
        if handled is not None:
            yield from handled(self, rest.strip(), place)
        elif (found := SERVICES.match(bare)) is not None and TELLS.match(
            found["said"] or found["short"] or b""
        ):
            words = (found["said"] or found["short"]).split()
            user = text(words[1]) if len(words) > 2 else self._nick
            yield login(self.name, "IDENTIFY", place, user, NOT_SHOWN if len(words) > 1 else "")
        else:
            yield from content(self.name, place, bare)

    def _pass(self, rest: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
        self._has_password = bool(rest)
        return iter(())

    def _set_nick(self, rest: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
        self._nick = text(rest.removeprefix(b":"))
        return iter(())

    def _user(self, rest: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
        words = rest.split(b" ", 3)
        others = [("nick", self._nick), ("real name", text(words[-1].removeprefix(b":")))]
        password = NOT_SHOWN if self._has_password else ""
        yield login(self.name, "USER", place, words[0], password, others)

    def _oper(self, rest: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
        words = rest.split()
        if len(words) > 1:
            yield login(self.name, "OPER", place, words[0], NOT_SHOWN)

    def _authenticate(self, rest: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
        if rest in (b"*", b"+"):
            return
        if self._sasl is None:
            self._sasl = SaslLine(rest)
            return
        asked = self._sasl
        user, password = asked.take(rest)
        if user or password:
            yield login(self.name, f"AUTHENTICATE {mechanism_name(asked.mechanism)}", place, user, password)

    COMMANDS: ClassVar[dict[bytes, Callable[[Irc, bytes, MessagePlace], Iterator[HttpMessage]]]] = {
        b"PASS": _pass,
        b"NICK": _set_nick,
        b"USER": _user,
        b"OPER": _oper,
        b"AUTHENTICATE": _authenticate,
    }


# ── XMPP (RFC 6120 §6, XEP-0078, XEP-0388) ──────────────────────────────────

AUTH = re.compile(
    rb"<(?:\w+:)?auth(?:enticate)?\b(?P<named>[^>]*)>(?P<response>.*?)</(?:\w+:)?auth(?:enticate)?>",
    re.DOTALL,
)
RESPONSE = re.compile(rb"<(?:\w+:)?response\b[^>]*>([^<]*)</")
MECHANISM = re.compile(rb"""mechanism\s*=\s*["']([^"']{1,64})["']""")
INITIAL = re.compile(rb"<initial-response[^>]*>([^<]*)<")
LEGACY = re.compile(rb"<username>([^<]{1,256})</username>")
LEGACY_PASSWORD = re.compile(rb"<password>[^<]*</password>")
LEGACY_DIGEST = re.compile(rb"<digest>[^<]*</digest>")
OPENED = re.compile(rb"<(?:\w+:)?(?:auth|authenticate|response|iq)\b(?![^>]*/>)")
CLOSED = re.compile(rb"</(?:\w+:)?(?:auth|authenticate|response|iq)>")
MOST_STANZA = 1 << 15


class Xmpp(DirectionBytes):
    """SASL and XEP-0078 log-ins; other stanzas are searched."""

    name = "xmpp"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._sasl: SaslLine | None = None
        self._tls_asked = False

    def length(self, side: int, data: bytearray) -> int:
        if len(data) > MOST_STANZA:
            return len(data)
        if not data.rstrip(b" \r\n\t").endswith(b">"):
            return len(data) if not data.strip() else 0
        return 0 if len(OPENED.findall(data)) > len(CLOSED.findall(data)) else len(data)

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client:
            self.ended = self.sealed = self._tls_asked and b"<proceed" in data
            yield from content(self.name, place, data)
            return
        self._tls_asked = b"<starttls" in data
        rest = data
        for found in AUTH.finditer(data):
            yield from self._auth(found, place)
            rest = rest.replace(found[0], b"")
        for answer in RESPONSE.finditer(rest):
            if self._sasl is not None:
                yield from self._made(self._sasl.take(answer[1]), place)
            rest = rest.replace(answer[1], b"") if answer[1] else rest
        if (user := LEGACY.search(rest)) and (LEGACY_PASSWORD.search(rest) or LEGACY_DIGEST.search(rest)):
            password = NOT_SHOWN if LEGACY_PASSWORD.search(rest) else NOT_READABLE
            yield login(self.name, "jabber:iq:auth", place, user[1], password)
            rest = b""
        yield from content(self.name, place, rest)

    def _auth(self, found: re.Match[bytes], place: MessagePlace) -> Iterator[HttpMessage]:
        named = MECHANISM.search(found["named"])
        if named is None:
            return
        self._sasl = SaslLine(named[1])
        inner = INITIAL.search(found["response"])
        response = inner[1] if inner else found["response"]
        yield from self._made(self._sasl.take(response) if response.strip() else ("", ""), place)

    def _made(self, known: tuple[str, str], place: MessagePlace) -> Iterator[HttpMessage]:
        if self._sasl is not None and any(known):
            yield login(self.name, f"auth {mechanism_name(self._sasl.mechanism)}", place, *known)


# ── NNTP (RFC 4643), ManageSieve (RFC 5804), Asterisk's manager ─────────────


class Nntp(TextLines):
    """AUTHINFO USER, PASS and SASL."""

    name = "nntp"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._user = b""

    def line(self, side: int, line: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        words = line.split(None, 3)
        upper = [word.upper() for word in words[:2]]
        if side != self.client or upper[:1] != [b"AUTHINFO"] or len(words) < 3:
            yield from content(self.name, place, line)
        elif upper[1] == b"USER":
            self._user = words[2]
        elif upper[1] == b"PASS":
            yield login(self.name, "AUTHINFO PASS", place, self._user, NOT_SHOWN)
        elif upper[1] == b"SASL":
            known = sasl(words[2], decoded(words[3])) if len(words) > 3 else ("", "")
            yield login(self.name, f"AUTHINFO {mechanism_name(words[2])}", place, *known)


class Sieve(TextLines):
    """AUTHENTICATE with a quoted first response."""

    name = "managesieve"
    ASKED = re.compile(rb'AUTHENTICATE +"([^"]{1,64})"(?: +"([^"]*)")?', re.IGNORECASE)

    def line(self, side: int, line: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        found = self.ASKED.match(line) if side == self.client else None
        if found is not None:
            known = sasl(found[1], decoded(found[2] or b""))
            yield login(self.name, f"AUTHENTICATE {mechanism_name(found[1])}", place, *known)
        elif side != self.client or line[:1] != b'"':  # a bare string is a response of the log-in
            yield from content(self.name, place, line)


class Manager(TextLines):
    """Action: Login with Username and Secret, a header a line (docs.asterisk.org, AMI)."""

    name = "asterisk manager"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._user = b""
        self._is_login = False

    def line(self, side: int, line: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if side == self.client and name == b"username":
            self._user = value
        elif side == self.client and name in (b"secret", b"key"):
            yield login(
                self.name, "Login", place, self._user, NOT_SHOWN if name == b"secret" else NOT_READABLE
            )
        else:
            yield from content(self.name, place, line)


# ── rsync's daemon (rsync/clientserver.c: start_daemon, auth_client) ────────


class Rsync(TextLines):
    """The name of the user that answers a challenge, and the modules and paths asked for."""

    name = "rsync"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._is_asked = self._is_data = False

    def length(self, side: int, data: bytearray) -> int:
        return len(data) if self._is_data else super().length(side, data)

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        return content(self.name, place, data) if self._is_data else super().read(side, data, place)

    def line(self, side: int, line: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client:
            self._is_asked = line.startswith(b"@RSYNCD: AUTHREQD")
            self._is_data = line.startswith(b"@RSYNCD: OK")
            return
        if self._is_asked and line.count(b" ") == 1:
            self._is_asked = False
            yield login(self.name, "AUTHREQD", place, line.split(b" ")[0], NOT_READABLE)
        elif not line.startswith(b"@RSYNCD:"):
            yield from content(self.name, place, line)


# ── rlogin (RFC 1282) ───────────────────────────────────────────────────────


class Rlogin(DirectionBytes):
    """The names of the user on both computers and the terminal."""

    name = "rlogin"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._begun = False

    def length(self, side: int, data: bytearray) -> int:
        if side != self.client or self._begun:
            return len(data)
        ends = [at for at, byte in enumerate(data[:300]) if not byte][:4]
        if len(ends) < 4:
            if len(data) > 300:
                raise MalformedError("no beginning")
            return 0
        self._begun = True
        return ends[3] + 1

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side == self.client and data[:1] == b"\0" and data.count(b"\0") == 4:
            _, local, remote, terminal, _ = data.split(b"\0")
            others = [("local user", text(local)), ("terminal", text(terminal))]
            yield login(self.name, "log-in", place, remote, "", others)
        # What is typed may be a password, so it is not kept.
