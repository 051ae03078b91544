"""A labelled set made by code: identifiers of every kind in many encodings and carriers, and look-alikes.

The labels are known from how a message is made. Check digits come from python-stdnum, encodings
from the standard library and the formats' own libraries; every identifier is synthetic.
"""

from __future__ import annotations

import base64
import json
import plistlib
import random
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode
from xml.etree import ElementTree as Tree

import brotli
import cbor2
import lz4.frame
import msgpack
import zstandard

from analyzer.model import Message
from tests.codecs.messages import request
from tests.identifiers.test_labelled_set import CARRIERS as PLAIN_CARRIERS
from tests.identifiers.test_labelled_set import LOOK_ALIKES as PLAIN_LOOK_ALIKES
from tests.identifiers.test_labelled_set import digits, mac, with_check_digit

SEED = 20190321
Pairs = Mapping[str, str]
Make = Callable[[random.Random], Pairs]


class Case(NamedTuple):
    """A message and what is in it: (kind, value) pairs."""

    title: str
    carrier: str
    message: Message
    labels: frozenset[tuple[str, str]]


class Kind(NamedTuple):
    """How to make a value of one kind, under which names; `beside` stands in the same object."""

    kind: str
    make: Callable[[random.Random], str]
    names: tuple[str, ...]
    beside: tuple[tuple[str, str, str], ...] = ()  # kind, name, value


def _hex(rng: random.Random, count: int) -> str:
    return rng.randbytes(count).hex()


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(bytes=rng.randbytes(16), version=4))


IMEI = ("imei", "imei", "490154203237518")

KINDS: tuple[Kind, ...] = (
    Kind("imei", lambda r: with_check_digit(r.choice(("35", "86", "01")) + digits(r, 12)),
         ("imei", "IMEI1", "device_imei", "phoneImei", "deviceId")),
    Kind("imeisv", lambda r: "35" + digits(r, 14), ("imeisv", "imei")),
    Kind("meid", lambda r: "A00000" + f"{r.randrange(16**8):08X}"[:7] + "F", ("MEID", "meid", "phoneMeid")),
    Kind("iccid", lambda r: with_check_digit(r.choice(("89470", "89860", "89440")) + digits(r, 13)),
         ("iccid", "SIM1ICCID", "simSerialNumber", "SimSN")),
    Kind("imsi", lambda r: r.choice(("242019", "460117", "310260")) + digits(r, 8) + "7",
         ("imsi", "SIM1LTEIMSI", "subscriberId")),
    Kind("mac", mac, ("mac", "MACID", "wifi_mac", "bluetooth_mac", "macAddress")),
    Kind("bssid", mac, ("bssid", "wifi_bssid", "BSSID")),
    Kind("location", lambda r: f"{r.uniform(58, 70):.6f},{r.uniform(5, 30):.6f}",
         ("location", "latlng", "gps", "coords")),
    Kind("phone", lambda r: "+4740" + str(r.randrange(600000, 700000)), ("msisdn", "phone", "mobileNo")),
    Kind("cell", lambda r: f"242-01-{r.randrange(100, 9999)}-{r.randrange(10**4, 10**8)}",
         ("cell_tower", "cellinfo", "baseStation")),
    Kind("android_id", lambda r: _hex(r, 8), ("android_id", "androidId", "ANDROID_ID")),
    Kind("gaid", _uuid, ("gaid", "google_ad_id", "gps_adid")),
    Kind("oaid", _uuid, ("oaid", "OAID")),
    Kind("idfa", lambda r: _uuid(r).upper(), ("idfa", "IDFA")),
    Kind("serial", lambda r: f"R{r.randrange(10, 99)}M{_hex(r, 3).upper()}7", ("serialno", "device_serial")),
    Kind("ssid", lambda r: f"Familien {r.choice(('Hansen', 'Berg', 'Li'))} {r.randrange(99)}",
         ("ssid", "wifi_ssid")),
    Kind("email", lambda r: f"kari{r.randrange(999)}@example.org", ("email", "userEmail", "mail")),
    Kind("account", lambda r: f"kari.nordmann{r.randrange(99)}", ("username", "login_name")),
    Kind("push_token", lambda r: f"d{_hex(r, 5)}:APA91b{_hex(r, 40)}",
         ("push_token", "fcm_token", "deviceToken")),
    Kind("apps", lambda r: f"com.example.a{r.randrange(99)}, org.example.chat, no.example.bank",
         ("installed_apps", "applist")),
    Kind("model", lambda r: f"TA-{r.randrange(1000, 1100)}", ("model", "device_model"), (IMEI,)),
    Kind("build", lambda r: f"00WW_3_{r.randrange(20, 40)}C", ("SWVER", "build_id"), (IMEI,)),
    Kind("operator", lambda r: r.choice(("24201", "46000", "Telenor")), ("operator", "carrier"), (IMEI,)),
    Kind("local_ip", lambda r: f"192.168.{r.randrange(9)}.{r.randrange(2, 250)}",
         ("local_ip", "ip"), (IMEI,)),
)  # fmt: skip


