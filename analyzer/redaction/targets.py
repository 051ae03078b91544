"""A report → what in it tells one phone, line or person from all others, by kind.

Facts that many share (model, version, operator, names of apps, private addresses) are none. What the
owner's `--known` has written as asterisks already is none either.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from itertools import chain

from analyzer.model import Announcement, Device, Finding, Report

Original = tuple[str, str]  # kind, value as it is normalised

FACTS = frozenset(("model", "build", "operator", "local_ip", "apps", "password", "access_token"))
MASKED = "*"
SHORTEST = 2
MULTICAST = 1  # bit of the first byte of a MAC address
MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# What many devices are called; a name of these words alone tells nobody.
PLAIN_NAMES = frozenset(("android", "localhost", "iphone", "ipad", "phone", "unknown", "local", "espressif"))
OWN_NAMES = frozenset(("dhcp", "mdns"))  # by which a device calls itself
CLUES_WITH_NAMES = frozenset(("dhcp name", "mdns name"))


def originals(report: Report) -> dict[Original, None]:
    """Every original once, in the order of the report."""
    found = chain(
        _of_findings(report.findings),
        ((each.kind, each.value) for each in report.identifiers if each.kind not in FACTS),
        chain.from_iterable(map(_of_device, report.devices)),
        _of_wifi(report),
        chain.from_iterable(map(_of_announcement, report.announcements)),
        _scope(report),
    )
    return dict.fromkeys(each for each in found if _tells(*each))


def _of_findings(findings: tuple[Finding, ...]) -> Iterator[Original]:
    for found in findings:
        if found.kind in FACTS or "encoding" in found.details:
            continue
        if found.kind == "location":
            yield from (("location", found.details.get(key, "")) for key in ("latitude", "longitude"))
        elif found.kind == "account" and "@" in found.value:
            yield "email", found.value
        else:
            yield found.kind, found.value
        if found.kind == "cell":
            yield "cell", found.details.get("cell", "")


def _of_device(device: Device) -> Iterator[Original]:
    if device.mac:
        yield "mac", device.mac
    for address in device.addresses:
        if is_own_line(address):
            yield "address", address
    for name in device.names:
        if name.how not in OWN_NAMES:
            continue
        yield "name", name.name.partition(".")[0]
    for clue in device.clues:
        if clue.kind.lower() in CLUES_WITH_NAMES:
            yield "name", clue.value.partition(".")[0]


def _of_wifi(report: Report) -> Iterator[Original]:
    for client in report.wifi:
        yield "mac", client.station
        yield "mac", client.bssid
        if client.ssid:
            yield "ssid", client.ssid


def _of_announcement(said: Announcement) -> Iterator[Original]:
    """What stands before the type of a service is the name that somebody gave it."""
    for text in (said.what, *said.details.values()):
        name, dot, _ = text.partition("._")
        if dot and name and not name.startswith("_"):
            yield "name", name
        yield from (("uuid", found) for found in UUID.findall(text))


def _scope(report: Report) -> Iterator[Original]:
    device = (report.scope.device or "").lower()
    if MAC.fullmatch(device):
        yield "mac", device


def is_own_line(address: str) -> bool:
    """Whether an address of a local device tells it from those of all other homes."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if parsed.version == 6 and parsed.is_link_local:
        # One that no MAC address made lasts as long as the phone knows the network (RFC 7217).
        return True
    return parsed.is_global and not parsed.is_multicast


def _tells(kind: str, value: str) -> bool:
    if len(value) < SHORTEST or MASKED in value:
        return False
    if kind in ("mac", "bssid"):
        return is_one_interface(value)
    return value.lower() not in PLAIN_NAMES


def is_one_interface(mac: str) -> bool:
    """Whether a MAC address is of one interface: no group, no dummy."""
    lowered = mac.lower()
    if not MAC.fullmatch(lowered) or int(lowered[:2], 16) & MULTICAST:
        return False
    return len(set(lowered.replace(":", ""))) > 2 and lowered != "02:00:00:00:00:00"
