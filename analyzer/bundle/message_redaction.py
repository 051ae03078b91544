"""The bytes of a message as they were sent → the same with pseudonyms, framed and coded as before."""

from __future__ import annotations

import re
import zlib

from analyzer.model import Message
from analyzer.redaction.encoders import rewrapped
from analyzer.redaction.redaction import Redactor
from analyzer.redaction.spellings import pairs

BLANK = b"*"  # stands for bytes that are withheld
HEAD = re.compile(rb"(?s)(.*?\r?\n\r?\n)(.*)")
LENGTH = re.compile(rb"(?im)^(content-length[ \t]*:[ \t]*)\d+")
CHUNKED = re.compile(rb"(?im)^transfer-encoding[ \t]*:[^\r\n]*chunked")
STEPS = {"gzip": "gzip", "x-gzip": "gzip", "br": "brotli", "zstd": "zstd"}


def redacted_message(redactor: Redactor, message: Message, data: bytes) -> bytes:
    """The message; asterisks, as many as there were bytes, for what can't be written anew."""
    made = redactor.message(message)
    if message.protocol not in ("http/1.1", "http/1.0"):
        return _elsewhere(redactor, message, made, data)
    found = HEAD.fullmatch(data)
    if not found or not _is_start(message, data):
        return _blank(data)
    head, body = found[1], found[2]
    new_body = _body(message, made, head, body)
    if new_body is None or redactor.replacer.found(new_body):
        new_body = _blank(body)
    new_head = _head(message, made, head)
    if redactor.replacer.found(new_head):
        new_head = _blank_lines(new_head, redactor)
    if len(new_body) != len(body) and not CHUNKED.search(head):
        new_head = LENGTH.sub(lambda m: m[1] + str(len(new_body)).encode(), new_head, count=1)
    return new_head + new_body


def _is_start(message: Message, data: bytes) -> bool:
    start = (message.method or "").encode() if message.role == "request" else b"HTTP/"
    return bool(start) and data.startswith(start)


def _head(message: Message, made: Message, head: bytes) -> bytes:
    """Each header's value where it stands; what the reader joined or trimmed stays to the search."""
    if message.target and made.target and message.target != made.target:
        head = head.replace(_raw(message.target), _raw(made.target), 1)
    for (name, old), (new_name, new) in zip(message.headers, made.headers, strict=True):
        if old != new:
            named, value = re.escape(_raw(name)), re.escape(_raw(old))
            line = re.compile(rb"(?im)^(%s[ \t]*:[ \t]*)%s(?=[ \t]*\r?$)" % (named, value))
            head = line.sub(rb"\g<1>" + _raw(new).replace(b"\\", b"\\\\"), head, count=1)
        if name != new_name:
            named = rb"(?im)^%s(?=[ \t]*:)" % re.escape(_raw(name))
            head = re.sub(named, _raw(new_name).replace(b"\\", b"\\\\"), head)
    return head


def _blank_lines(head: bytes, redactor: Redactor) -> bytes:
    """Lines in which an original still stands, blank behind their name."""
    lines = head.split(b"\n")
    for at, line in enumerate(lines):
        if redactor.replacer.found(line):
            name, colon, value = line.partition(b":")
            bare = value.rstrip(b"\r")
            if colon:
                lines[at] = name + colon + b" " + _blank(bare[1:]) + value[len(bare) :]
            else:
                lines[at] = redactor.replacer.data(line)
    return b"\n".join(lines)


def _raw(text: str) -> bytes:
    return (
        text.encode("latin-1") if all(ord(char) < 256 for char in text) else text.encode("utf-8", "replace")
    )


# ── bodies ──────────────────────────────────────────────────────────────────


def _body(message: Message, made: Message, head: bytes, body: bytes) -> bytes | None:
    """None where the body can't be written anew."""
    old, new = message.body.content, made.body.content
    if old == new or not body:
        return body
    if not new:
        return None
    chunked = CHUNKED.search(head) is not None
    sent = _dechunked(body) if chunked else body
    if sent is None:
        return None
    codings = message.body.codings
    if not codings:
        coded = sent.replace(old, new, 1) if sent.startswith(old) and len(old) == len(sent) else None
    elif len(codings) == 1:
        coded = _coded(codings[0], sent, old, new)
    else:
        coded = None
    if coded is None:
        return None
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(coded), coded) if chunked else coded


def _coded(coding: str, sent: bytes, old: bytes, new: bytes) -> bytes | None:
    step = STEPS.get(coding.lower())
    if coding.lower() == "deflate":  # RFC 9110 §8.4.1.2 means zlib; some send raw deflate
        step = "zlib" if _is_zlib(sent) else "deflate"
    if step is None:
        return None

    def change(content: bytes) -> bytes:
        if content != old:
            raise ValueError("not all of the content is in the report")
        return new

    return rewrapped(step, sent, change)


def _is_zlib(data: bytes) -> bool:
    try:
        zlib.decompressobj().decompress(data, 1)
    except zlib.error:
        return False
    return True


def _dechunked(body: bytes) -> bytes | None:
    """RFC 9112 §7.1; None where it is not whole."""
    made, at = bytearray(), 0
    while True:
        end = body.find(b"\n", at)
        size = body[at:end].split(b";")[0].strip()
        if end < 0 or not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
            return None
        count = int(size, 16)
        if count == 0:
            return bytes(made)
        made += body[end + 1 : end + 1 + count]
        if len(body) < end + 1 + count:
            return None
        at = body.find(b"\n", end + 1 + count) + 1
        if not at:
            return None


def _elsewhere(redactor: Redactor, message: Message, made: Message, data: bytes) -> bytes:
    """A message of another protocol: its content where it stands as it is, else nothing of it."""
    old, new = message.body.content, made.body.content
    if old != new and len(old) == len(new) and old in data:
        data = data.replace(old, new)
    elif old != new:
        data = _same_length(redactor, data)
        return data if _is_plain(redactor, data, old) else _blank(data)
    said = (message.target, message.headers), (made.target, made.headers)
    if message.protocol.startswith("http/2") and said[0] != said[1]:
        return _blank(data)
    data = _same_length(redactor, data)
    return _blank(data) if redactor.rewriter.hides(data) else data


def is_hidden_in(redactor: Redactor, message: Message, data: bytes) -> bool:
    """Return whether a message, not of HTTP, says an original that is not spelled in its bytes.

    What a reader made of bits that stand on no border, or of a cipher whose key is published, can't be
    replaced.
    """
    if message.protocol.startswith("http"):
        return False
    said = "\n".join([*(value for _, value in message.headers), message.target or "", ""])
    content = said.encode("utf-8", "surrogatepass") + message.body.content
    for (kind, value), new in redactor.known.items():
        spelled = [old for old, _ in pairs(kind, value, new, hashes=False) if old]
        if any(old in content for old in spelled) and not any(old in data for old in spelled):
            return True
    return False


def _is_plain(redactor: Redactor, data: bytes, content: bytes) -> bool:
    """Whether the content's own bytes were there to be replaced."""
    return redactor.replacer.data(content) in data and not redactor.rewriter.hides(data)


def _same_length(redactor: Redactor, data: bytes) -> bytes:
    made = redactor.replacer.data(data)
    return made if len(made) == len(data) else _blank(data)


def _blank(data: bytes) -> bytes:
    return BLANK * len(data)
