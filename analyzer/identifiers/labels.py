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
    "imsi": re.compile(r"cimi|.*imsi"),
    "iccid": re.compile(r".*iccid|ccid|simkahao"),
    "meid": re.compile(r"m?meid|.{3,}meid"),
    "mac": re.compile(r"(wifi|wlan|wl|bt|ble|bluetooth|eth|lan|wan|device|dev|phone|user|client|sta|ap)?mac"
                      r"|mac(id|adr|addr|address)|.{0,9}macadd?r(ess)?|b?ssidmac|bssid|hwaddr(ess)?|.{0,4}(btaddr|bdaddr)"
                      r"|lladdr|chaddr|wulidizhi|physicaladdress|macdizhi|.{1,6}maca"),
    "phone": re.compile(r"msisdn|mdn|sms(num(ber)?)?|phonenum(ber)?|phoneno|mobileno|mobilenum(ber)?"
                        r"|telephone|cellphone|shoujihao(ma)?|dianhua(haoma)?|sjhm?|telno|mobnum|handynummer|telefon(nummer)?|mobilnr"),
}  # fmt: skip
PLACE = "(geo|gps|user|my|cur|current|last|device|loc|location|start|end|center|clatlng|c|u|bd|gcj|wgs)?"
BY_NAME = {
    "iccid": re.compile(r"sim(card)?(serial(number|num|no)?|sn|id|no)|(sim)?(card)?icc"),
    "imsi": re.compile(r"(mobile)?subscriberid|.{0,8}imsi.{0,4}"),
    "imei": re.compile(r".{0,12}imei(sv|no|number|code|str|id|push|array|list)?|(shouji)?chuan(hao|ma)"),
    "mac": re.compile(
        r".{0,9}mac(addr|address|id|list|array)|(wifi|wlan|bluetooth|bt|ble|eth|ethernet|lan|nic|hw|hardware|physical)"
        r"(mac|addr|address)"
    ),
    "phone": re.compile(
        r"(user|my|own|contact|bind|login)?(phone|mobile|tel|cell)(number|num|no|nr|phone)?|line(one)?number"
        r"|caller(id|number)?|(user)?(shouji|dianhua)(hao|haoma)?|sim(phone)?(number|num|no)"
    ),
    "latitude": re.compile(PLACE + "(lat|lati|latitude|weidu|breite)[ei]?"),
    "longitude": re.compile(PLACE + "(lon|lng|long|longi|longitude|jingdu|laenge)[ei]?"),
    "coordinates": re.compile(
        r"(gps|geo|loc|location|latlng|latlon|latlong|lnglat|lonlat|ll|coords?|coordinates?"
        r"|pos|position|cente?re?|point|latitudelongitude|u?lat(itude)?(lng|lon|long|longitude)accu(racy)?|weizhi|zuobiao"
        r"|(user|my|cur|current|last|device|gps)(loc|location|position|pos|point|coords?|latlng|latlon))(s|info|data|str)?"
    ),
    "device": re.compile(
        r"(device|dev|hardware|terminal|equipment|phone|handset|ue|machine|mobile|unit|shebei)"
        r"(unique|physical|hardware)?(id|no|num|number|code|uid|sn|hao|ma|bianhao|address(text)?)|did|udid|esn|ui|uniqueid|uniqueidentifier"
        r"|dev|device|ep|endpoint((client)?name)?|(mqtt)?client(id|identifier)"
    ),
    # Lasting numbers that a system or a library makes for a device or an installation of an app.
    "device_id": re.compile(
        r".{0,8}(udid|idfv|openudid|utdid|opendid)|identifierforvendor|vendor(id|identifier)|idforvendor"
        r"|.{0,6}(duid|vaid|msaid)|aaid"
        r"|cuid|baiducuid|qimei(thirtysix)?|smid|umid|tdid|bddid|ssmix|hdid|hdidfv|suid|clientudid|guid|deviceguid"
        r"|(cloud|ssdp|upnp|x?[a-z]{2,8})?device(unique)?(id|uid|uuid|guid|identifier)"
        r"|(cloud|ssdp|upnp)?(device|dev|hardware|terminal|machine|phone|unit|client|handset|shebei)"
        r"(unique)?(id|uid|uuid|guid|identifier|hash|fingerprint|code|hao|ma)|did|hwid|ownid|uniqueid|uniqueidentifier"
        r"|(ssdp|upnp|device)?udn"
    ),
    "pesn": re.compile(r".{0,8}(pseudo)?p?esn"),
    "sim": re.compile(r"sim|simcard|card(no|id)?|uiccid|kahao"),
    "android_id": re.compile(
        r"(device|sys|secure|md|x|raw)?android(device)?id|ssaid|secureandroidid|androidid(raw)?|andi"
    ),
    "android_perhaps": re.compile(r"aid|andid|hardwareid"),
    "gaid": re.compile(
        r"(google|gps|android)?(gaid|aaid|aifa)|(google|gps|gp)(play)?(advertising|advertiser|ad)id"
        r"|androididfa|gpid|adsid|advid|googleaid|gpsaid|androidadid|androidadvertisingid|rawgaid|gadid"
    ),
    "oaid": re.compile(r".{0,6}oaid"),
    "idfa": re.compile(r".{0,6}idfa|iosadid|appleadid"),
    "advertising_id": re.compile(
        r"advertis(ing|er|ement)id(entifier)?|ifa|advertisingtracking(id|identifier)|advertisingid(raw)?"
    ),
    "advertising_perhaps": re.compile(r"(raw)?adid(entifier)?"),  # of an advertisement as often
    "serial": re.compile(
        r"(device|dev|hw|hardware|phone|product|system|sys|android|ro|boot|build|cpu|machine|unit|board|gateway|router"
        r"|chargepoint|logger|inverter|meter|terminal|equipment|mobile|deviceinfo)+(unique)?serial(number|num|no|nr|id)?"
        r"|serialno|serialnr|xuliehao|bios(ssn|serial(number)?|sn)"
        r"|(device|dev|hw|hardware|phone|product|machine|terminal|gw|box|unit)sn|(cpu|chip|soc|emmc)(id|serial)"
    ),
    "serial_perhaps": re.compile(
        r"sn|snp|ser|serial(number|num|id)?|snr"
    ),  # of a message or a certificate as often
    "ssid": re.compile(
        r"(cur(rent)?|conn(ected)?|wifi|wlan|ap|hotspot|router|home|sta|target)*(essid|ssid(name)?)"
        r"|(wifi|wlan|hotspot)(network)?name|apname|(wifi|wlan)mingcheng"
    ),
    "bssid": re.compile(
        r".{0,10}bssid(mac|list|s)?|iwlannodeid|(ap|router|gateway|gw|wifiap|hotspot|accesspoint|called)(mac|macaddr|macaddress)"
    ),
    "local_ip": re.compile(
        r"(local|lan|wifi|wlan|device|dev|client|user|phone|inner|intranet|internal|private|my|host|sta|own)*ip(v4)?"
        r"(addr(ess)?)?"
    ),
    "email": re.compile(
        r"(user|account|my|login|contact|google|owner|customer|member|primary|work|home)*"
        r"(e?mail(addr(ess)?|account|id)?|gmail|epost(adresse)?|youxiang)"
    ),
    "account": re.compile(
        r"(user|login|account|nick|screen|member)(name|account|nick|login)|(google|mi|wx|qq)account|login|uname"
        r"|brukernavn|benutzername|nutzername|yonghuming|zhanghao|zhanghu|utilisateur|gebruikersnaam|anvandarnamn"
    ),
    # Names of whoever uses an app: what is an e-mail address or phone number there is one all the same.
    "person": re.compile(
        r"(user|login|account|member|customer|client|external|distinct|visitor|unique|my|current|cur|app|first)?"
        r"(uid|userid|loginid|accountid|memberid|customerid|distinctid|externalid|openid|unionid|identity|identifier|userkey)"
        r"|user|usr|account|acct|member|customer|login|uid|u|who|owner|distinctid|loginid|userid|userpseudoid|historyloginid"
        r"|(identity)?(loginid|mobile|email)|userprincipal|upn|principal"
    ),
    "push_token": re.compile(
        r"(push|fcm|gcm|hms|apns?|mipush|jpush|umeng|firebase|notification)+(device|client)?"
        r"(token|(reg(istration)?)?id)"
        r"|device(push)?token|reg(istration)?id"
    ),
    "model": re.compile(
        r"((device|dev|phone|mobile|hw|hardware|product|terminal|handset|ro|ua)*model(sms|name|no|num|number)?"
        r"|(device|phone)brandmodel|mobiletype|ptype|(shouji)?xinghao)"
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
        r"|(lac|tac)(cid|ci|cellid|eci)"
    ),
}
# Kinds whose names say that a payload is about the identity of a phone.
IDENTITY = frozenset(("imei", "imsi", "iccid", "meid", "mac", "android_id", "gaid", "oaid", "idfa"))
# Kinds whose names describe a device.
DESCRIPTION = frozenset(("model", "build", "operator", "local_ip", "ssid", "bssid"))
NONE: frozenset[str] = frozenset()
LONGEST_NAME = 64
# A name speaks for a value or a list of values, not for a document.
LONGEST_NAMED = 4096
BEFORE = re.compile(r"([A-Za-z][A-Za-z0-9_.]{1,30})[\s\"'=:>/|\[(\\_]{1,5}$")