def _xml(pairs: Pairs) -> bytes:
    root = Tree.Element("request")
    for name, value in pairs.items():
        Tree.SubElement(root, "param", {"name": name}).text = value
    return Tree.tostring(root, "utf-8")


def _multipart(pairs: Pairs) -> bytes:
    parts = [f'--b7\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in pairs.items()]
    return ("".join(parts) + "--b7--\r\n").encode()


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def _json(pairs: Pairs) -> bytes:
    return json.dumps(dict(pairs)).encode()


def _token(pairs: Pairs) -> str:
    parts = (b'{"alg":"HS256"}', _json(pairs), b"0" * 32)
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()


BODIES: dict[str, Callable[[Pairs], bytes]] = {
    "JSON in a JSON string": lambda d: json.dumps({"data": _json(d).decode()}).encode(),
    "data= with base64 of JSON": lambda d: urlencode({"data": base64.b64encode(_json(d))}).encode(),
    "XML": _xml,
    "property list": lambda d: plistlib.dumps(dict(d)),
    "binary property list": lambda d: plistlib.dumps(dict(d), fmt=plistlib.FMT_BINARY),
    "multipart": _multipart,
    "MessagePack": lambda d: msgpack.packb(dict(d)),
    "CBOR": lambda d: cbor2.dumps(dict(d)),
    "base32 of JSON": lambda d: base64.b32encode(_json(d)),
    "hexadecimal of JSON": lambda d: _json(d).hex().encode(),
    "Ascii85 of JSON": lambda d: base64.a85encode(_json(d)),
    "zstd of JSON": lambda d: zstandard.compress(_json(d)),
    "LZ4 of JSON": lambda d: lz4.frame.compress(_json(d)),
    "raw deflate of JSON": lambda d: _deflate(_json(d)),
    "Brotli of JSON": lambda d: brotli.compress(_json(d)),
    "base64 of zlib of JSON in a form": lambda d: urlencode(
        {"v": "1", "data_list": base64.b64encode(zlib.compress(_json(d)))}
    ).encode(),
    "XOR of JSON": lambda d: bytes(byte ^ 0x5A for byte in _json(d)),
}


def _carried(make: Callable[[Pairs], bytes], pairs: Pairs) -> Message:
    return request(make(pairs))


CARRIERS: dict[str, Callable[[dict[str, str]], Message]] = {
    **PLAIN_CARRIERS,
    **{name: partial(_carried, make) for name, make in BODIES.items()},
    "JSON Web Token": lambda d: request(headers=[("Authorization", f"Bearer {_token(d)}")]),
}
# In a header or a cookie a name is one of many senders' own, so no facts are expected there.
NOT_TOGETHER = ("header", "cookie")


def positives() -> Iterator[Case]:
    """Each kind in each carrier, its names in turn."""
    rng = random.Random(SEED)
    for number, kind in enumerate(KINDS):
        for i, carrier in enumerate(CARRIERS):
            if kind.beside and carrier in NOT_TOGETHER:
                continue
            name, value = kind.names[(i + number) % len(kind.names)], kind.make(rng)
            pairs = {"v": "2", name: value, "lang": "nb", **{n: v for _, n, v in kind.beside}}
            labels = {(kind.kind, value), *((k, v) for k, _, v in kind.beside)}
            yield Case(kind.kind, carrier, CARRIERS[carrier](pairs), frozenset(labels))


def _luhn15(rng: random.Random) -> str:
    return with_check_digit("35" + digits(rng, 12))


# Under an identifier's nose: the same object names a real IMEI and a MAC address.
BESIDE_IDENTIFIERS: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "order number with a valid check digit": ("order_id", _luhn15),
    "trade number of 19 digits": ("trade_no", lambda r: with_check_digit("89470" + digits(r, 13))),
    "time in milliseconds": ("ts", lambda r: str(1_550_678_460_000 + r.randrange(10**9))),
    "session number": ("session", _luhn15),
    "signature": ("sign", lambda r: _hex(r, 16)),
    "nonce": ("nonce", lambda r: digits(r, 15)),
}
MORE_LOOK_ALIKES: dict[str, tuple[tuple[str, ...], Callable[[random.Random], str]]] = {
    "UUID of a request": (("request_id", "uuid", "trace"), _uuid),
    "no advertising ID": (("idfa", "gaid"), lambda _: "00000000-0000-0000-0000-000000000000"),
    "session token": (("token", "access_token"), lambda r: _hex(r, 32)),
    "campaign number": (("cid", "ci", "tac"), lambda r: digits(r, 6)),
    "serial number of a certificate": (("serialnumber", "sn"), lambda r: digits(r, 16)),
    "public address": (("ip", "client_ip"), lambda r: f"203.0.113.{r.randrange(1, 250)}"),
    "names of files": (("apps", "packages"), lambda _: "index.html, main.js, style.css"),
    "number with a valid check digit by chance": (
        ("id", "item", "uid", "k"),
        lambda r: with_check_digit(digits(r, 14)),
    ),
    "model without an identifier": (("model", "device_model"), lambda r: f"TA-{r.randrange(1000, 1100)}"),
    "search for a place": (("q", "query"), lambda r: f"{r.uniform(58, 70):.6f},{r.uniform(5, 30):.6f}"),
    "hexadecimal identity without a name": (("id", "uid"), lambda r: _hex(r, 8)),
    "network that is not told": (("ssid", "bssid"), lambda _: "<unknown ssid>"),
}  # fmt: skip


