"""What a request that no dossier describes is for, by the words of its place and the names of its fields.

These are words that developers use; none is proof, and most requests say nothing of the kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal
from urllib.parse import unquote, urlsplit

from analyzer.model import Message

Purpose = Literal["registration", "log-in", "update check", "telemetry", "log", "announcement", ""]

# Protocols that have a purpose of their own.
PROTOCOLS: tuple[tuple[tuple[str, ...], Purpose], ...] = (
    (("syslog",), "log"),
    (("dns", "dhcp", "mdns", "ssdp", "wifi", "eap", "icmp", "tls"), "announcement"),
)
# Words by which a request calls itself a registration; "注册" and "激活" in pinyin at the end.
REGISTRATION = re.compile(
    r"(?:auto|self|dev|device|user|phone|imei|re)?reg(?:ister|istration|istrar|dev|device|info|ist)?"
    r"|registered|registerdevice|deviceregister|activat(?:e|ion|ing|ed)|activ|active|actcode|enroll?(?:ment)?"
    r"|provision(?:ing)?|onboard(?:ing)?|bootstrap|firstboot|first|checkin|warranty|guarantee|devinfo|deviceinfo"
    r"|inform|syncml|omadm|zhuce|jihuo"
)
REGISTER = ("sip", "REGISTER")  # protocol and method by which a phone registers at its network
# Words for a first start, which mean much else too: the last segment of a path alone.
FIRST_START = re.compile(
    r"hello|install(?:ed|s|ation)?|launch|start|new|firstrun|firstlaunch|appinstall|session_?start"
)
UPDATE = re.compile(
    r"update[sr]?|upgrade[sr]?|ota|fota|otaupdate|checkupdate|updatecheck|checkversion|versioncheck|newversion"
    r"|latestversion|checkapp|upd|sysupgrade|getversion|firmware"
)
TELEMETRY = re.compile(
    r"analytics?|events?|track(?:ing|er)?|stats?|statistics|metrics?|telemetry|collect(?:or)?|beacon|logs?|logger"
    r"|crash(?:es)?|weather|weatherstation|sensors?|readings?|measurements?|heartbeat|datapoints?|bi"
)
# Names of fields of which two make a message one of measurements or of events.
MEASURED = frozenset(
    ("temperature", "temp", "tempf", "tempc", "humidity", "pressure", "baromin", "baromrelin", "winddir",
     "windspeed", "windspeedmph", "rainin", "dewptf", "indoortempf", "solarradiation", "uv", "pm25", "co2",
     "voltage", "power", "event", "events", "event_name", "eventname", "event_type", "eventtype", "event_id",
     "eventid")
)  # fmt: skip
FEWEST_MEASURED = 2
# Names of fields whose value says what is asked for.
ACTIONS = frozenset(("a", "act", "action", "api", "cmd", "command", "func", "interface", "method", "op",
                     "opt", "service", "type", "msgtype", "do", "m"))  # fmt: skip
LONGEST_ACTION = 48
WORDS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|\d+")
TOKEN = re.compile(r"token[._/-]?get|get[._/-]?token", re.IGNORECASE)


def purpose_of(message: Message, values: Iterable[tuple[str, str | bytes]] = ()) -> Purpose:
    """Return what a request is for, "" where nothing tells; `values` are names and values of its fields."""
    for protocols, purpose in PROTOCOLS:
        if message.protocol.startswith(protocols):
            return purpose
    values = list(values)
    actions = [
        v for name, v in values if name.lower() in ACTIONS and isinstance(v, str) and len(v) < LONGEST_ACTION
    ]
    place = [_path(message), *actions, _media_type(message)]
    words = {word for text in place for word in _words(text)}
    if (message.protocol, message.method) == REGISTER:
        return "registration"
    if FIRST_START.fullmatch(_path(message).rstrip("/").rpartition("/")[2].lower()):
        return "registration"
    if any(map(REGISTRATION.fullmatch, words)) or any(map(TOKEN.search, place)):
        return "registration"
    words |= set(_words(message.host or ""))
    if any(map(UPDATE.fullmatch, words)):
        return "update check"
    measured = {name.lower() for name, _ in values} & MEASURED
    if any(map(TELEMETRY.fullmatch, words)) or len(measured) >= FEWEST_MEASURED:
        return "telemetry"
    return ""


def _path(message: Message) -> str:
    """The path of the target, or its first words where it is no path."""
    target = message.target or ""
    try:
        return unquote(urlsplit(target).path)
    except ValueError:
        return target[:200]


def _media_type(message: Message) -> str:
    return (message.header("content-type") or "").partition(";")[0]


def _words(text: str) -> Iterable[str]:
    """The words of a text in lower case, those of camelCase apart and together."""
    for run in re.split(r"[^0-9A-Za-z]+", text):
        if run:
            yield run.lower()
            yield run.rstrip("0123456789").lower()
            yield from (word.lower() for word in WORDS.findall(run))
