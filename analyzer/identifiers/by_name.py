"""Identifiers that only their name announces: advertising IDs, tokens, accounts, serial numbers.

Nothing in the form of such a value tells what it is, so each kind here needs the right name and
the right form together. One row of the table is one kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.companions import companions_of, is_identity_near
from analyzer.identifiers.labels import identity_kinds, kinds_named, kinds_of_field
from analyzer.identifiers.login_names import BUTTONS
from analyzer.identifiers.placeholders import EMPTY_WORDS, is_placeholder
from analyzer.model import Confidence, Field, Finding

# A network access identifier of a mobile network (3GPP TS 23.003 §14.2) has the form and is no mailbox.
EMAIL = (
    r"(?!.*\.3gppnetwork\.org$)[A-Za-z0-9.!#$%&'*+/=?^_{|}~\-]{1,64}"
    r"@(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z]{2,24}"
)
IS_EMAIL = re.compile(EMAIL).fullmatch
UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
IS_UUID = re.compile(UUID).fullmatch
SHORTEST_NAME = 3
# Hexadecimal with a letter and at least two digits: a number of digits alone is often a counter.
HEX_LONG = r"(?=[0-9]*[A-Fa-f])(?=(?:[A-Fa-f]*[0-9]){2})(?:0x)?[0-9A-Fa-f]{16,64}"
CUID, UTDID = r"[A-Z0-9]{32}\|[\w:]{1,20}", r"(?=\S*[a-z])(?=\S*[A-Z])(?=\S*\d)[A-Za-z0-9+/]{22}=="
DEVICE_ID = rf"\{{?{UUID}\}}?|{HEX_LONG}|{CUID}|{UTDID}"
HEX_ID = r"[0-9A-Fa-f]{16}|[0-9A-Fa-f]{32}|[0-9A-Fa-f]{64}"
LONGEST = 1024
# A word and a colon before a number tell what it is more exactly than the name of the field.
WORD_BEFORE = re.compile(r"([A-Za-z_]{3,16}):([0-9A-Za-z\-]{8,64})", re.ASCII)
OF_WORDS = frozenset(("gaid", "idfa", "oaid", "advertising_id", "android_id", "device_id", "serial"))


Judge = Callable[[Field, str], tuple[Confidence, str] | None]
"""Another confidence than the usual one, and the reason for it."""


def _as_usual(_field: Field, _text: str) -> None:
    return None


# Addresses of firms and their services, of nobody in particular.
ROLE_ADDRESS = re.compile(
    r"(kundeservice|kundesenter|kundendienst|support|info|post(mottak)?|kontakt|contact(us)?|sales|salg|hjelp|help(desk)?"
    r"|no-?reply|do-?not-?reply|admin(istrator)?|webmaster|postmaster|service|hello|hei|mail|office|booking|bestilling"
    r"|press[e]?|jobs?|jobb|career|feedback|abuse|privacy|personvern|legal|billing|faktura|invoice|orders?|ordre|shop"
    r"|butikk|team|customer-?(service|care|support)|kefu|service-?client|marketing|newsletter|nyhetsbrev|security"
    r"|reservations?|resepsjon|reception|firmapost|redaksjon|tips|news|root|daemon)([._-].*)?@.*",
    re.IGNORECASE,
)


def _judge_email(field: Field, text: str) -> tuple[Confidence, str] | None:
    if ROLE_ADDRESS.fullmatch(text):
        return "low", "an address of a firm or service by its first part, not of a person"
    if "email" in kinds_of_field(field):
        return None
    return ("high", "") if {"account", "person"} & kinds_of_field(field) else ("medium", "")


def _is_with_position(field: Field) -> bool:
    """Return whether the field has a latitude and a longitude as neighbours: the message gives a place."""
    beside = {kind for name in field.beside for kind in kinds_named(name)}
    return {"latitude", "longitude"} <= beside


def _is_of_device(field: Field, text: str, context: Context) -> bool:
    is_described = is_identity_near(field) or bool(companions_of(field, context, text))
    return is_described or _is_with_position(field)


ADVERTISING = frozenset(("advertising_id", "gaid", "idfa"))
APNS_OR_FCM = re.compile(r"[0-9A-Fa-f]{64}|[\w\-]{11,}:APA91[\w\-]{40,}")


def _judge_push_token(field: Field, text: str) -> tuple[Confidence, str] | None:
    """What is called token alone may be of a session as well."""
    beside = {kind for name in field.beside for kind in kinds_named(name)}
    is_near = is_identity_near(field) or bool(beside & ADVERTISING)
    is_like_one = APNS_OR_FCM.fullmatch(text) is not None and is_near
    if "push_token" in kinds_named(field.name) or is_like_one:
        return None
    return "low", "the name is token alone"


# Names that libraries give to one thing alone, and names that any program uses.
SPECIFIC = re.compile(
    r".*(udid|idfv|vaid|msaid|aaid|utdid|cuid|qimei\d*|smid|umid|hwid)|identifier.?for.?vendor|.*duid|vendor.?id(entifier)?",
    re.IGNORECASE,
)
# The id of a kind of hardware where that of its maker or its firmware stands beside it.
HARDWARE = re.compile(r"(hw|hardware)_?id", re.IGNORECASE)
OF_MODEL = re.compile(r"(oem|fw|firmware|product)_?(id|key)", re.IGNORECASE)
VAGUE = re.compile(r".*\b(did|guid|suid|hdid|tdid)|uniqueid(entifier)?", re.IGNORECASE)


CHIP = re.compile(r".*(cpu|chip|soc|emmc)_?(id|serial)", re.IGNORECASE)
SHORT_OF_CHIP = 8


def _judge_serial(field: Field, text: str) -> tuple[Confidence, str] | None:
    """A chip's number of a few digits is that of many."""
    if CHIP.fullmatch(field.name) and len(text) < SHORT_OF_CHIP:
        return "low", "too short to be of one chip alone"
    return None


