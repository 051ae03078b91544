"""Encodings undone and done again in the same manner: alphabet, case, padding, line breaks, level of framing.

One row of `WRAPPINGS` is one step of the decode ladder that stands for the whole of a value.
"""

from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import lzma
import re
import zlib
from collections.abc import Callable
from string import ascii_letters, digits
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from analyzer.codecs.compression import OPENERS, UNMARKED
from analyzer.codecs.published_keys import PUBLISHED_STEP, XOR
from analyzer.codecs.repeated_xor import xored
from analyzer.codecs.xor import ROT47, TABLES

MOST = 8 << 20  # bytes that are decompressed
UNRESERVED = frozenset(char.encode() for char in ascii_letters + digits + "-._~")  # RFC 3986, 2.3


class ByteEncoding(NamedTuple):
    """How bytes come out of an encoding, and go in again: `wrap` sees how they stood in it before."""

    unwrap: Callable[[bytes], bytes]
    wrap: Callable[[bytes, bytes], bytes]


def rewrapped(step: str, wrapped: bytes, change: Callable[[bytes], bytes]) -> bytes | None:
    """The value with its content changed; None where that is not known of this step, or fails."""
    wrapping = WRAPPINGS.get(step) or _by_key(step)
    if wrapping is None:
        return None
    try:
        return wrapping.wrap(change(wrapping.unwrap(wrapped)), wrapped)
    except Exception:  # the libraries share no class of errors; what can't be changed is withheld
        return None


# ── text for bytes ─────────────────────────────────────────────────────────

_MARGIN = re.compile(rb"(\s*)(.*?)([\s\0]*)", re.DOTALL)


def _core(text: bytes) -> tuple[bytes, bytes, bytes]:
    found = _MARGIN.fullmatch(text)
    return (found[1], found[2], found[3]) if found else (b"", text, b"")


def _base64_undo(text: bytes) -> bytes:
    core = _core(text)[1].replace(b"%3D", b"=").replace(b"%3d", b"=").rstrip(b"=")
    core = core.translate(bytes.maketrans(b"-_", b"+/"))
    core = re.sub(rb"\s", b"", core) if b"\n" in core else core.replace(b" ", b"+")
    whole = len(core) - (len(core) % 4 == 1)
    return base64.b64decode(core[:whole] + b"=" * (-whole % 4))


def _base64_do(data: bytes, like: bytes) -> bytes:
    before, core, after = _core(like)
    made = base64.b64encode(data)
    if b"-" in core or b"_" in core:
        made = made.translate(bytes.maketrans(b"+/", b"-_"))
    elif b" " in core and b"\n" not in core:
        made = made.replace(b"+", b" ")
    if not core.endswith((b"=", b"%3D", b"%3d")) and len(_base64_undo(like)) % 3:
        made = made.rstrip(b"=")
    escape = next((e for e in (b"%3D", b"%3d") if core.endswith(e)), b"=")
    made = made.replace(b"=", escape)
    if breaks := re.search(rb"\s*\n", core):
        width = breaks.start()
        made = breaks[0].join(made[at : at + width] for at in range(0, len(made), width))
    return before + made + after


def _hex_undo(text: bytes) -> bytes:
    return bytes.fromhex(_core(text)[1].removeprefix(b"0x").decode("ascii"))


def _hex_do(data: bytes, like: bytes) -> bytes:
    before, core, after = _core(like)
    prefix = b"0x" if core.startswith(b"0x") else b""
    made = data.hex().encode()
    return before + prefix + (made.upper() if re.search(rb"[A-F]", core) else made) + after


def _of_base32(undo: Callable[[bytes], bytes], do: Callable[[bytes], bytes]) -> ByteEncoding:
    def unwrap(text: bytes) -> bytes:
        core = _core(text)[1].rstrip(b"=")
        whole = len(core) - (len(core) % 8 in (1, 3, 6))
        return undo(core[:whole].upper() + b"=" * (-whole % 8))

    def wrap(data: bytes, like: bytes) -> bytes:
        before, core, after = _core(like)
        made = do(data).lower() if core.islower() else do(data)
        return before + (made if core.endswith(b"=") else made.rstrip(b"=")) + after

    return ByteEncoding(unwrap, wrap)


def _ascii85_undo(text: bytes) -> bytes:
    return base64.a85decode(_core(text)[1].removeprefix(b"<~").removesuffix(b"~>"))


def _ascii85_do(data: bytes, like: bytes) -> bytes:
    before, core, after = _core(like)
    made = base64.a85encode(data)
    return before + (b"<~" + made + b"~>" if core.startswith(b"<~") else made) + after


