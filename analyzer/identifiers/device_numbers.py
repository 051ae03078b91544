"""Numbers of a device whose form counts as much as their name: digits alone, ids of cameras and of hubs.

A row of the table is one form with the names under which it will do; names that say all stand in `by_name`.
What stands without a name beside an IMEI is an Android ID only where more speaks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.by_name import UUID
from analyzer.identifiers.companions import ANDROID_ID, companions_of, is_like_imei, stands_in_list
from analyzer.identifiers.labels import holder_of, kinds_named, names_something_else
from analyzer.identifiers.placeholders import EMPTY_WORDS, is_placeholder
from analyzer.model import Field, Finding


class Row(NamedTuple):
    """A form, the names under which it will do, and what is said of it."""

    names: re.Pattern[str]
    form: re.Pattern[str]
    said: str
    in_path: bool = False  # only as a segment of the path, behind the segment of that name


NOT_A_TIME = r"(?!(?:19|20)\d{6}(?:\d{4}|\d{6})?$)(?!1[2-9]\d{8}$)(?!1[2-9]\d{11}$)"
MIXED = r"(?=[0-9]*[A-Za-z])(?=[A-Za-z\-]*[0-9])"


def _row(names: str, form: str, said: str, *, in_path: bool = False) -> Row:
    return Row(re.compile(names, re.IGNORECASE), re.compile(form, re.ASCII), said, in_path)


ROWS = (
    _row(
        r"(device|dev|equipment|terminal)[_-]?id",
        rf"{NOT_A_TIME}(?:\d{{9,13}}|\d{{17,20}})",
        "digits alone, too many for a count",
    ),
    _row(
        r"uid|did|dev(ice)?[_-]?u?id|p2p[_-]?u?id|cam(era)?[_-]?u?id",
        rf"{MIXED}(?=(?:[A-Z]*\d){{3}})[A-Z0-9]{{20}}",
        "20 capital letters and digits, as cameras have for calls between peers",
    ),
    _row(
        r"(gw|gateway|dev|device|hub)[_-]?id",
        rf"{MIXED}(?=(?:[a-z]*\d){{4}})(?=[0-9a-f]*[g-z])[0-9a-z]{{20,22}}",
        "20 to 22 small letters and digits, as platforms for switches and lamps give out",
    ),
    _row(
        r"(x[_-]?)?(device|dev)[_-]?id",
        r"(?=(?:[A-Za-z]*\d){8})[A-Za-z]{2,10}[0-9A-F]{9,30}",
        "letters and digits, as programs that synchronise mail name a phone",
    ),
    _row(
        r"(device|dev|gateway|gw|node|sensor|bridge|hub)([_-]?(id|eui|addr(ess)?|uid))?|(dev|gw|gateway)?[_-]?eui(64)?|id",
        r"(?!(?:..[:-]){3}[Ff]{2}[:-][Ff][Ee])"
        r"(?:(?:[0-9A-F]{2}[:-]){7}[0-9A-F]{2}|(?:[0-9a-f]{2}[:-]){7}[0-9a-f]{2})",
        "eight bytes in hexadecimal, as the numbers of radios and lamps are written (EUI-64)",
    ),
    _row(r".{0,8}im[es]i\d?", UUID, "a UUID where the name speaks of the phone's number"),
    _row(
        r"devices?|sensors?|gateways?|hubs?|thermostats?|cameras?",
        rf"{MIXED}(?:[0-9a-f]{{12,40}}|[0-9A-F]{{12,40}})|{UUID}",
        "stands in the path behind the word for a device",
        in_path=True,
    ),
    _row(
        r"pass[_-]?key|station[_-]?key",
        rf"{MIXED}(?:[0-9a-f]{{32}}|[0-9A-F]{{32}})",
        "32 hexadecimal digits, by which a station is known to its server",
    ),
    _row(
        r"(x[_-]?)?(anon(ymous)?|device|dev|machine|client|install(ation)?|hardware|hw)[_-]?(user|device)?[_-]?"
        r"(id|uid|uuid|guid)",
        rf"[A-Za-z]{{1,12}}[\-_:.]?{UUID}",
        "a UUID behind letters, as libraries make lasting numbers",
    ),
)
PROTOCOL_OF_CHARGER = re.compile(r"ocpp[\d.]{1,6}", re.IGNORECASE)
CHARGE_POINT = re.compile(r"(?=[^/]*\d)[\w.:*\-]{4,48}", re.ASCII)
UPGRADE = "sec-websocket-protocol"
# Names that say nothing.
WITHOUT_MEANING = re.compile(
    r"_?id|uid|[a-z]|(col|field|param|arg|key|value|p|f|c|d)_?\d{1,2}", re.IGNORECASE
)
# What a message says of the system that sends it, and the names under which it does.
PLATFORM = re.compile(
    r"(device|client|app|sdk|mobile|phone)?_?(platform|os|os_?(name|type|family|version|ver)|system(_?name)?|plat|pf)",
    re.IGNORECASE,
)
SAYS_ANDROID = re.compile(r"android", re.IGNORECASE)
AGENT = re.compile(r"\bAndroid\b|\bDalvik/|\bokhttp/")
OF_DEVICE = re.compile(r"dev(ice)?(_?info)?", re.IGNORECASE)
OF_PHONE = frozenset(("imei", "advertising_id", "gaid"))
PERSONAL = frozenset(("imsi", "iccid", "phone", "mac"))
SAID = "16 hexadecimal digits beside an IMEI, as Android IDs are"
FORM_OF_OWN_ID = ANDROID_ID


def names_a_device(name: str) -> bool:
    """Return whether a field of this name is looked at whatever it holds."""
    lowered = name.lower()
    return lowered == UPGRADE or any(row.names.fullmatch(name) for row in ROWS[2:])


class DeviceNumber:
    """Finds ids of a device by one of the forms of the table."""

    kind = "device_id"
    examples = (
        ("deviceid", "1000285333"),
        ("uid", "4LZW3YSMWTNWZR18111A"),
        ("gwId", "bf7b93a84619a08ceyvgzq"),
    )
    counterexamples = (("deviceid", "1583000000"), ("uid", "4lzw3ysmwtnwzr18111a"), ("deviceid", "12"))

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one: the whole value."""
        text = str(field.value).strip().strip("\"'")
        if len(text) > 64 or text.lower() in EMPTY_WORDS or is_placeholder(re.sub(r"\W", "", text.lower())):
            return
        for row in ROWS:
            is_there = not row.in_path or field.evidence.path[:2] == ("target", "path")
            if is_there and row.names.fullmatch(field.name) and row.form.fullmatch(text):
                verdict = Verdict("medium", (f"the field is named {field.name}", row.said))
                yield finding(self.kind, text, str(field.value), field, verdict, context)
                return


