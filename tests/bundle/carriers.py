"""Ways to write an identifier × places of a message that hold it, and a search of its own.

A capture names the identifier plainly in its first request; a second request carries it otherwise. The search
takes everything but letters and digits out of a document, so that no mark, script or escape can hide a value.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from tests.builders import conversation, http_request, http_response, pcap, udp

IMEI, MAC, ICCID = "490154203237518", "00:1b:44:11:3a:b7", "89470012345678901236"
LATITUDE, LONGITUDE = "59.913868", "10.752245"
PHONE, CELL = "4790012345", "242-01-12345-67890123"
KNOWN = {
    "imei": IMEI, "mac": MAC, "iccid": ICCID, "lat": LATITUDE, "lng": LONGITUDE, "msisdn": f"+{PHONE}",
}  # fmt: skip


class Carrier(NamedTuple):
    """A request, and the texts of which none may be left."""

    name: str
    request: bytes
    needles: tuple[bytes, ...]
    ports: tuple[int, int] | None = None  # of a datagram; a request of HTTP has none


# ── ways to write it ────────────────────────────────────────────────────────


def between(mark: str, size: int = 1) -> Callable[[str], str]:
    """The value in groups, with a mark between them."""
    return lambda text: mark.join(text[at : at + size] for at in range(0, len(text), size))


def shifted(zero: int) -> Callable[[str], str]:
    """In digits of another script, by the number of its zero."""
    return lambda text: "".join(chr(zero + int(digit)) for digit in text)


def _hashed(name: str, **more: int) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), **more).hexdigest()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "colons": between(":"),
    "dots": between("."),
    "blanks every four": between(" ", 4),
    "hyphens every two": between("-", 2),
    "underscores every five": between("_", 5),
    "commas": between(","),
    "zero-width spaces": between("\u200b"),
    "word joiners": between("\u2060", 3),
    "soft hyphens": between("\u00ad", 5),
    "fullwidth digits": shifted(0xFF10),
    "Arabic-Indic digits": shifted(0x660),
    "Devanagari digits": shifted(0x966),
    "mathematical digits": shifted(0x1D7CE),
    "reversed": lambda text: text[::-1],
    "reversed, with colons": lambda text: between(":")(text[::-1]),
    "base64": lambda text: _b64(text.encode()),
    "base64 of base64": lambda text: _b64(_b64(f'{{"z":"{text}"}}'.encode()).encode()),
    "base64 of gzip": lambda text: _b64(gzip.compress(text.encode(), mtime=0)),
    "base32 in lower case": lambda text: base64.b32encode(text.encode()).decode().rstrip("=").lower(),
    "base32 of zlib": lambda text: base64.b32encode(zlib.compress(text.encode())).decode().rstrip("="),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal in pairs": lambda text: between(":", 2)(text.encode().hex()),
    "a hexadecimal integer": lambda text: f"{int(text):x}",
    "an exponent": lambda text: f"{text[0]}.{text[1:]}e14",
    "MD5": _hashed("md5"),
    "SHA-1": _hashed("sha1"),
    "SHA-256": _hashed("sha256"),
    "SHA3-256": _hashed("sha3_256"),
    "SHA-384": _hashed("sha384"),
    "BLAKE2b": _hashed("blake2b", digest_size=16),
    "MD5 of MD5": lambda text: hashlib.md5(hashlib.md5(text.encode()).hexdigest().encode()).hexdigest(),
    "salted SHA-256": lambda text: hashlib.sha256(f"pepper{text}".encode()).hexdigest(),
}

# ── places ──────────────────────────────────────────────────────────────────


def post(body: bytes, content_type: str = "text/plain", **headers: str) -> bytes:
    return http_request("POST", "/r", "www.example.com", body, Content_Type=content_type, **headers)


def _multipart(text: str) -> bytes:
    part = f'--b\r\nContent-Disposition: form-data; name="z"\r\n\r\n{text}\r\n--b--\r\n'
    return post(part.encode(), "multipart/form-data; boundary=b")


PLACES: dict[str, Callable[[str], bytes]] = {
    "running text": lambda text: post(f"log: tok {text} end".encode()),
    "a JSON value": lambda text: post(json.dumps({"z": text}).encode(), "application/json"),
    "a JSON value, not escaped": lambda text: post(
        json.dumps({"z": text}, ensure_ascii=False).encode(), "application/json"
    ),
    "a form": lambda text: post(
        f"z={quote(text, safe='')}&a=1".encode(), "application/x-www-form-urlencoded"
    ),
    "XML": lambda text: post(f"<r><z>{text}</z></r>".encode(), "text/xml"),
    "multipart": _multipart,
    "base64 of JSON": lambda text: post(base64.b64encode(json.dumps({"z": text}).encode())),
    "a query": lambda text: http_request("GET", f"/q?z={quote(text, safe='')}", "www.example.com"),
    "a path": lambda text: http_request("GET", f"/a/{quote(text, safe='')}/b", "www.example.com"),
}
HEADERS: dict[str, Callable[[str], bytes]] = {
    "a header": lambda text: http_request(host="www.example.com", X_Data=text),
    "User-Agent": lambda text: http_request(host="www.example.com", User_Agent=f"app/1 ({text})"),
    "a cookie": lambda text: http_request(host="www.example.com", Cookie=f"lang=no; z={text}"),
}
LATIN = re.compile(r"[\x20-\x7e\xa0-\xff]+")  # what a header's value may be written in
TOKEN = re.compile(r"[A-Za-z0-9.\-_]+")  # … and its name, or a name of DNS


def crossed() -> Iterator[Carrier]:
    """Each way of writing an IMEI in some of the places, so that every place meets every kind of way."""
    for number, (name, write) in enumerate(SPELLINGS.items()):
        text = write(IMEI)
        places = list(PLACES.items())
        chosen = [places[(number * 2 + step) % len(places)] for step in range(4)]
        if LATIN.fullmatch(text):
            chosen.append(list(HEADERS.items())[number % len(HEADERS)])
        if TOKEN.fullmatch(text):
            chosen.append(("a header's name", _named))
        if TOKEN.fullmatch(text) and "_" not in text and max(map(len, text.split("."))) <= 63:
            chosen.append(("a host's name", lambda text: http_request(host=f"{text}.example.com")))
        for place, put in chosen:
            yield Carrier(f"{name} in {place}", put(text), (text.encode(),))


def _named(text: str) -> bytes:
    return http_request(host="www.example.com").replace(b"\r\n\r\n", f"\r\nX-{text}: 1\r\n\r\n".encode())


def _json(document: object) -> bytes:
    return post(json.dumps(document).encode(), "application/json")


def single() -> Iterator[Carrier]:
    """Carriers that only one place has."""
    serial = IMEI[8:]
    split = {
        "two JSON values": _json({"hi": IMEI[:8], "lo": serial}),
        "two JSON values in the other order": _json({"lo": serial, "hi": IMEI[:8]}),
        "two values with numbers between": _json({"p1": IMEI[:8], "p2": 17, "p3": serial}),
        "values of a nested object": _json({"a": {"t": IMEI[:8], "n": 5}, "b": [{"s": serial}]}),
        "a list of pieces": _json([IMEI[:8], serial]),
        "two form fields": post(f"a={IMEI[:8]}&b={serial}".encode(), "application/x-www-form-urlencoded"),
        "two parameters of a query": http_request("GET", f"/q?a={IMEI[:8]}&b={serial}", "www.example.com"),
        "two segments of a path": http_request("GET", f"/{IMEI[:8]}/{serial}", "www.example.com"),
        "two headers": http_request(host="www.example.com", X_A=IMEI[:8], X_B=serial),
        "two cookies": http_request(host="www.example.com", Cookie=f"a={IMEI[:8]}; b={serial}"),
        "two labels of a host": http_request(host=f"{IMEI[:8]}.{serial}.example.com"),
        "a header and a body": post(f"tail {serial}".encode(), X_Tac=IMEI[:8]),
        "two lines": post(f"{IMEI[:8]}\n{serial}\n".encode()),
        "two elements of XML": post(f"<r><a>{IMEI[:8]}</a><b>{serial}</b></r>".encode(), "text/xml"),
    }
    yield from (Carrier(f"split over {name}", data, (serial.encode(),)) for name, data in split.items())
    body = b'{"imei":"' + IMEI.encode() + b'","n":1}'
    sums = {
        "CRC-32": f"{zlib.crc32(body):08x}",
        "CRC-32 in capitals": f"{zlib.crc32(body):08X}",
        "decimal CRC-32": str(zlib.crc32(body)),
        "Adler-32": f"{zlib.adler32(body):08x}",
        "MD5": hashlib.md5(body).hexdigest(),
        "SHA-256": hashlib.sha256(body).hexdigest(),
        "SHA3-256": hashlib.sha3_256(body).hexdigest(),
        "MD5 in base64": _b64(hashlib.md5(body).digest()),
        "SHA-256 in base64": _b64(hashlib.sha256(body).digest()),
        "MD5 with colons": between(":", 2)(hashlib.md5(body).hexdigest()),
    }
    for name, text in sums.items():
        yield Carrier(f"{name} of the body in a header", post(body, X_Sum=text), (text.encode(),))
    for name in ("ETag", "X-Sign", "X-Checksum"):
        told = hashlib.sha1(body).hexdigest()
        head = post(body).replace(b"\r\n\r\n", f"\r\n{name}: {told}\r\n\r\n".encode(), 1)
        yield Carrier(f"SHA-1 of the body in {name}", head, (told.encode(),))
    twice = base64.b64encode(base64.b64encode(b'{"z":"' + IMEI.encode() + b'"}'))
    many = b",".join(b'"k%d":1' % at for at in range(5000))
    yield Carrier("the last of 5,001 keys", post(b"{" + many + b',"z":"' + twice + b'"}'), (twice,))
    deep = b"[" * 100 + b'"' + twice + b'"' + b"]" * 100
    yield Carrier("a list 100 deep", post(deep), (twice,))
    nested = IMEI.encode()
    for _ in range(12):
        nested = base64.b64encode(nested)
    yield Carrier("base64 twelve times", post(nested), (nested[:64],))
    packed = b"\0\1\2\3" + gzip.compress(body, mtime=0)
    yield Carrier("gzip behind four bytes", post(packed), (packed[8:], _b64(packed)[16:].encode()))
    digits = ",".join(IMEI).encode()
    yield Carrier("a list of digits", post(b'{"z":[' + digits + b"]}", "application/json"), (digits,))
    yield Carrier("a key of JSON", _json({IMEI: 1}), (IMEI.encode(),))
    yield Carrier("a key of JSON with hyphens", _json({between("-", 3)(IMEI): 1}), (IMEI.encode(),))
    escapes = "".join(f"\\x{ord(char):02x}" for char in IMEI)
    yield Carrier("escapes of bytes", post(escapes.encode()), (escapes.encode(),))
    references = "".join(f"&#{ord(char)};" for char in IMEI)
    yield Carrier("character references", post(references.encode()), (references.encode(),))
    yield from _other_values()
    yield from _coordinates()


def _other_values() -> Iterator[Carrier]:
    """A MAC address and an ICCID in the ways of their kinds."""
    bare = MAC.replace(":", "")
    macs = {
        "hyphens": MAC.replace(":", "-"),
        "dots of Cisco": between(".", 4)(bare),
        "no marks": bare,
        "capitals": bare.upper(),
        "blanks": MAC.replace(":", " "),
        "underscores": MAC.replace(":", "_"),
        "reversed digits": bare[::-1],
        "bytes from behind": ":".join(reversed(MAC.split(":"))),
        "an integer": str(int(bare, 16)),
        "a comma at each digit": between(",")(bare),
        "an address of IPv6": "fe80::21b:44ff:fe11:3ab7",
        "base64 of its bytes": _b64(bytes.fromhex(bare)),
        "fullwidth": "".join(chr(ord(char) + 0xFEE0) for char in bare),
        "MD5": hashlib.md5(MAC.encode()).hexdigest(),
        "SHA3-256": hashlib.sha3_256(MAC.encode()).hexdigest(),
    }
    for name, text in macs.items():
        yield Carrier(f"a MAC address: {name}", _json({"z": text}), (text.encode(),))
        yield Carrier(
            f"a MAC address: {name}, in running text", post(f"x {text} y".encode()), (text.encode(),)
        )
    cards = {
        "groups of four": between(" ", 4)(ICCID),
        "groups of five with hyphens": between("-", 5)(ICCID),
        "without its last digit": ICCID[:-1],
        "colons": between(":")(ICCID),
        "SHA-512": hashlib.sha512(ICCID.encode()).hexdigest(),
    }
    for name, text in cards.items():
        yield Carrier(f"an ICCID: {name}", _json({"z": text}), (text.encode(),))
        yield Carrier(
            f"an ICCID: {name}, in a header", http_request(host="a.example.com", X_Z=text), (text.encode(),)
        )


def _coordinates() -> Iterator[Carrier]:
    """Coordinates and a phone number in the ways of other programs."""
    north, east = LATITUDE.replace(".", ""), LONGITUDE.replace(".", "")
    ways = {
        "in millionths": (f"{north} {east}", north, east),
        "in ten-millionths": (f"{north}0,{east}0", f"{north}0", f"{east}0"),
        "with letters": (f"N{LATITUDE} E{LONGITUDE}", LATITUDE, LONGITUDE),
        "with letters behind": (f"{LATITUDE}N, {LONGITUDE}E", LATITUDE, LONGITUDE),
        "with five decimals": ("59.91387/10.75225", "59.91387", "10.75225"),
        "in minutes": ("5954.8321,N,01045.1347,E", "5954.8321", "01045.1347"),
        "in minutes, of five decimals": ("5954.83208 1045.13470", "5954.83208", "1045.13470"),
        "in seconds": ("59°54'49.92\"N 10°45'08.08\"E", "59°54'49.92", "10°45'08.08"),
        "in a link": (f"geo:{LATITUDE},{LONGITUDE}", LATITUDE, LONGITUDE),
    }
    for name, (text, *needles) in ways.items():
        data = tuple(needle.encode() for needle in needles)
        yield Carrier(f"coordinates {name}", post(f"at {text} now".encode()), data)
        yield Carrier(f"coordinates {name}, in JSON", _json({"z": text}), data)
    for name, text in {
        "in pairs": "90 01 23 45",
        "with an area": "+47 900 12 345",
        "in brackets": "(+47) 900-12-345",
    }.items():
        yield Carrier(f"a phone number {name}", post(f"call {text} now".encode()), (text[-9:].encode(),))


def _datagrams() -> Iterator[Carrier]:
    """What other protocols say, in datagrams: names, announcements, options, text."""
    hyphens, colons = between("-", 5)(IMEI), between(":")(IMEI)
    serial = IMEI[8:]
    yield Carrier(
        "two labels of a DNS query",
        _query(f"{IMEI[:8]}.{serial}.example.com"),
        (serial.encode(),),
        (40002, 53),
    )
    digits = ".".join(IMEI)
    wire = b"".join(b"\x01" + digit.encode() for digit in IMEI)
    yield Carrier(
        "a label for each digit", _query(f"{digits}.example.com"), (digits.encode(), wire), (40002, 53)
    )
    yield Carrier("a name of mDNS", _query(f"{hyphens}.local"), (hyphens.encode(),), (5353, 5353))
    for name, text in {"hyphens": hyphens, "colons": colons, "no marks": IMEI}.items():
        told = text.encode()
        yield Carrier(f"SSDP with {name}", _announced(text), (told,), (1900, 1900))
        yield Carrier(f"DHCP options with {name}", _asked(text), (told,), (68, 67))
        yield Carrier(f"a datagram with {name}", f"log {text} end".encode(), (told,), (40002, 9999))


def _query(name: str) -> bytes:
    """A question for an address (RFC 1035 §4)."""
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
    return b"\0\7\1\0\0\1" + bytes(6) + labels + b"\0\0\1\0\1"


def _announced(text: str) -> bytes:
    lines = (
        "NOTIFY * HTTP/1.1", "HOST: 239.255.255.250:1900", "NT: upnp:rootdevice", "NTS: ssdp:alive",
        f"SERVER: Linux UPnP/1.0 dev/{text}", f"USN: uuid:{text}::upnp:rootdevice",
    )  # fmt: skip
    return "\r\n".join((*lines, "", "")).encode()


def _asked(text: str) -> bytes:
    """A DHCP request with a host name and a domain (RFC 2132 §3.14, §3.17)."""
    named = b"".join(bytes((option, len(text))) + text.encode() for option in (12, 15))
    head = b"\1\1\6\0\0\0\0\5" + bytes(20) + bytes.fromhex("00005e0053a7") + bytes(202)
    return head + b"\x63\x82\x53\x63\x35\1\3" + named + b"\xff"


def catalogue() -> list[Carrier]:
    return [*crossed(), *single(), *_datagrams()]


def capture_of(carrier: Carrier) -> bytes:
    """The identifiers in plain JSON, then the carrier."""
    plain = post(json.dumps(KNOWN).encode(), "application/json")
    answer = (False, http_response(200, b"ok"))
    if carrier.ports is None:
        second = conversation((True, carrier.request), answer, ports=(40001, 80))
    else:
        second = [udp(carrier.request, ports=carrier.ports)]
    return pcap([*conversation((True, plain), answer), *second])


# ── the search ──────────────────────────────────────────────────────────────

ESCAPES = re.compile(r"\\u\{?([0-9a-fA-F]{4,8})\}?|\\U([0-9a-fA-F]{8})|&#(\d{2,7});|&#x([0-9a-fA-F]{2,6});")


def _unescaped(text: str) -> str:
    """A document's own escapes of characters outside ASCII undone; surrogates are joined."""

    def char(found: re.Match[str]) -> str:
        code = int(found[3]) if found[3] else int(found[1] or found[2] or found[4], 16)
        return chr(code) if 0x80 <= code < 0x110000 else found[0]

    made = ESCAPES.sub(char, text)
    return made.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def squeezed(data: bytes) -> str:
    """Letters and digits alone, those of other scripts as in ASCII."""
    text = unicodedata.normalize("NFKC", _unescaped(data.decode("utf-8", "replace")))
    plain = "".join(str(unicodedata.decimal(char, char)) if not char.isascii() else char for char in text)
    return re.sub("[^0-9A-Za-z]", "", plain)


def left(documents: dict[str, bytes], carrier: Carrier) -> list[str]:
    """The documents that still hold a needle, as it was written or without its marks."""
    found = []
    for name, data in documents.items():
        bare = squeezed(data)
        for needle in carrier.needles:
            short = squeezed(needle)
            is_word = re.search(rb"(?<![0-9A-Za-z])%s(?![0-9A-Za-z])" % re.escape(needle), data)
            is_long = len(needle) >= 10 and needle in data
            if is_long or is_word or (len(short) >= 11 and short in bare):
                found.append(name)
    return found