def _percent_do(data: bytes, like: bytes) -> bytes:
    tokens = re.findall(rb"%[0-9A-Fa-f]{2}|.", like, re.DOTALL)
    bare = UNRESERVED.union(token for token in tokens if len(token) == 1) - {b"%"}
    lower = re.search(rb"%[0-9A-F]?[a-f]", like)

    def written(byte: bytes) -> bytes:
        if byte in bare:
            return byte
        return (b"%%%02x" if lower else b"%%%02X") % byte

    made = [bytes((code,)) for code in data]
    if len(made) != len(tokens):
        return b"".join(map(written, made))
    # Of the same length: what is the same stays as it stood.
    stood = zip(made, map(unquote_to_bytes, tokens), tokens, strict=True)
    return b"".join(token if new == old else written(new) for new, old, token in stood)


# ── compression ─────────────────────────────────────────────────────────────


def _inflated(step: str) -> Callable[[bytes], bytes]:
    opener = OPENERS.get(step) or UNMARKED[step]

    def unwrap(data: bytes) -> bytes:
        content = bytearray()
        for piece in opener(data):
            content += piece
            if len(content) > MOST:
                raise ValueError("expands beyond what is changed")
        return bytes(content)

    return unwrap


def _gzip_do(data: bytes, like: bytes) -> bytes:
    return gzip.compress(data, mtime=int.from_bytes(like[4:8], "little"))


def _raw_deflate(data: bytes, _: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def _zstd_do(data: bytes, _: bytes) -> bytes:
    import zstandard

    return bytes(zstandard.ZstdCompressor().compress(data))


def _lz4_do(data: bytes, _: bytes) -> bytes:
    import lz4.frame

    return bytes(lz4.frame.compress(data))


def _brotli_do(data: bytes, _: bytes) -> bytes:
    import brotli

    return bytes(brotli.compress(data))


# ── weak encodings ──────────────────────────────────────────────────────────


def _translated(forth: bytes, back: bytes) -> ByteEncoding:
    return ByteEncoding(lambda data: data.translate(forth), lambda data, _: data.translate(back))


def _by_key(step: str) -> ByteEncoding | None:
    name, _, key = step.partition(" ")
    if name == "xor":  # its bytes together, or one by one: 0x1234, 0x12 0x34
        keyed = bytes.fromhex(key.replace("0x", ""))
        return ByteEncoding(lambda data: xored(data, keyed), lambda data, _: xored(data, keyed))
    if published := PUBLISHED_STEP.fullmatch(step):
        keyed = bytes.fromhex(published[2]) if name == XOR else b""
        return (
            ByteEncoding(lambda data: xored(data, keyed), lambda data, _: xored(data, keyed))
            if keyed
            else None
        )
    if name == "minus":
        shift = int(key)
        less = bytes((byte - shift) % 256 for byte in range(256))
        return _translated(less, bytes((byte + shift) % 256 for byte in range(256)))
    return None


def _of_table(table: bytes) -> ByteEncoding:
    """Each byte stands for another; the table has no two for the same."""
    return _translated(table, bytes(map(table.index, range(256))))


def _rot47(data: bytes) -> bytes:
    return data.decode("latin-1").translate(ROT47).encode("latin-1")


def _rot13(data: bytes) -> bytes:
    return codecs.encode(data.decode("latin-1"), "rot13").encode("latin-1")


def _of_charset(name: str) -> ByteEncoding:
    """Text of two bytes a character, read as UTF-8 meanwhile."""
    return ByteEncoding(lambda data: data.decode(name).encode(), lambda text, _: text.decode().encode(name))


WRAPPINGS: dict[str, ByteEncoding] = {
    **{step: _of_table(table) for step, table in TABLES.items()},
    "utf-16-le": _of_charset("utf-16-le"),
    "utf-16-be": _of_charset("utf-16-be"),
    "base64": ByteEncoding(_base64_undo, _base64_do),
    "hexadecimal": ByteEncoding(_hex_undo, _hex_do),
    "base32": _of_base32(base64.b32decode, base64.b32encode),
    "base32hex": _of_base32(base64.b32hexdecode, base64.b32hexencode),
    "ascii85": ByteEncoding(_ascii85_undo, _ascii85_do),
    "base85": ByteEncoding(base64.b85decode, lambda data, _: base64.b85encode(data)),
    "percent": ByteEncoding(unquote_to_bytes, _percent_do),
    "gzip": ByteEncoding(_inflated("gzip"), _gzip_do),
    "zlib": ByteEncoding(_inflated("zlib"), lambda data, _: zlib.compress(data)),
    "deflate": ByteEncoding(_inflated("deflate"), _raw_deflate),
    "zstd": ByteEncoding(_inflated("zstd"), _zstd_do),
    "lz4": ByteEncoding(_inflated("lz4"), _lz4_do),
    "brotli": ByteEncoding(_inflated("brotli"), _brotli_do),
    "reversed": ByteEncoding(lambda text: text[::-1], lambda text, _: text[::-1]),
    "bzip2": ByteEncoding(_inflated("bzip2"), lambda data, _: bz2.compress(data)),
    "xz": ByteEncoding(_inflated("xz"), lambda data, _: lzma.compress(data)),
    "rot47": ByteEncoding(_rot47, lambda data, _: _rot47(data)),
    "rot13": ByteEncoding(_rot13, lambda data, _: _rot13(data)),
}
