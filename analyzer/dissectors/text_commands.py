"""Redis, NATS and STOMP: commands in text with payloads → log-ins and what is stored or sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from analyzer.dissectors.api import (
    NOT_SHOWN,
    DirectionBytes,
    HttpMessage,
    MalformedError,
    MessagePlace,
    content,
    login,
    text,
)

MOST_ARGUMENTS = 1 << 16
ACCESS_TOKEN = "an access token was " + NOT_SHOWN

# ── Redis: RESP2 and RESP3 (redis.io/docs/reference/protocol-spec) ──────────

ARRAY, BULK = re.compile(rb"\*(\d{1,6})\r\n"), re.compile(rb"\$(\d{1,9})\r\n")
INLINE = re.compile(rb"[A-Za-z][^\r\n]*\r?\n")
# Settings that are passwords, and commands whose arguments name a value.
SECRET_SETTINGS = re.compile(rb"(?i)requirepass|masterauth|.*(?:pass|secret|key-file-pass)")
PAIRED = {b"SET": 1, b"SETEX": 1, b"PSETEX": 1, b"SETNX": 1, b"GETSET": 1, b"MSET": 1, b"MSETNX": 1,
          b"HSET": 2,          b"HMSET": 2, b"HSETNX": 2, b"XADD": 3}  # fmt: skip
TIMED = (b"SETEX", b"PSETEX")
MOST_SHOWN = 128


class Redis(DirectionBytes):
    """AUTH, HELLO with AUTH, and the arguments of other commands."""

    name = "redis"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._parsed = [
            (0, 0),
            (0, 0),
        ]  # of a command that is cut: where the next argument begins, how many come

    def length(self, side: int, data: bytearray) -> int:
        if side != self.client:
            return len(data)
        at, missing = self._parsed[side]
        if not at:
            head = ARRAY.match(data)
            if head is None:
                return self._short(data)
            at, missing = head.end(), int(head[1])
            if missing > MOST_ARGUMENTS:
                raise MalformedError("too many arguments")
        while missing:
            head = BULK.match(data, at)
            if head is None:
                if len(data) - at > 12:
                    self._parsed[side] = (0, 0)
                    raise MalformedError("no argument")
                break
            end = head.end() + int(head[1]) + 2
            if end > len(data):
                break
            at, missing = end, missing - 1
        self._parsed[side] = (at, missing) if missing else (0, 0)
        return 0 if missing else at

    def _short(self, data: bytearray) -> int:
        """The length of an inline command, or 0 for the beginning of one."""
        found = INLINE.match(data)
        if found is None and (len(data) > 512 or (data[:1] != b"*" and not data[:1].isalpha())):
            raise MalformedError("no command")
        return found.end() if found else 0

    def _over(self, side: int) -> None:
        self._parsed[side] = (0, 0)
        super()._over(side)

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client:
            yield from content(self.name, place, data)
            return
        words = list(_arguments(data))
        if not words:
            return
        command = words[0].upper()
        found = _redis_login(command, words)
        if found is not None:
            yield login(self.name, text(command), place, *found)
            return
        if command == b"CONFIG" and len(words) > 3 and SECRET_SETTINGS.fullmatch(words[2]):
            yield login(self.name, "CONFIG SET", place, b"", NOT_SHOWN, [("setting", text(words[2]))])
            return
        yield from content(self.name, place, b"", text(command), None, _named(command, words))


def _arguments(data: bytes) -> Iterator[bytes]:
    head = ARRAY.match(data)
    if head is None:
        yield from data.split()[:MOST_ARGUMENTS]
        return
    at = head.end()
    while (found := BULK.match(data, at)) is not None:
        yield data[found.end() : found.end() + int(found[1])]
        at = found.end() + int(found[1]) + 2


def _redis_login(command: bytes, words: list[bytes]) -> tuple[bytes, str] | None:
    """(account, how the password was sent) of a command that carries a password."""
    upper = [word.upper() for word in words]
    if command == b"AUTH" and len(words) > 1:
        return (words[1] if len(words) > 2 else b"default"), NOT_SHOWN
    if command == b"HELLO" and b"AUTH" in upper and len(words) > upper.index(b"AUTH") + 2:
        return words[upper.index(b"AUTH") + 1], NOT_SHOWN
    if command == b"ACL" and upper[1:2] == [b"SETUSER"] and len(words) > 2:
        return words[2], NOT_SHOWN if any(word[:1] == b">" for word in words) else ""
    if command == b"MIGRATE" and {b"AUTH", b"AUTH2"} & set(upper):
        return (words[upper.index(b"AUTH2") + 1] if b"AUTH2" in upper[:-1] else b"default"), NOT_SHOWN
    return None


def _named(command: bytes, words: list[bytes]) -> Iterator[tuple[str, str]]:
    """Values under their keys or fields where the command has such, else arguments."""
    first = PAIRED.get(command)
    if first is None:
        yield from (("argument", text(word)) for word in words[1:MOST_SHOWN])
        return
    if first > 1:
        yield "key", text(words[1]) if len(words) > 1 else ""
    rest = [words[1], *words[3:]] if command in TIMED and len(words) > 3 else words[first:]
    for name, value in zip(rest[::2], rest[1::2], strict=False):
        yield text(name)[-64:], text(value)
    if len(rest) % 2:
        yield "argument", text(rest[-1])


# ── NATS (docs.nats.io/reference/reference-protocols/nats-protocol) ─────────

NATS_LINE = re.compile(rb"([A-Za-z+-]{2,8})(?:[ \t]+([^\r\n]*))?\r?\n")
PAYLOAD = (b"PUB", b"HPUB", b"MSG", b"HMSG")
NATS_SHOWN = ("name", "lang", "version", "nkey")


class Nats(DirectionBytes):
    """CONNECT with its JSON, and payloads that are published."""

    name = "nats"

    def length(self, side: int, data: bytearray) -> int:
        end = data.find(b"\n", 0, 1 << 14)
        if end < 0:
            if len(data) > 1 << 14:
                raise MalformedError("no line")
            return 0
        found = NATS_LINE.fullmatch(data, 0, end + 1)
        if found is None:
            raise MalformedError("no command")
        if found[1].upper() not in PAYLOAD:
            return end + 1
        words = (found[2] or b"").split()
        if not words or not words[-1].isdigit() or len(words[-1]) > 9:
            raise MalformedError("no size")
        return end + 1 + int(words[-1]) + 2

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        line, _, payload = data.partition(b"\n")
        command, _, rest = line.strip().partition(b" ")
        if command.upper() == b"CONNECT":
            yield _nats_login(rest, place)
        elif command.upper() in PAYLOAD:
            subject = text(rest.split()[0])
            yield from content(self.name, place, payload[:-2], text(command), subject)
        else:
            yield from content(self.name, place, rest, text(command))


def _nats_login(rest: bytes, place: MessagePlace) -> HttpMessage:
    try:
        options = json.loads(rest)
    except (ValueError, RecursionError):
        raise MalformedError("no JSON") from None
    if not isinstance(options, dict):
        raise MalformedError("no object")
    user = str(options.get("user") or "")
    password = NOT_SHOWN if options.get("pass") else ACCESS_TOKEN if _has_token(options) else ""
    others = [(name, str(options.get(name) or "")) for name in NATS_SHOWN]
    return login("nats", "CONNECT", place, user, password, others)


def _has_token(options: dict[str, object]) -> bool:
    return bool(options.get("auth_token"))


# ── STOMP (stomp.github.io/stomp-specification-1.2.html) ────────────────────

STOMP_HEAD = re.compile(rb"[\r\n]*([A-Z]{3,12})\r?\n((?:[^\r\n:]{1,256}:[^\r\n]*\r?\n)*)\r?\n")
STOMP_BEGUN = re.compile(rb"[\r\n]*[A-Z]{1,12}(?:\r?\n|\r?\Z)")
ESCAPES = {b"\\n": b"\n", b"\\c": b":", b"\\\\": b"\\", b"\\r": b"\r"}
MOST_HEAD = 1 << 14
STOMP_SECRETS = (b"passcode", b"login")


class Stomp(DirectionBytes):
    """CONNECT with login and passcode, and the bodies of SEND."""

    name = "stomp"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._looked = [0, 0]

    def length(self, side: int, data: bytearray) -> int:
        head = STOMP_HEAD.match(data)
        if head is None:
            blank = len(data) - len(data.lstrip(b"\r\n"))
            if blank == len(data):
                return blank
            if len(data) > MOST_HEAD or (len(data) > 16 and STOMP_BEGUN.match(data) is None):
                raise MalformedError("no frame")
            return 0
        counted = re.search(rb"(?m)^content-length:[ \t]*(\d{1,9})\r?$", head[2])
        if counted is not None:
            return head.end() + int(counted[1]) + 1
        end = data.find(b"\0", max(head.end(), self._looked[side]))
        self._looked[side] = 0 if end >= 0 else len(data)
        return end + 1

    def _over(self, side: int) -> None:
        self._looked[side] = 0
        super()._over(side)

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        head = STOMP_HEAD.match(data)
        if head is None:
            return
        pairs = [line.rstrip(b"\r").partition(b":") for line in head[2].split(b"\n") if line]
        fields = [(_unescaped(name), _unescaped(value)) for name, _, value in pairs]
        command = text(head[1])
        if command in ("CONNECT", "STOMP"):
            given = dict(reversed(fields))
            others = [(text(name), text(value)) for name, value in fields if name not in STOMP_SECRETS]
            password = NOT_SHOWN if given.get(b"passcode") else ""
            yield login(self.name, command, place, given.get(b"login", b""), password, others)
            return
        names = [(text(name), text(value)) for name, value in fields]
        target = next((value for name, value in names if name == "destination"), None)
        yield from content(self.name, place, data[head.end() :].rstrip(b"\0"), command, target, names)


def _unescaped(data: bytes) -> bytes:
    return re.sub(rb"\\[ncr\\]", lambda found: ESCAPES[found[0]], data)