class ChargePoint:
    """Finds the identity of a charge point: the last segment of the path (OCPP-J 1.6 §3.1.1)."""

    kind = "device_id"
    examples: tuple[tuple[str, str], ...] = ()
    counterexamples = (("Sec-WebSocket-Protocol", "ocpp1.6"),)

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """Of the header that names the protocol the path beside it."""
        if field.name.lower() != UPGRADE or not PROTOCOL_OF_CHARGER.match(str(field.value)):
            return
        places = [f for f in context.fields if f.evidence.path[:2] == ("target", "path")]
        if not places:
            return
        last = str(places[-1].value).rstrip("/").rpartition("/")[2]
        if CHARGE_POINT.fullmatch(last):
            said = "the last segment of the path by which a charge point opens OCPP names it"
            yield finding(self.kind, last, last, places[-1], Verdict("medium", (said,)), context)


class UnnamedAndroidId:
    """Finds an Android ID under a name that says nothing, next to an IMEI and one more identifier.

    In a list, which gives no names, the IMEI alone will do.
    """

    kind = "android_id"
    examples: tuple[tuple[str, str], ...] = ()
    counterexamples = (("col1", "8d079d00689467d2"),)

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one: the whole value."""
        text = str(field.value)
        is_entry = stands_in_list(field) and not names_something_else(field.name)
        if not ANDROID_ID.fullmatch(text) or is_placeholder(text):
            return
        if not (is_entry or WITHOUT_MEANING.fullmatch(field.name)):
            return
        beside = [other for other in context.next_to(field) if isinstance(other.value, str)]
        if not any(is_like_imei(str(other.value).strip()) for other in beside):
            return
        named = {kind for other in beside for kind in kinds_named(other.name)} & PERSONAL
        others = companions_of(field, context, text)
        if is_entry or named or "MAC" in others or "IMSI" in others or "ICCID" in others:
            yield finding(self.kind, text, text, field, Verdict("medium", (SAID, others)), context)


class PlatformAndroidId:
    """Finds an Android ID under did or as the id of a device, where a message says that Android sends it."""

    kind = "android_id"
    examples: tuple[tuple[str, str], ...] = ()
    counterexamples = (("did", "8d079d00689467d2"),)

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one: the whole value."""
        text = str(field.value)
        if not ANDROID_ID.fullmatch(text) or is_placeholder(text):
            return
        last = field.name.rpartition(".")[2].lower()
        holder = field.name.rpartition(".")[0].rpartition(".")[2] or holder_of(field)
        is_of_device = last == "id" and OF_DEVICE.fullmatch(holder) is not None
        beside = {kind for name in field.beside for kind in kinds_named(name)}
        is_phone = is_of_device and bool(beside & OF_PHONE)
        if is_phone or ((is_of_device or last == "did") and _says_android(context)):
            of = "that names a phone" if is_phone else "that says that it comes from Android"
            said = f"16 hexadecimal digits, as Android alone makes them, in a message {of}"
            verdict = Verdict("medium", (f"the field is named {field.name}", said))
            yield finding(self.kind, text, text, field, verdict, context)


def _says_android(context: Context) -> bool:
    for other in context.fields:
        if not isinstance(other.value, str):
            continue
        name = other.name.rpartition(".")[2]
        if name in ("type", "name"):  # of what holds it: {"os": {"name": "Android"}}
            name = holder_of(other)
            is_platform = PLATFORM.fullmatch(name) or OF_DEVICE.fullmatch(name)
        else:
            is_platform = PLATFORM.fullmatch(name)
        if is_platform and SAYS_ANDROID.match(other.value):
            return True
        if other.name.lower() == "user-agent" and AGENT.search(other.value):
            return True
    return False