def look_alikes() -> Iterator[Case]:
    """What only looks like an identifier; nothing is to be found but what stands beside it."""
    rng = random.Random(SEED + 1)
    carriers = list(CARRIERS)
    tables = {**PLAIN_LOOK_ALIKES, **MORE_LOOK_ALIKES}
    for number, (title, (names, make)) in enumerate(tables.items()):
        for i, name in enumerate(names * 3):
            carrier = carriers[(i * 5 + number) % len(carriers)]
            pairs = {"v": "2", name: make(rng), "lang": "nb"}
            yield Case(title, carrier, CARRIERS[carrier](pairs), frozenset())
    for number, (title, (name, make)) in enumerate(BESIDE_IDENTIFIERS.items()):
        for i in range(4):
            carrier = carriers[(i * 7 + number) % len(carriers)]
            address = mac(rng)
            pairs = {"imei": IMEI[2], "mac": address, name: make(rng)}
            labels = frozenset({(IMEI[0], IMEI[2]), ("mac", address)})
            yield Case(title + ", beside identifiers", carrier, CARRIERS[carrier](pairs), labels)


def unnamed() -> Iterator[Case]:
    """Right values under names that say nothing: mostly not found, by design."""
    rng = random.Random(SEED + 2)
    for kind in KINDS:
        for name in ("a", "p1", "value"):
            value = kind.make(rng)
            pairs = {"v": "2", name: value, "lang": "nb"}
            yield Case(kind.kind, "JSON", CARRIERS["JSON"](pairs), frozenset({(kind.kind, value)}))
