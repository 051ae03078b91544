"""MAC address (IEEE 802), the number of a network interface."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.companions import is_identity_near, is_whole
from analyzer.identifiers.labels import announced, kinds_named, names_something_else
from analyzer.identifiers.makers import maker_of
from analyzer.identifiers.placeholders import DUMMIES
from analyzer.model import Field, Finding

CANDIDATE = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9A-Za-z][:.-])(?:"
    r"[0-9A-Fa-f]{2}(?P<by>[:-])[0-9A-Fa-f]{2}(?:(?P=by)[0-9A-Fa-f]{2}){4}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
    r"|[0-9A-Fa-f]{12})(?![0-9A-Za-z]|[.-][0-9A-Za-z:]|:(?!\d\Z)[0-9A-Za-z:])",
    re.ASCII,
)
NAMES = frozenset(("mac", "bssid"))
HEARD = re.compile(r"[,|;]\s?-\d{2,3}(?![\d.])|@-?\d{2}(?=[+|,;]|\Z)", re.ASCII)
SEPARATORS = re.compile(r"[:.\-]")
# Twelve digits of one case behind a word and a hyphen or low line, or before them, but not as UUIDs end.
DIGITS = r"(?P<digits>[0-9A-F]{12}|[0-9a-f]{12})"
BEHIND_WORD = (
    rf"(?<![0-9A-Za-z])(?![0-9A-Fa-f]{{4}}[_\-])[A-Za-z][A-Za-z0-9.]{{0,31}}[_\-]{DIGITS}(?![0-9A-Za-z\-])"
)
BEFORE_WORD = rf"(?<![0-9A-Za-z_\-]){DIGITS.replace('digits', 'first')}[_\-](?=[A-Za-z]{{2}})"
INSIDE = re.compile(f"{BEHIND_WORD}|{BEFORE_WORD}", re.ASCII)
# The name of a file of settings, which telephones and boxes ask for by their own address.
OF_SETTINGS = re.compile(
    rf"(?:\A|/)[A-Za-z]{{0,6}}[_\-]?{DIGITS}(?:[_\-][A-Za-z0-9]{{1,16}})?"
    r"\.(?:cfg|conf|cnf|config|xml|boot|ini|bin|txt|dat|rom|tar|tgz|json|ld)\Z",
    re.ASCII,
)
# Six bytes with ff:fe between their halves: an EUI-64 made of a MAC address (IEEE, Guidelines for EUI-64).
EXTENDED = re.compile(
    r"(?<![0-9A-Za-z])(?:([0-9A-Fa-f]{6})[Ff]{3}[Ee]([0-9A-Fa-f]{6})"
    r"|((?:[0-9A-Fa-f]{2}[:-]){3})[Ff]{2}[:-][Ff][Ee][:-]((?:[0-9A-Fa-f]{2}[:-]){2}[0-9A-Fa-f]{2}))(?![0-9A-Za-z:-])",
    re.ASCII,
)
DEVICE = frozenset(("device", "device_id", "serial"))
LONGEST_NAME = 256  # of a device, a topic or a path that holds one
MULTICAST, LOCAL = 1, 2  # the two lowest bits of the first byte (IEEE 802 §8.2)


class Mac:
    """Finds addresses of one interface by their form with separators, or by their name without."""

    kind = "mac"
    examples = (("MACID", "00:1b:44:11:3a:b7"), ("mac", "001B44113AB7"), ("x", "00-1B-44-11-3A-B7"),
                ("clientId", "gw-001b44113ab7"), ("x", "HS110_001B44113AB7"),
                ("topic", "shellies/shelly1-001b44113ab7/relay"), ("x", "001b44113ab7-kitchen"),
                ("serialnum", "00-1B-44-11-3A-B7:5"))  # fmt: skip
    counterexamples = (
        ("mac", "ff:ff:ff:ff:ff:ff"),
        ("mac", "02:00:00:00:00:00"),
        ("x", "001b44113ab7"),
        ("x", "gw-3f9a1c2b7d4e"),
        ("x", "2f4a8c1e-7b3d-4e5f-9a6b-001b44113ab7"),
        ("x", "dev-2f4a8c1e-7b3d-4e5f-9a6b-001b44113ab7"),
        ("x", "gw-001B44113ab7"),
        ("clientId", "gw-3f9a1c2b7d4e"),
        ("x", "19-03-21-10-15-30"),
        ("x", "2001:db8:00:1b:44:11:3a:b7"),
        ("x", "00:1b:44:11:3a:b7:5"),
    )

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """Each address in a text field."""
        text = str(field.value)
        yield from _in_decimal(field, text.strip(), context)
        yield from _inside(field, text, context)
        yield from _extended(field, text, context)
        for match in CANDIDATE.finditer(text):
            if match["by"] == ":" and text[match.end() : match.end() + 1] == ":":
                continue  # the beginning of an IPv6 address
            digits = SEPARATORS.sub("", match[0]).lower()
            value = ":".join(digits[i : i + 2] for i in range(0, 12, 2))
            verdict = _judge(value, match, field) if is_of_one_interface(value) else None
            if verdict:
                kind = "bssid" if "bssid" in kinds_named(field.name) or _is_heard(match) else self.kind
                yield finding(kind, value, match[0], field, verdict, context, _details(value, kind))


def _in_decimal(field: Field, text: str, context: Context) -> Iterator[Finding]:
    """The six bytes as one number, as location services write an access point."""
    if not (8 <= len(text) <= 15 and text.isascii() and text.isdigit()):
        return
    kinds = kinds_named(field.name) & NAMES
    value = int(text)
    if not kinds or value >> 48 or not value >> 24:
        return
    digits = f"{value:012x}"
    mac = ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    vendor = maker_of(mac)
    if vendor and is_of_one_interface(mac):
        kind = "bssid" if "bssid" in kinds else "mac"
        form = f"six bytes as one decimal number; their block is registered to {vendor}"
        verdict = Verdict("medium", (f"the field is named {field.name}", form))
        yield finding(kind, mac, text, field, verdict, context, _details(mac, kind))


def _is_heard(match: re.Match[str]) -> bool:
    """Whether a signal strength follows, as in the lists of access points that a phone hears."""
    return HEARD.match(match.string, match.end()) is not None


def is_of_one_interface(mac: str) -> bool:
    """Whether it is no group address, no dummy and not all the same."""
    return not int(mac[:2], 16) & MULTICAST and mac not in DUMMIES and len(set(mac)) > 3


def _judge(mac: str, match: re.Match[str], field: Field) -> Verdict | None:
    named = announced(field, match.string, match.start(), NAMES)
    form = "six bytes in hexadecimal, an address of one interface"
    if named:
        return Verdict("high" if match["by"] else "medium", (named, form))
    if not match["by"]:
        return _judge_bare(mac, match, field, form)
    if not re.search("[a-f]", mac):  # decimal pairs may be a date and time
        return None
    if int(mac[:2], 16) & LOCAL:
        return Verdict("low", (form, "locally administered, so no vendor can confirm it"))
    vendor = maker_of(mac)
    return Verdict("medium", (form, f"its block is registered to {vendor}")) if vendor else None


def _judge_bare(mac: str, match: re.Match[str], field: Field, form: str) -> Verdict | None:
    """Judge twelve digits without separators by a list of access points or fields that describe a device."""
    if _is_heard(match):
        return _by_maker(mac, form)
    if of_device := announced(field, match.string, match.start(), DEVICE):
        return _by_maker(mac, f"{form}; {of_device}")
    is_one_case = match[0].islower() or match[0].isupper()
    if is_whole(match) and is_one_case and is_identity_near(field) and not names_something_else(field.name):
        return _by_maker(mac, f"{form}, beside fields that describe a device")
    return None


def _inside(field: Field, text: str, context: Context) -> Iterator[Finding]:
    """The addresses in names of devices, as in `gw-001b44113ab7`, also as parts of a topic or path."""
    if len(text) > LONGEST_NAME:
        return
    named = OF_SETTINGS.search(text)
    found = [match["digits"] or match["first"] for match in INSIDE.finditer(text)]
    for raw in dict.fromkeys([*found, *([named["digits"]] if named else [])]):
        value = ":".join(re.findall("..", raw.lower()))
        verdict = _by_maker(value, "six bytes in hexadecimal beside a word, as in the name of a device")
        if verdict and is_of_one_interface(value):
            yield finding("mac", value, raw, field, verdict, context, _details(value, "mac"))


def _extended(field: Field, text: str, context: Context) -> Iterator[Finding]:
    """The addresses of which EUI-64 are made."""
    for match in EXTENDED.finditer(text) if len(text) <= LONGEST_NAME else ():
        digits = SEPARATORS.sub("", "".join(filter(None, match.groups()))).lower()
        value = ":".join(re.findall("..", digits))
        verdict = _by_maker(value, "an EUI-64, made of six bytes with fffe between their halves")
        if verdict and is_of_one_interface(value):
            yield finding("mac", value, match[0], field, verdict, context, _details(value, "mac"))


def _by_maker(mac: str, form: str) -> Verdict | None:
    """What is said of twelve digits without separators: by chance one in some 200 has a registered block."""
    is_mixed = re.search("[a-f]", mac) and re.search("[0-9]", mac)
    vendor = maker_of(mac) if is_mixed and not int(mac[:2], 16) & LOCAL else None
    return Verdict("medium", (form, f"its block is registered to {vendor}")) if vendor else None


def _details(mac: str, kind: str) -> dict[str, str]:
    if int(mac[:2], 16) & LOCAL:
        details = {"administered": "locally: randomised, as phones do since 2014, or set by software"}
    else:
        vendor = maker_of(mac)
        details = {"vendor": vendor} if vendor else {}
    if kind == "bssid":
        details["of"] = "the access point (BSSID), which tells where the phone is"
    return details
