"""A labelled set made by code: identifiers in several carriers, and what only looks like them.

Check digits are made by python-stdnum; every identifier is synthetic. The set's answers are
known from how it is made, so that precision and recall are counts, not opinions.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from stdnum import luhn

from analyzer.identifiers import KnownValues, findings_in
from analyzer.inspection.decode import fields_of
from analyzer.model import Message
from tests.codecs.messages import request

Maker = Callable[[random.Random], str]
SEED = 20190220


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


def with_check_digit(number: str) -> str:
    return number + luhn.calc_check_digit(number)


def mac(rng: random.Random) -> str:
    return "00:1b:44:" + ":".join(f"{rng.randrange(256):02x}" for _ in range(3))


IDENTIFIERS: dict[str, tuple[Maker, tuple[str, ...]]] = {
    "imei": (lambda r: with_check_digit("35" + digits(r, 12)), ("imei", "IMEI1", "device_imei", "deviceId")),
    "meid": (
        lambda r: "A00000" + f"{r.randrange(16**8):08X}"[:7] + "F",
        ("MEID", "meid", "phoneMeid", "deviceId"),
    ),
    "iccid": (
        lambda r: with_check_digit("89470" + digits(r, 13)),
        ("iccid", "SIM1ICCID", "simSerialNumber", "SimSN"),
    ),
    "imsi": (lambda r: "24201" + digits(r, 9) + "7", ("imsi", "SIM1LTEIMSI", "SIM1CDMAIMSI", "subscriberId")),
    "mac": (mac, ("mac", "MACID", "wifi_mac", "macAddress")),
    "location": (
        lambda r: f"{r.uniform(58, 70):.6f},{r.uniform(5, 30):.6f}",
        ("location", "latlng", "gps", "coords"),
    ),
    "phone": (
        lambda r: "+4740" + str(r.randrange(600000, 700000)),
        ("msisdn", "phone", "mobileNo", "phoneNumber"),
    ),
}

CARRIERS: dict[str, Callable[[dict[str, str]], Message]] = {
    "query": lambda d: request(b"", "/a?" + urlencode(d), method="GET"),
    "form": lambda d: request(urlencode(d).encode()),
    "JSON": lambda d: request(json.dumps({"device": d, "v": 1}).encode()),
    "base64 of JSON": lambda d: request(base64.encodebytes(json.dumps(d).encode())),
    "gzip of JSON": lambda d: request(gzip.compress(json.dumps(d).encode())),
    "header": lambda d: request(b"", "/", [(f"X-{name}", value) for name, value in d.items()]),
    "cookie": lambda d: request(b"", "/", [("Cookie", "; ".join(f"{k}={v}" for k, v in d.items()))]),
}


def positives() -> Iterator[tuple[str, str, str, str]]:
    """Kind, carrier, field name, value."""
    rng = random.Random(SEED)
    for kind, (make, names) in IDENTIFIERS.items():
        for carrier in CARRIERS:
            yield from ((kind, carrier, name, make(rng)) for name in names)


LOOK_ALIKES: dict[str, tuple[tuple[str, ...], Maker]] = {
    "order number": (
        ("order", "orderId", "no", "trade_no"),
        lambda r: with_check_digit("35" + digits(r, 12)),
    ),
    "order number of 19 digits": (("order_id", "tid"), lambda r: with_check_digit("89470" + digits(r, 13))),
    "time in milliseconds": (
        ("ts", "time", "_", "phone"),
        lambda r: str(1_550_678_460_000 + r.randrange(10**9)),
    ),
    "time in microseconds": (
        ("timeInterval", "ts", "id"),
        lambda r: str(1_550_678_460_000_000 + r.randrange(10**9)),
    ),
    "date and time": (("date", "t"), lambda r: f"201902{r.randrange(10, 28)}{r.randrange(10, 24)}3015"),
    "date and time with hyphens": (
        ("t", "x"),
        lambda r: f"19-02-{r.randrange(10, 28)}-10-15-{r.randrange(10, 60)}",
    ),
    "MD5": (("imei", "sign", "mac", "h"), lambda r: hashlib.md5(r.randbytes(4)).hexdigest()),
    "SHA-1": (("imsi", "etag"), lambda r: hashlib.sha1(r.randbytes(4)).hexdigest()),
    "12 hexadecimal digits": (("id", "v", "build"), lambda r: r.randbytes(6).hex()),
    "UUID": (("uuid", "requestId", "mac"), lambda r: str(uuid.UUID(bytes=r.randbytes(16), version=4))),
    "session id": (("sid", "token"), lambda r: digits(r, 15)),
    "fraction": (("rand", "deviceId", "imei"), lambda r: f"0.{digits(r, 15)}"),
    "version": (("phone", "v", "imei"), lambda r: f"{r.randrange(9)}.{r.randrange(99)}.{r.randrange(9999)}"),
    "IP address": (("ip", "phone", "location"), lambda r: f"10.{r.randrange(256)}.{r.randrange(256)}.1"),
    "IPv6 address": (("ip", "mac"), lambda r: f"2001:db8:00:1b:44:11:{r.randrange(16, 256):02x}:b7"),
    "certificate fingerprint": (("fp", "mac"), lambda r: r.randbytes(20).hex(":")),
    "zeros": (("imei", "iccid", "imsi", "mac", "meid"), lambda _: "0" * 15),
    "twenty zeros": (("SIM2ICCID",), lambda _: "0" * 20),
    "all the same": (("imei", "imsi", "phone"), lambda r: str(r.randrange(1, 10)) * 15),
    "counted up": (("imei", "imsi", "phone"), lambda _: "123456789012345"),
    "group address": (("mac", "bssid"), lambda _: "01:00:5e:00:00:fb"),
    "address that Android gives to apps": (("mac", "bssid"), lambda _: "02:00:00:00:00:00"),
    "screen size": (("size", "screen", "ll"), lambda r: f"{r.randrange(300, 1080)},{r.randrange(300, 1920)}"),
    "score": (("score", "w"), lambda r: f"{r.uniform(0, 90):.6f},{r.uniform(0, 90):.6f}"),
    "latency": (("lat", "latency"), lambda r: f"{r.uniform(1, 80):.6f}"),
    "no position": (("location", "gps"), lambda _: "0.000000,0.000000"),
    "price": (("mobile", "tel"), lambda r: f"{r.randrange(1000)}.{r.randrange(10, 99)}"),
    "model of a phone": (("phone", "mobile", "imei"), lambda r: f"TA-{r.randrange(1000, 9999)}"),
    "client id": (("_ga", "cid"), lambda r: f"GA1.2.{digits(r, 10)}.{digits(r, 10)}"),
    "content length": (("Content-Length", "size"), lambda r: digits(r, 8)),
}


def look_alikes() -> Iterator[tuple[str, str, str, str]]:
    rng = random.Random(SEED)
    carriers = list(CARRIERS)
    for title, (names, make) in LOOK_ALIKES.items():
        for i, name in enumerate(names * 2):
            yield title, carriers[(i + len(title)) % len(carriers)], name, make(rng)


POSITIVES, NEGATIVES = list(positives()), list(look_alikes())


def found(message: Message) -> list[tuple[str, str]]:
    found = findings_in(fields_of(message), KnownValues.none())
    return [(f.kind, f.raw) for f in found if f.certainty != "number worth checking"]


@pytest.mark.parametrize(("kind", "carrier", "name", "value"), POSITIVES)
def test_an_identifier_is_found_once_and_as_what_it_is(
    kind: str, carrier: str, name: str, value: str
) -> None:
    assert found(CARRIERS[carrier]({"v": "2", name: value, "lang": "nb"})) == [(kind, value)]


@pytest.mark.parametrize(("title", "carrier", "name", "value"), NEGATIVES)
def test_a_look_alike_is_not_found(title: str, carrier: str, name: str, value: str) -> None:
    assert found(CARRIERS[carrier]({"v": "2", name: value, "lang": "nb"})) == [], title


def test_the_set_is_large_enough_to_say_something() -> None:
    per_kind = Counter(kind for kind, *_ in POSITIVES)
    assert min(per_kind.values()) >= 28
    assert len(NEGATIVES) >= 100


def test_two_thousand_random_numbers_are_no_identifiers() -> None:
    rng = random.Random(SEED)
    numbers = {f"k{i}": digits(rng, rng.choice((14, 15, 16, 19, 20))) for i in range(2000)}
    assert found(request(json.dumps(numbers).encode())) == []