def kinds_named(name: str) -> frozenset[str]:
    """The kinds that a field's name announces, with its path (`device.ifa`) or without; mostly empty."""
    return _kinds_named(name) if len(name) <= LONGEST_NAME else NONE


@lru_cache(maxsize=4096)
def _kinds_named(name: str) -> frozenset[str]:
    name = name.rpartition(":")[2]  # without the prefix of an XML namespace
    path, _, last = name.rpartition(".")
    return _kinds_of(name) | _kinds_of(last) if path and last else _kinds_of(name)


def _kinds_of(name: str) -> frozenset[str]:
    name = EXPERIMENTAL.sub("", name)
    words = [word.lower() for word in WORDS.findall(name)]
    whole = NOT_LETTERS.sub("", name).lower()
    by_word = {kind for kind, pattern in BY_WORD.items() if any(map(pattern.fullmatch, words))}
    return frozenset(by_word | {kind for kind, pattern in BY_NAME.items() if pattern.fullmatch(whole)})


# Names that say nothing of their own; the object that holds them does: `device.id`, `<IMEI><Data>`.
PLAIN = frozenset(
    ("id", "uuid", "uid", "token", "sn", "ssn", "serialnumber", "serial", "number", "key", "mac", "model")
)
CARRYING = frozenset(("data", "value", "string", "text", "val", "content", "v", "_", "#text", "int"))


