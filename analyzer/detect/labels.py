"""The name of a field → the kinds of identifier that such a name announces."""

from __future__ import annotations

import re
from functools import lru_cache

from analyzer.model import Field

WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
EXPERIMENTAL = re.compile(r"^x[-_]", re.IGNORECASE)  # X-IMEI, as RFC 6648 §1 tells
NOT_LETTERS = re.compile(r"[^A-Za-z]")

# A kind is named when one word of the name matches (words part at case, digits and punctuation,
# so that "timeInterval" holds no "imei"), or when the whole name without punctuation does.
BY_WORD = {
    "imei": re.compile(r"imei(sv)?|.*imei"),
    "imsi": re.compile(r"imsi|.*imsi"),
    "iccid": re.compile(r".*iccid|ccid"),
    "meid": re.compile(r"m?meid|.{3,}meid"),
    "mac": re.compile(r"(wifi|wlan|wl|bt|ble|bluetooth|eth|lan|wan|device|dev|phone|user|client|sta|ap)?mac"
                      r"|mac(id|addr|address)|.{0,9}macaddr(ess)?|b?ssidmac|bssid|hwaddr(ess)?"),
    "phone": re.compile(r"msisdn|mdn|phonenum(ber)?|phoneno|mobileno|mobilenum(ber)?|telephone|cellphone"),
}  # fmt: skip
PLACE = "(geo|gps|user|my|cur|current|loc|location|start|end|center)?"
BY_NAME = {
    "iccid": re.compile(r"sim(card)?(serial(number|num|no)?|sn|id|no)"),
    "imsi": re.compile(r"subscriberid|.{0,8}imsi.{0,4}"),
    "imei": re.compile(r".{0,8}imei(sv|no|number|code|str|id)?"),
    "mac": re.compile(r".{0,9}mac(addr|address|id)"),
    "phone": re.compile(
        r"(user|my|own)?(phone|mobile|tel|cell)(number|num|no|phone)?|line(one)?number|caller(id|number)?"
    ),
    "latitude": re.compile(PLACE + "(lat|latitude)"),
    "longitude": re.compile(PLACE + "(lon|lng|long|longitude)"),
    "coordinates": re.compile(
        r"(gps|geo|loc|location|latlng|latlon|latlong|lnglat|lonlat|ll|coords?|coordinates?"
        r"|position|center|point|latitudelongitude)(s|info|data|str)?"
    ),
    "device": re.compile(
        r"(device|dev|hardware|terminal|equipment|phone|handset|ue)(id|no|num|code|uid)|did|udid|esn"
    ),
    "pesn": re.compile(r".{0,8}(pseudo)?p?esn"),
    "sim": re.compile(r"sim|simcard|card(no|id)?|uiccid"),
    "android_id": re.compile(r"(device|sys|secure|md|x)?android(device)?id"),
    "gaid": re.compile(r"(google|gps|android)?(gaid|aaid|aifa)|(google|gps|gp)(advertising|advertiser|ad)id"),
    "oaid": re.compile(r".{0,6}oaid"),
    "idfa": re.compile(r".{0,6}idfa"),
    "advertising_id": re.compile(r"ad(vertis(ing|er|ement))?id(entifier)?|ifa|(raw)?adid"),
    "serial": re.compile(
        r"(device|dev|hw|hardware|phone|product|system|sys|android|ro|boot|build|cpu)+serial(number|num|no|id)?|serialno"
        r"|(device|dev|hw|hardware|phone|product)sn|(cpu|chip|soc)(id|serial)"
    ),
    "serial_perhaps": re.compile(r"sn|serial(number|num|id)?"),  # of a message or a certificate as often
    "ssid": re.compile(r"(cur(rent)?|conn(ected)?|wifi|wlan|ap)*(essid|ssid(name)?)|(wifi|wlan)name|apname"),
    "bssid": re.compile(r".{0,10}bssid(mac)?|(ap|router|gateway|gw|wifiap)(mac|macaddr|macaddress)"),
    "local_ip": re.compile(
        r"(local|lan|wifi|wlan|device|dev|client|user|phone|inner|intranet|internal|private|my|host)*ip(v4)?"
        r"(addr(ess)?)?"
    ),
    "email": re.compile(r"(user|account|my|login|contact|google|owner)*(e?mail(addr(ess)?|account)?|gmail)"),
    "account": re.compile(
        r"(user|login|account|nick|screen)(name|account|nick|login)|(google|mi|wx|qq)account|login"
    ),
    "push_token": re.compile(
        r"(push|fcm|gcm|hms|apns?|mipush|jpush|umeng|firebase|notification)+(device|client)?"
        r"(token|(reg(istration)?)?id)"
        r"|device(push)?token|reg(istration)?id"
    ),
    "model": re.compile(
        r"((device|dev|phone|mobile|hw|hardware|product|terminal|handset|ro|ua)*model(sms|name|no|num|number)?"
        r"|(device|phone)(type|brandmodel)|mobiletype|ptype|machine)"
    ),
    "build": re.compile(
        r"(os|sys|system|android|sw|software|firmware|fw|rom|build|display|miui|emui)+"
        r"(ver|version|build|release|incremental)|build(id|number|fingerprint)?|fingerprint|displayid"
    ),
    "operator": re.compile(
        r"(sim|net|network|mobile|home|data)*(operator|carrier|isp|plmn)(name|code|id|numeric)?|mccmnc"
    ),
    "apps": re.compile(
        r"(user|sys|system|third(party)?|running|recent)*(install(ed)?)?(apps?|packages?|pkgs?|processes|softwares?)"
        r"(list|info|infos|s)?"
    ),
    "mcc": re.compile(r".{0,8}mcc|(home)?mobilecountrycode"),
    "mnc": re.compile(r".{0,8}mnc|(home)?mobilenetworkcode"),
    "area": re.compile(
        r"(cell|gsm|nr|lte|base(station)?|bs|net(work)?|wcdma)?(lac|tac|locationarea(code)?|trackingareacode)"
    ),
    "cell": re.compile(
        r"(sim|gsm|nr|lte|wcdma|cdma|bs|serving)*"
        r"(cid|ci|eci|nci|cell(id|identity)|base(station)?id|bsid)"
    ),
    "cells": re.compile(
        r"(cur|near(by)?|neighbou?r(ing)?|all|main)*(cell(tower|location|identity)?|bts|basestation|bs)s?(info|list|data)?"
    ),
}
# Kinds whose names say that a payload is about the identity of a phone.
IDENTITY = frozenset(("imei", "imsi", "iccid", "meid", "mac", "android_id", "gaid", "oaid", "idfa"))
NONE: frozenset[str] = frozenset()
LONGEST_NAME = 64
# A name speaks for a value or a list of values, not for a document.
LONGEST_NAMED = 4096
BEFORE = re.compile(r"([A-Za-z][A-Za-z0-9_.]{1,30})[\s\"'=:>/|\[(\\]{1,5}$")