# A serial number under the shortest names: letters of a model or a plant, then digits that are no date.
SHORT_NAMED = re.compile(r"(?!\D{0,4}20[0-3]\d[01]\d[0-3]\d)[A-Z]{1,5}\d{6,14}[A-Z0-9]{0,4}", re.ASCII)
OF_DEVICE = re.compile(
    r"(device|product|hw|hardware|fw|firmware|sw|soft|software|model|mac|pid|type)(_?(id|name|type|ver(sion)?))?"
    r"|ver(sion)?|mac_?addr(ess)?",
    re.IGNORECASE,
)
OF_ORDER = re.compile(
    r"order|goods|price|amount|trade|pay|ticket|cart|invoice|msg|message|seq", re.IGNORECASE
)
FEWEST_OF_DEVICE = 2


def _is_short_named(field: Field, text: str) -> bool:
    """Whether a value under a name such as sn stands among words about a device, of no order or message."""
    about = {name.lower() for name in field.beside if OF_DEVICE.fullmatch(name)}
    others = any(map(OF_ORDER.search, field.beside))
    return bool(SHORT_NAMED.fullmatch(text)) and len(about) >= FEWEST_OF_DEVICE and not others


def _judge_device_id(field: Field, _text: str) -> tuple[Confidence, str] | None:
    last = field.name.rpartition(".")[2].lstrip("$#_")
    if HARDWARE.fullmatch(last) and any(map(OF_MODEL.fullmatch, field.beside)):
        return "low", "stands beside an id of the maker or of the firmware: it tells the model"
    if SPECIFIC.fullmatch(last) and not VAGUE.fullmatch(last):
        return "high", ""
    if VAGUE.fullmatch(last) and not is_identity_near(field):
        return "low", "the name is of much else too"
    return "medium", ""


