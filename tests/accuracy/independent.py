"""A second labelled set, which the detectors were not written against.

The payloads have the shapes and key names that public documentation gives for real software: OpenRTB 2.5,
the Google Geolocation API, Android's TelephonyManager, OMA DM, TR-069, OwnTracks, OsmAnd and the interfaces
of analytics and attribution services. They stand in envelopes that the first set has not, beside values of
other sources that only look like identifiers. Every identifier is synthetic.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import plistlib
import random
import uuid
import zlib
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

import cbor2
import msgpack
import phonenumbers
from stdnum import luhn, numdb

from tests.accuracy.labelled import Case
from tests.codecs.messages import request

SEED = 8_675_309
EACH = 11  # envelopes for each payload
Tree = dict[str, Any]


class Payload(NamedTuple):
    """A document, and what is in it: kind and value."""

    document: Tree
    labels: tuple[tuple[str, str], ...]


# ── values ──────────────────────────────────────────────────────────────────


def _number(rng: random.Random, count: int) -> str:
    return "".join(str(rng.randrange(10)) for _ in range(count))


def _imei(rng: random.Random) -> str:
    start = rng.choice(("35", "86", "01", "99", "35", "86")) + _number(rng, 12)
    return start + luhn.calc_check_digit(start)


def _iccid(rng: random.Random) -> str:
    """As cards of many countries have it, of 19 or 20 digits."""
    start = "89" + rng.choice(("01410", "0126", "4410", "3301", "4920", "34", "46", "86011", "8130", "9110"))
    start += _number(rng, rng.choice((18, 19)) - len(start))
    return start + luhn.calc_check_digit(start)


def _imsi(rng: random.Random) -> str:
    """Of any network that the list of mobile network codes has."""
    prefixes = numdb.get("imsi").prefixes
    while True:
        entry = rng.choice(prefixes)
        inner = [code for _, code, *_ in entry[4]] if entry[4] else []
        if inner and not entry[1].startswith(("00", "99")):
            code = entry[1] + rng.choice(inner)
            return code + _number(rng, 15 - len(code))


def _mac(rng: random.Random) -> str:
    """Of any block of the IEEE registry, in one of the usual spellings."""
    lines = files("stdnum").joinpath("oui.dat").read_text("utf-8").splitlines()
    while True:
        block = rng.choice(lines).split(" ", 1)[0]
        if len(block) == 6 and not int(block[1], 16) & 1:
            break
    digits = block.lower() + rng.randbytes(3).hex()
    return rng.choice((":", "-", ":")).join(digits[i : i + 2] for i in range(0, 12, 2))


def _hex(rng: random.Random, size: int) -> str:
    return rng.randbytes(size).hex()


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _phone(rng: random.Random) -> str:
    while True:
        region = rng.choice(sorted(phonenumbers.SUPPORTED_REGIONS))
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if example is not None:
            return str(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164))


def _degrees(rng: random.Random) -> tuple[float, float]:
    return round(rng.uniform(-60, 75), rng.choice((4, 5, 6, 7))), round(rng.uniform(-179, 179), 6)


# ── payloads ────────────────────────────────────────────────────────────────


def _open_rtb(rng: random.Random) -> Payload:
    ifa, (lat, lon) = _uuid(rng), _degrees(rng)
    device = {
        "ua": "Mozilla/5.0 (Linux; Android 9)", "geo": {"lat": lat, "lon": lon, "type": 1},
        "ifa": ifa, "didsha1": hashlib.sha1(rng.randbytes(8)).hexdigest(), "make": "Example",
        "dpidmd5": hashlib.md5(rng.randbytes(8)).hexdigest(), "os": "Android", "connectiontype": 2,
    }  # fmt: skip
    body = {"id": _hex(rng, 16), "at": 1, "device": device, "imp": [{"id": "1", "bidfloor": 0.15}]}
    return Payload(body, (("gaid", ifa), ("location", f"{lat},{lon}")))


def _geolocation(rng: random.Random) -> Payload:
    macs = [_mac(rng) for _ in range(3)]
    mcc, mnc, area, cell = (
        rng.choice((310, 262, 440)),
        1,
        rng.randrange(1, 65000),
        rng.randrange(10**4, 10**8),
    )
    tower = {"cellId": cell, "locationAreaCode": area, "mobileCountryCode": mcc, "mobileNetworkCode": mnc}
    points = [{"macAddress": m, "signalStrength": -rng.randrange(40, 90), "channel": 11} for m in macs]
    body = {"considerIp": "false", "radioType": "gsm", "cellTowers": [tower], "wifiAccessPoints": points}
    return Payload(body, (("cell", f"{mcc}-01-{area}-{cell}"), *(("mac", m) for m in macs)))


def _telephony(rng: random.Random) -> Payload:
    imei, imsi, iccid, phone = _imei(rng), _imsi(rng), _iccid(rng), _phone(rng)
    body = {
        "deviceId": imei, "subscriberId": imsi, "simSerialNumber": iccid, "line1Number": phone,
        "simState": 5, "phoneType": 1, "networkType": 13, "isNetworkRoaming": False,
    }  # fmt: skip
    return Payload(body, (("imei", imei), ("imsi", imsi), ("iccid", iccid), ("phone", phone)))


def _telephony_slots(rng: random.Random) -> Payload:
    imeis, sims = [_imei(rng), _imei(rng)], [_iccid(rng), _iccid(rng)]
    slots = [{"slot": i, "imei": imeis[i], "iccId": sims[i], "carrierId": 1839} for i in (0, 1)]
    body = {"api": 28, "slots": slots, "meid": ""}
    return Payload(body, (*(("imei", i) for i in imeis), *(("iccid", s) for s in sims)))


def _attribution(rng: random.Random) -> Payload:
    gaid, android, oaid, imei = _uuid(rng), _hex(rng, 8), _uuid(rng), _imei(rng)
    body = {
        "appsflyer_id": f"{rng.randrange(10**12, 10**13)}-{rng.randrange(10**6, 10**7)}", "oaid": oaid,
        "advertising_id": gaid, "android_id": android, "imei": imei, "eventName": "af_purchase",
        "eventValue": json.dumps({"af_revenue": "6", "af_content_id": "15854"}), "bundleIdentifier": "x",
    }  # fmt: skip
    return Payload(body, (("gaid", gaid), ("android_id", android), ("oaid", oaid), ("imei", imei)))


def _install(rng: random.Random) -> Payload:
    gaid, ip = _uuid(rng), f"192.168.{rng.randrange(9)}.{rng.randrange(2, 250)}"
    body = {
        "branch_key": "key_live_x", "hardware_id": _uuid(rng), "is_hardware_id_real": False,
        "google_advertising_id": gaid, "local_ip": ip, "screen_dpi": 480, "os": "Android", "country": "NO",
    }  # fmt: skip
    return Payload(body, (("gaid", gaid), ("local_ip", ip)))


def _ios_attribution(rng: random.Random) -> Payload:
    idfa = _uuid(rng).upper()
    body = {
        "s2s": "1",
        "app_token": "abc123",
        "event_token": "f0ob4r",
        "idfa": idfa,
        "created_at_unix": 1547551446,
    }
    return Payload(body, (("idfa", idfa),))


def _owntracks(rng: random.Random) -> Payload:
    (lat, lon), bssid = _degrees(rng), _mac(rng)
    body = {
        "_type": "location", "acc": 22, "alt": 154, "batt": 53, "BSSID": bssid, "SSID": "Northern Lights",
        "conn": "w", "lat": lat, "lon": lon, "tid": "kn", "tst": 1542371904, "vel": 3,
    }  # fmt: skip
    return Payload(body, (("location", f"{lat},{lon}"), ("mac", bssid), ("ssid", "Northern Lights")))


def _osmand(rng: random.Random) -> Payload:
    lat, lon = _degrees(rng)
    body = {
        "id": _number(rng, 6),
        "lat": f"{lat}",
        "lon": f"{lon}",
        "timestamp": "1542371904",
        "altitude": "9.1",
    }
    return Payload(body, (("location", f"{lat},{lon}"),))


def _device_management(rng: random.Random) -> Payload:
    imei = _imei(rng)
    body = {"DevInfo": {"DevId": f"IMEI:{imei}", "Man": "Example", "Mod": "X1", "DmV": "1.2", "Lang": "en"}}
    return Payload(body, (("imei", imei),))


def _acs_inform(rng: random.Random) -> Payload:
    imei, imsi, mac = _imei(rng), _imsi(rng), _mac(rng)
    body = {
        "Inform": {"EventCode": "1 BOOT", "MaxEnvelopes": 1},
        "Device.Cellular.Interface.1.IMEI": imei, "Device.Cellular.Interface.1.USIM.IMSI": imsi,
        "Device.Ethernet.Interface.1.MACAddress": mac,
    }  # fmt: skip
    return Payload(body, (("imei", imei), ("imsi", imsi), ("mac", mac)))


def _analytics(rng: random.Random) -> Payload:
    gaid, email, (lat, lon) = _uuid(rng), f"user{rng.randrange(999)}@mail.example", _degrees(rng)
    context = {
        "device": {"id": _uuid(rng), "advertisingId": gaid, "adTrackingEnabled": True, "type": "android"},
        "location": {"latitude": lat, "longitude": lon, "speed": 0}, "traits": {"email": email},
        "network": {"wifi": True, "cellular": False}, "timezone": "Europe/Oslo",
    }  # fmt: skip
    body = {"type": "track", "messageId": _uuid(rng), "context": context}
    return Payload(body, (("gaid", gaid), ("location", f"{lat},{lon}"), ("email", email)))


def _push_registration(rng: random.Random) -> Payload:
    token = f"{_hex(rng, 5)}:APA91b{_hex(rng, 50)}"
    body = {"app_ver": "12", "app_id": _number(rng, 12), "fcmToken": token, "platform": "android"}
    return Payload(body, (("push_token", token),))


def _chinese_statistics(rng: random.Random) -> Payload:
    imei, mac, imsi = _imei(rng), _mac(rng), _imsi(rng)
    header = {
        "appkey": _hex(rng, 12), "device_id": imei, "mc": mac, "imsi": imsi, "idmd5": _hex(rng, 16),
        "channel": "official", "package_name": "com.example.app", "resolution": "2160*1080",
    }  # fmt: skip
    return Payload(
        {"header": header, "body": {"sessions": []}}, (("imei", imei), ("mac", mac), ("imsi", imsi))
    )


def _fota(rng: random.Random) -> Payload:
    imei, serial, mac = _imei(rng), f"{_hex(rng, 4).upper()}9", _mac(rng)
    body = {
        "IMEI": imei,
        "SerialNo": serial,
        "WIFI_MAC": mac,
        "project": "x",
        "region": "EU",
        "battery": "77%",
    }
    return Payload(body, (("imei", imei), ("serial", serial), ("mac", mac)))


def _imei_with_version(rng: random.Random) -> Payload:
    imeisv = "86" + _number(rng, 14)
    return Payload({"imeiSv": imeisv, "ims": {"registered": True}}, (("imeisv", imeisv),))


def _cdma(rng: random.Random) -> Payload:
    meid = "A10000" + _hex(rng, 4).upper()
    mdn = "+1202555" + f"{rng.randrange(100, 200):04d}"
    return Payload({"MEID": meid, "prl": 61043, "MDN": mdn}, (("meid", meid), ("phone", mdn)))


PAYLOADS: dict[str, Callable[[random.Random], Payload]] = {
    "OpenRTB 2.5": _open_rtb,
    "Google Geolocation API": _geolocation,
    "Android TelephonyManager": _telephony,
    "two SIM slots": _telephony_slots,
    "attribution, server to server": _attribution,
    "install, with link service": _install,
    "attribution of iOS": _ios_attribution,
    "OwnTracks": _owntracks,
    "OsmAnd tracking": _osmand,
    "OMA DM DevInfo": _device_management,
    "TR-069 and TR-181": _acs_inform,
    "analytics with context": _analytics,
    "push registration": _push_registration,
    "Chinese app statistics": _chinese_statistics,
    "firmware update": _fota,
    "IMEI with version": _imei_with_version,
    "CDMA phone": _cdma,
}


# ── envelopes ───────────────────────────────────────────────────────────────


def _flat(tree: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Names joined by dots, as many clients flatten objects into forms."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _flat(value, f"{name}.{key}" if name else key)
    elif isinstance(tree, list):
        for i, value in enumerate(tree):
            yield from _flat(value, f"{name}[{i}]")
    else:
        yield name, json.dumps(tree) if isinstance(tree, bool) else str(tree)


def _xml(tree: Any, tag: str) -> str:
    tag = tag.replace("[", "_").replace("]", "")
    if isinstance(tree, dict):
        inside = "".join(_xml(value, key) for key, value in tree.items())
    elif isinstance(tree, list):
        return "".join(_xml(value, tag) for value in tree)
    else:
        inside = escape(str(tree))
    return f"<{tag}>{inside}</{tag}>"


def _json(tree: Tree) -> bytes:
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes((*made, number))


def _protobuf(tree: Tree) -> bytes:
    """An envelope with a version, a name and the payload as JSON text."""
    parts = ((1, b"1.4.2"), (2, b"event-batch"), (7, _json(tree)))
    return b"".join(_varint(n << 3 | 2) + _varint(len(data)) + data for n, data in parts)


def _file_part(tree: Tree) -> bytes:
    head = (
        '--Xy7\r\nContent-Disposition: form-data; name="file"; filename="log.gz"\r\nContent-Type: a/b\r\n\r\n'
    )
    return head.encode() + gzip.compress(_json(tree)) + b"\r\n--Xy7--\r\n"


def _soap(tree: Tree) -> bytes:
    body = f"<s:Body>{_xml(tree, 'req')}</s:Body>"
    return f'<?xml version="1.0"?><s:Envelope xmlns:s="u">{body}</s:Envelope>'.encode()


ENVELOPES: dict[str, Callable[[Tree], Any]] = {
    "batch of events": lambda d: request(
        _json({"batch": [{"event": "open", "n": 1}, d], "sentAt": "2019-02-20"})
    ),
    "lines of JSON": lambda d: request(
        _json({"log": "start"}) + b"\n" + _json(d) + b"\n" + _json({"log": "end"})
    ),
    "gzip of a batch": lambda d: request(gzip.compress(_json({"v": 3, "events": [d]}))),
    "JSON in a form": lambda d: request(urlencode({"v": "1", "payload": _json(d)}).encode()),
    "URL-safe base64 in a query": lambda d: request(
        b"", "/t?v=1&d=" + base64.urlsafe_b64encode(_json(d)).decode().rstrip("=")
    ),
    "dotted names in a form": lambda d: request(urlencode(list(_flat(d))).encode()),
    "dotted names in a query": lambda d: request(b"", "/collect?" + urlencode(list(_flat(d)))),
    "SOAP": lambda d: request(_soap(d)),
    "gzip in a file part": lambda d: request(_file_part(d)),
    "JSON in protobuf": lambda d: request(_protobuf(d)),
    "base64 of zlib in JSON": lambda d: request(
        _json({"sign": "00", "content": base64.b64encode(zlib.compress(_json(d))).decode()})
    ),
    "base64 of MessagePack in a form": lambda d: request(
        urlencode({"m": base64.b64encode(msgpack.packb(d))}).encode()
    ),
    "CBOR in a list": lambda d: request(cbor2.dumps([1, "hello", d])),
    "nested property list": lambda d: request(plistlib.dumps({"Request": {"Payload": d}})),
    "JSON in a header": lambda d: request(headers=[("X-Device-Info", base64.b64encode(_json(d)).decode())]),
    "JSON in a cookie": lambda d: request(headers=[("Cookie", f"sid=1; ctx={quote(_json(d))}")]),
    "JSON in JSON in JSON": lambda d: request(_json({"a": json.dumps({"b": json.dumps(d)})})),
    "pairs with semicolons": lambda d: request(";".join(f"{n}={v}" for n, v in _flat(d)).encode()),
    "lines of name: value": lambda d: request("".join(f"{n}: {v}\r\n" for n, v in _flat(d)).encode()),
}


# ── look-alikes ─────────────────────────────────────────────────────────────


def _luhn16(rng: random.Random) -> str:
    start = "4" + _number(rng, 14)
    return start + luhn.calc_check_digit(start)


LOOK_ALIKES: dict[str, tuple[tuple[str, ...], Callable[[random.Random], Any]]] = {
    "number of a payment card": (("card", "pan", "account_no"), _luhn16),
    "snowflake": (("id_str", "tweet_id", "uid"), lambda r: str(r.randrange(10**18, 2 * 10**18))),
    "social network ID": (("fbid", "profile_id"), lambda r: "1000" + _number(r, 11)),
    "time in microseconds": (("ts", "time_us", "begin"), lambda r: 155 * 10**13 + r.randrange(10**12)),
    "time in nanoseconds": (("nanos", "t0"), lambda r: 1_550_000_000_000_000_000 + r.randrange(10**15)),
    "client ID of web analytics": (("cid", "_ga"), lambda r: f"GA1.2.{_number(r, 9)}.1550678460"),
    "trace header": (("x_trace", "trace_id"), lambda r: f"Root=1-{_hex(r, 4)}-{_hex(r, 12)}"),
    "code for authentication of a message": (("mac", "hmac"), lambda r: _hex(r, 32)),
    "IPv6 address": (("ip", "addr"), lambda r: f"2001:db8::{_hex(r, 2)}:{_hex(r, 2)}:ff:fe{_hex(r, 1)}"),
    "date with colons": (("DateTime", "exif"), lambda r: f"2019:0{r.randrange(1, 9)}:11 10:15:30"),
    "hash of an IMEI": (("imei", "imei_md5"), lambda r: hashlib.md5(_imei(r).encode()).hexdigest()),
    "empty IMEI": (("imei", "deviceId"), lambda r: r.choice(("unknown", "", "0", "null", "000000000000000"))),
    "parcel": (("tracking", "shipment"), lambda r: "1Z" + _hex(r, 8).upper()),
    "ISBN": (("isbn", "ean"), lambda r: "978" + _number(r, 10)),
    "account of a bank": (("iban",), lambda r: f"NO{_number(r, 13)}"),
    "version of a kernel": (("kernel", "release"), lambda r: f"4.14.{r.randrange(300)}-perf-g{_hex(r, 6)}"),
    "latency": (("lat", "latency"), lambda r: round(r.uniform(1, 90), 4)),
    "touch on a screen": (("touch", "xy"), lambda r: f"{r.uniform(0, 1080):.3f},{r.uniform(0, 2160):.3f}"),
    "price list": (("prices", "values"), lambda r: f"{r.uniform(1, 80):.4f},{r.uniform(1, 80):.4f}"),
    "entity tag": (("etag", "rev"), lambda r: f'W/"{_hex(r, 7)}"'),
    "commit": (("commit", "sha"), lambda r: _hex(r, 20)),
    "UUID of version 1": (("messageId", "uuid"), lambda r: str(uuid.UUID(int=r.getrandbits(128), version=1))),
    "order of 14 digits": (("orderNo", "trade_no"), lambda r: "20190220" + _number(r, 6)),
    "telephone model": (("phone", "device"), lambda r: f"SM-G{r.randrange(900, 999)}F"),
    "colours": (("palette", "rgb"), lambda r: ":".join(f"{r.randrange(256):02x}" for _ in range(3))),
    "size of a file": (("size", "bytes_total"), lambda r: r.randrange(10**14, 10**15)),
    "amount of money": (("amount", "balance"), lambda r: f"{r.randrange(10**6)}.{r.randrange(100):02d}"),
    "postal box of a map": (("bbox", "viewport"), lambda _: "10.1023,59.2031,10.9021,60.0012"),
    "number of a contract": (("customer", "contract"), lambda r: "8947" + _number(r, 8)),
}  # fmt: skip


def payloads(seed: int = SEED) -> Iterator[Case]:
    """Each payload in EACH envelopes that are drawn at random, with values drawn at random."""
    rng = random.Random(seed)
    for title, make in PAYLOADS.items():
        for envelope in rng.sample(sorted(ENVELOPES), EACH):
            made = make(rng)
            labels = frozenset(made.labels)
            yield Case(title, envelope, ENVELOPES[envelope](made.document), labels)


def look_alikes(seed: int = SEED) -> Iterator[Case]:
    """Each look-alike under each of its names, alone and beside a real identifier."""
    rng = random.Random(seed + 1)
    envelopes = sorted(ENVELOPES)
    for title, (names, make) in LOOK_ALIKES.items():
        for name in names:
            for beside in (False, False, True):
                document: Tree = {"v": 2, name: make(rng), "lang": "nb"}
                labels: frozenset[tuple[str, str]] = frozenset()
                if beside:
                    gaid = _uuid(rng)
                    document["google_advertising_id"] = gaid
                    labels = frozenset({("gaid", gaid)})
                envelope = rng.choice(envelopes)
                yield Case(title, envelope, ENVELOPES[envelope](document), labels)