def kinds_named(name: str) -> frozenset[str]:
    """The kinds that a field's name announces, with its path (`device.ifa`) or without; mostly empty."""
    return _kinds_named(name) if len(name) <= LONGEST_NAME else NONE


@lru_cache(maxsize=4096)
def _kinds_named(name: str) -> frozenset[str]:
    path, _, last = name.rpartition(".")
    return _kinds_of(name) | _kinds_of(last) if path and last else _kinds_of(name)


def _kinds_of(name: str) -> frozenset[str]:
    name = EXPERIMENTAL.sub("", name)
    words = [word.lower() for word in WORDS.findall(name)]
    whole = NOT_LETTERS.sub("", name).lower()
    by_word = {kind for kind, pattern in BY_WORD.items() if any(map(pattern.fullmatch, words))}
    return frozenset(by_word | {kind for kind, pattern in BY_NAME.items() if pattern.fullmatch(whole)})


def kinds_before(text: str, start: int) -> tuple[frozenset[str], str]:
    """The kinds announced by the word right before `start` in a text, and that word."""
    word = BEFORE.search(text, max(0, start - 40), start)
    return (kinds_named(word[1]), word[1]) if word else (frozenset(), "")


# Names that say what a number is, and that it is no identifier of a phone.
SOMETHING_ELSE = re.compile(
    r"order|trade|pay|bill|price|amount|time|date|^ts$|stamp|seq|session|nonce|sign|trace|request|req|msg|message"
    r"|log|event|count|size|length|version|rand|crc|hash|check",
    re.IGNORECASE,
)


def names_something_else(name: str) -> bool:
    """Whether a field's name tells that its number is an order, a time or the like."""
    return SOMETHING_ELSE.search(name[:LONGEST_NAME]) is not None


def identity_kinds(names: frozenset[str]) -> frozenset[str]:
    """The kinds of identity that the names of neighbours announce."""
    return frozenset(kind for name in names for kind in kinds_named(name)) & IDENTITY


def is_mentioned(field: Field, text: str, kinds: frozenset[str], *words: str) -> bool:
    """Whether the field's name announces one of `kinds`, or its text holds one of `words`: a first look."""
    if kinds & kinds_named(field.name):
        return True
    lowered = text.lower()
    return any(word in lowered for word in words)


def announced(field: Field, text: str, start: int, kinds: frozenset[str]) -> str | None:
    """How one of `kinds` is announced for the value at `start`, as a sentence; None where it is not."""
    if kinds & kinds_named(field.name) and len(text) <= LONGEST_NAMED:
        return f"the field is named {field.name}"
    before, word = kinds_before(text, start)
    return f"the text calls it {word}" if kinds & before else None