@dataclass(frozen=True)
class NamedDetector:
    """Finds one kind by the name of the field and the form of the whole value."""

    kind: str
    form: re.Pattern[str]
    described: str
    examples: Sequence[tuple[str, str]]
    counterexamples: Sequence[tuple[str, str]]
    confidence: Confidence = "high"
    dummies: frozenset[str] = frozenset()
    also_named: frozenset[str] = frozenset()  # further kinds whose names will do
    among: frozenset[str] = frozenset()  # kinds whose names will do only beside identifiers
    described_will_do: bool = False  # … or beside two names that describe a device
    alone: re.Pattern[str] | None = (
        None  # a form that will do under such a longer name, whatever stands beside
    )
    yields_to: frozenset[str] = frozenset()  # kinds to which a UUID under such a name belongs
    judge: Judge = _as_usual

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one: the whole value."""
        named, text = _said_by_itself(field)
        surely = self.kind in named or self.also_named & named
        if not (surely or self.among & named) or (self.kind == "account" and _is_of_card(field)):
            return
        beside = identity_kinds(field.beside)
        is_enough = surely or beside or (self.described_will_do and _is_of_device(field, text, context))
        if not (is_enough or self._is_alone(field, text)):
            return
        if self.yields_to & named and IS_UUID(text):
            return
        if len(text) > LONGEST or not self.form.fullmatch(text) or self._is_dummy(text):
            return
        reasons = [f"the field is named {field.name}", self.described]
        if beside:
            reasons.append(f"stands beside fields named for: {', '.join(sorted(beside))}")
        confidence, why = self.judge(field, text) or (self.confidence, "")
        verdict = Verdict(confidence, (*reasons, why) if why else tuple(reasons))
        yield finding(self.kind, text, str(field.value), field, verdict, context)

    def _is_alone(self, field: Field, text: str) -> bool:
        if len(field.name) <= SHORTEST_NAME:
            return bool(self.alone) and _is_short_named(field, text)
        return bool(self.alone and self.alone.fullmatch(text))

    def _is_dummy(self, text: str) -> bool:
        lowered = text.lower()
        bare = re.sub(r"[^0-9a-z]", "", lowered)
        return (
            lowered in EMPTY_WORDS
            or lowered in self.dummies
            or (len(bare) >= 6 and bare.isalnum() and is_placeholder(bare))
        )


def _said_by_itself(field: Field) -> tuple[frozenset[str], str]:
    """The kinds that a field's name announces, or the word before its value, as in `udid=ifa:…`; and it."""
    named, text = kinds_of_field(field), str(field.value).strip().strip("\"'")
    found = WORD_BEFORE.fullmatch(text) if named and len(text) <= LONGEST else None
    said = kinds_named(found[1]) & OF_WORDS if found else frozenset()
    return (said, found[2]) if found and said else (named, text)


def _is_of_card(field: Field) -> bool:
    """Return whether the field is in a vCard (XEP-0054), whose nickname is no account."""
    return "vCard" in field.evidence.path


def _row(kind: str, form: str, described: str, *examples: tuple[str, str], **more: object) -> NamedDetector:
    """A Named; examples whose value begins with a hash sign are the counterexamples."""
    positive = [example for example in examples if not example[1].startswith("#")]
    negative = [(name, value[1:]) for name, value in examples if value.startswith("#")]
    return NamedDetector(kind, re.compile(form, re.ASCII), described, positive, negative, **more)  # type: ignore[arg-type]


_AD = "2f4a8c1e-7b3d-4e5f-9a6b-0c1d2e3f4a5b"
_TOKEN = "740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad"
_NONE = "#00000000-0000-0000-0000-000000000000"  # what phones answer when tracking is limited