def kinds_of_field(field: Field) -> frozenset[str]:
    """Return the kinds that a field's name announces, alone or with the name of what holds it."""
    if not is_plain(field.name):
        return kinds_named(field.name)
    return _kinds_held(field.name, holder_of(field))


@lru_cache(maxsize=4096)
def _kinds_held(name: str, holder: str) -> frozenset[str]:
    """Return the kinds that a plain name announces together with the name of what holds it."""
    found, lowered = kinds_named(name), name.lower()
    if not holder:
        return found
    if lowered in CARRYING:  # an object for a device holds many values that are no number of its own
        return found | (NONE if holder.lower() in ("dev", "device") else kinds_named(holder))
    return found | kinds_named(f"{holder}_{lowered}")


def holder_of(field: Field) -> str:
    """Return the name of the object that holds a field, empty where none is named."""
    path = field.evidence.path
    for place in range(len(path) - 2, 0, -1):
        if path[place][:1] != "[":
            return path[place].partition("[")[0].rpartition(":")[2][:LONGEST_NAME]
    return ""


@lru_cache(maxsize=4096)
def is_plain(name: str) -> bool:
    """Return whether what holds a field of this name has to be asked."""
    return name.lower() in PLAIN or name.lower() in CARRYING


def kinds_before(text: str, start: int) -> tuple[frozenset[str], str]:
    """The kinds announced by the word right before `start` in a text, and that word."""
    word = BEFORE.search(text, max(0, start - 40), start)
    return (kinds_named(word[1]), word[1]) if word else (frozenset(), "")


# Names that say what a number is, and that it is no identifier of a phone.
SOMETHING_ELSE = re.compile(
    r"ordre|order|bestell|commande|pedido|trade|pay|bill|price|amount|time|date|^ts$|stamp|seq|session|nonce|sign|trace|request|req|msg|message"
    r"|log(?!in)|event|count|size|length|version|rand|crc|hash|check|bytes|views|likes|score|sku|belop|kid$|invoice|faktura"
    r"|konto|iban|parcel|tracking|barcode|ean|isbn|refer|ticket|coupon|voucher|cart|basket|product|item|balance|total"
    r"|dingdan|jiaoyi|liushui|zhifu|token|key$|snowflake|cursor|offset|thread|post|article|media|video|photo|tweet",
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
    if kinds & kinds_of_field(field):
        return True
    lowered = text.lower()
    return any(word in lowered for word in words)


def announced(field: Field, text: str, start: int, kinds: frozenset[str]) -> str | None:
    """How one of `kinds` is announced for the value at `start`, as a sentence; None where it is not."""
    if kinds & kinds_of_field(field) and len(text) <= LONGEST_NAMED:
        return f"the field is named {field.name}"
    before, word = kinds_before(text, start)
    return f"the text calls it {word}" if kinds & before else None
