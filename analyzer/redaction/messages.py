"""A message → the same message with pseudonyms on every step of its encodings; what can't be is withheld."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from analyzer.codecs.plain_text import BYTE_ORDER_MARKS
from analyzer.inspection.decode import decode
from analyzer.inspection.message_parts import charset_of, parts_of
from analyzer.model import Body, Message
from analyzer.redaction.containers import put_back
from analyzer.redaction.document_rewrite import LEAST_OF_A_PIECE, WITHHELD, Rewriter, Short, Value
from analyzer.redaction.spellings import DIGEST_FORMS, Pair

BODY_WITHHELD = "withheld: an encoding in it hides an identifier that could not be replaced"
COOKIES = frozenset(("cookie", "set-cookie"))
DIGESTS = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512)


class MessageRewriter:
    """Rewrites messages; `texts` are plain originals and pseudonyms, of which a cut may have left a piece."""

    def __init__(self, rewriter: Rewriter, texts: Mapping[str, str]) -> None:
        self._by = rewriter
        self._texts = texts

    def content(self, message: Message, short: Short) -> bytes:
        """The body's content with pseudonyms; empty where that can't be done."""
        content = message.body.content
        if not content:
            return content
        outer = [(value, path) for _, value, path, _ in parts_of(message) if path[:1] == ("body",)]
        made = content
        for value, path in outer:
            new = self._by.value(value, path, short)
            if new != value:
                made = _in_content(made, value, new, _charset(message))
        made = self._by.replacer.data(made)
        if not message.body.complete or message.body.left_out or not message.complete:
            made = self._without_pieces(made)
        return made if not self._hides(message, made) else b""

    def message(self, message: Message, content: bytes, short: Short) -> Message:
        """The message around its new content."""
        target = self._target(message, short)
        headers = tuple(
            (self._by.text(name), self._header(name, value, short)) for name, value in message.headers
        )
        return replace(message, target=target, headers=headers, body=_body(message.body, content))

    def _target(self, message: Message, short: Short) -> str | None:
        if not message.target:
            return message.target
        made = message.target
        for _, value, path, _ in parts_of(replace(message, headers=(), body=Body())):
            new = self._by.value(value, path, short)
            if new != value:
                is_path = path[:2] == ("target", "path")
                step = ("path" if len(path) == 2 else "segment") if is_path else "query"
                made = str(put_back(step, made, {value: new}))
        made = self._by.text(made)
        hidden = any(
            self._by.hides(part[1])
            for part in parts_of(replace(message, target=made, headers=(), body=Body()))
        )
        return WITHHELD if hidden else made

    def _header(self, name: str, value: str, short: Short) -> str:
        made = value
        if name.lower() in COOKIES:
            for _, cookie, path, _ in parts_of(_only_header(name, value)):
                new = self._by.value(cookie, path, short)
                if new != cookie:
                    made = str(put_back("cookie", made, {cookie: new}))
            hidden = any(self._by.hides(part[1]) for part in parts_of(_only_header(name, made)))
            return WITHHELD if hidden else self._by.text(made)
        for _, inner, path, _ in parts_of(_only_header(name, value)):
            new = self._by.value(inner, path, short) if inner != value else inner
            if new != inner and isinstance(inner, str) and isinstance(new, str):
                made = made.replace(inner, new)
        rewritten = self._by.value(made, ("header", name), short)
        made = self._by.text(rewritten if isinstance(rewritten, str) else made)
        hidden = any(self._by.hides(part[1]) for part in parts_of(_only_header(name, made)))
        return WITHHELD if hidden else made

    def _hides(self, message: Message, content: bytes) -> bool:
        if self._by.replacer.found(content):
            return True
        made = replace(
            message, target=None, headers=_content_type(message), body=replace(message.body, content=content)
        )
        return any(self._by.hides(part[0]) or self._by.hides(part[1]) for part in parts_of(made))

    def _without_pieces(self, content: bytes) -> bytes:
        """Of an identifier that a cut divided, what is left becomes the same piece of its pseudonym."""
        for old, new in self._texts.items():
            before, after = old.encode(), new.encode()
            if len(before) != len(after):
                continue
            for length in range(len(before) - 1, LEAST_OF_A_PIECE - 1, -1):
                if content.endswith(before[:length]):
                    content = content[:-length] + after[:length]
                if content.startswith(before[-length:]):
                    content = after[-length:] + content[length:]
        return content


def texts_of(message: Message) -> Iterator[str]:
    """The texts of a message, as they were sent and as the decode ladder reads them."""
    yield from (each for each in (message.target, message.host, message.reason) if each)
    for name, value in message.headers:
        yield name
        yield value
    yield message.body.content.decode("utf-8", "replace")
    for field in decode(message).fields:
        yield field.name
        if isinstance(field.value, str):
            yield field.value


def digest_pairs(before: bytes, after: bytes) -> Iterator[Pair]:
    """Hashes of a body that changed: by that of the original anyone could confirm a guess."""
    for digest in DIGESTS:
        old, new = digest(before).digest(), digest(after).digest()
        yield from ((write(old), write(new)) for write in DIGEST_FORMS[:5])
    for checksum in (zlib.crc32, zlib.adler32):
        numbers = checksum(before), checksum(after)
        yield from zip(*map(_written_number, numbers), strict=True)


def _written_number(number: int) -> tuple[bytes, ...]:
    """A checksum as texts have it, in hexadecimal and decimal digits."""
    return f"{number:08x}".encode(), f"{number:08X}".encode(), str(number).encode()


def _body(body: Body, content: bytes) -> Body:
    """Return the body with new content and no hash of what is hidden.

    Hashes stay where everything they are of is shown as it was sent. `replaced_sha256` is of what is shown.
    """
    if not body.length and not body.content:
        return body
    is_whole = body.complete and body.left_out is None and body.missing is None
    if content == body.content and is_whole:
        return body
    left_out = body.left_out
    if body.content and not content:
        left_out = BODY_WITHHELD
        is_whole = False
    digest = hashlib.sha256(content).hexdigest() if is_whole and content else None
    made = replace(body, content=content, sha256=None, content_sha256=None, left_out=left_out)
    return replace(made, replaced_sha256=digest)


def replaced_parts(before: Message, after: Message) -> tuple[str, ...]:
    """Return which parts of a message show something else than was sent."""
    pairs = {
        "source address": (before.source, after.source),
        "destination address": (before.destination, after.destination),
        "target": (before.target, after.target),
        "host": (before.host, after.host),
        "reason": (before.reason, after.reason),
    }
    found = [name for name, (old, new) in pairs.items() if old != new]
    headers = zip(before.headers, after.headers, strict=True)
    found += [f"header {new[0]}" for old, new in headers if old != new]
    if before.body.content != after.body.content:
        found.append("body" if after.body.content else "body, which is withheld")
    return tuple(dict.fromkeys(found))


def _in_content(content: bytes, value: Value, new: Value, charset: str) -> bytes:
    before, after = _encoded(value, charset, content), _encoded(new, charset, content)
    return content.replace(before, after) if before and before in content else content


def _encoded(value: Value, charset: str, content: bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    for mark, name in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            charset = name
            break
    try:
        return value.encode(charset)
    except (UnicodeError, LookupError):
        return value.encode("utf-8", "surrogatepass")


def _charset(message: Message) -> str:
    return message.body.charset or charset_of(message)


def _content_type(message: Message) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in message.headers if name.lower() == "content-type")


def _only_header(name: str, value: str) -> Message:
    from analyzer.model import Endpoint, Evidence

    nowhere = Endpoint("", 0)
    return Message(0, "", "request", 0, nowhere, nowhere, 0, 0, Evidence(()), headers=((name, value),))