NAMED: tuple[NamedDetector, ...] = (
    _row("android_id", r"[0-9A-Fa-f]{15,16}", "16 hexadecimal digits, as Android makes for each app or phone",
         ("android_id", "a1b2c3d4e5f60718"), ("androidId", "9f86d081884c7d65"),
         ("android_id", "#9774d56d682e549c"), ("id", "#a1b2c3d4e5f60718"), ("android_id", "#" + "0" * 16),
         dummies=frozenset(("9774d56d682e549c",)),
         among=frozenset(("android_perhaps",)), described_will_do=True),  # the dummy: of many phones of 2010
    _row("gaid", UUID, "a UUID, the form of Google's advertising ID",
         ("gaid", _AD), ("google_ad_id", _AD), ("gps_adid", _AD), ("gaid", _NONE), ("uuid", "#" + _AD)),
    _row("oaid", f"{UUID}|{HEX_ID}", "a UUID or hexadecimal number, the forms of the OAID",
         ("oaid", _AD), ("OAID", "9a8b7c6d5e4f30219a8b7c6d5e4f3021"), ("oaid", _NONE), ("id", "#" + _AD)),
    _row("device_id", DEVICE_ID, "a long hexadecimal number or a UUID, as lasting numbers of a device are",
         ("udid", _TOKEN[:40]), ("idfv", _AD.upper()), ("identifierForVendor", _AD),
         ("openudid", _TOKEN[:40]),
         ("deviceId", "9f86d081884c7d65"), ("vaid", _TOKEN[:32]), ("aaid", _TOKEN[:32]), ("device_uuid", _AD),
         ("deviceId", "#0"), ("idfv", "#unknown"), ("udid", _NONE), ("uuid", "#" + _AD),
         ("deviceId", "#12345678901234567"),
         ("device_token", "#" + _TOKEN), ("aaid", "#" + _AD), ("deviceId", "#" + "0" * 32),
         yields_to=frozenset(("gaid", "oaid", "idfa")), judge=_judge_device_id),
    _row("idfa", UUID, "a UUID, the form of Apple's advertising ID",
         ("idfa", _AD.upper()), ("IDFA", _AD.upper()), ("idfa", _NONE), ("idfv", "#" + _AD.upper())),
    _row("advertising_id", UUID, "a UUID, the form of advertising IDs",
         ("advertisingId", _AD), ("ifa", _AD), ("adid", "#12345"), ("advertising_id", _NONE),
         ("adid", "#" + _AD),
         confidence="medium", among=frozenset(("advertising_perhaps",)), described_will_do=True),
    _row("serial", r"(?=[A-Za-z]*\d)[A-Za-z0-9]{6,32}", "letters and digits, as serial numbers are",
         ("serialno", "R58M41ABCDE"), ("device_serial", "HT7150200123"), ("device_serial", "#unknown"),
         ("serialnumber", "#1591219980196341"),
         ("serialno", "#0123456789ABCDEF"), ("sn", "#20190321"), ("sn", "#R58M41ABCDE"),
         ("serial_number", "QX9LKH4BE0THP"), confidence="medium", among=frozenset(("serial_perhaps",)),
         described_will_do=True, alone=re.compile(r"(?=.*\d)(?=.*[G-Zg-z])[A-Za-z0-9]{8,32}", re.ASCII),
         judge=_judge_serial),
    _row("ssid", r"(?!0x$)[^\x00-\x1f]{1,32}", "a text of at most 32 bytes, as names of Wi-Fi networks are",
         ("ssid", "Familien Hansen 5G"), ("wifi_ssid", "Hytta"), ("ssid", "#<unknown ssid>"), ("essid", "#"),
         ("name", "#Hytta"), ("ssid", "#0x"), confidence="medium"),
    _row("email", EMAIL, "the form of an e-mail address",
         ("email", "kari@example.org"), ("userName", "kari.nordmann@example.com"),
         ("userId", "kari@example.org"), ("distinct_id", "kari@example.org"),
         ("url", "#kari@example.org"), ("email", "#kari"), ("email", "#@example.org"),
         also_named=frozenset(("account", "phone", "person")), judge=_judge_email),
    _row("account", r"(?=[^@\d]*[A-Za-z])[A-Za-z0-9._+\-]{3,64}", "a word, as account names are",
         ("username", "kari.nordmann"), ("login_name", "kari_n"), ("username", "#null"),
         ("username", "#a b"), ("title", "#kari.nordmann"), ("Login", "#Login"), confidence="medium",
         dummies=BUTTONS),
    _row("push_token", r"(?=\S*\d)(?=\S*[A-Za-z])[\w\-:+/=.%]{32,1024}",
         "a long random text, as push tokens are",
         ("push_token", "dGhpcw01:APA91bF3kQ7vZ2xN8mW4rT6yU1iO5pA9sD0fG2hJ4kL6zX8cV"),
         ("device_token", _TOKEN), ("token", "#" + _TOKEN), ("push_token", "#none"),
         confidence="medium", judge=_judge_push_token),
)  # fmt: skip
