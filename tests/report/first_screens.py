"""Reports whose first screens are held: found, not found, unread, many, disputed, redacted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from analyzer import analyze
from analyzer.model import Coverage, Device, Endpoint, Finding, Message, Name, Opinion, Report
from analyzer.redaction.redaction import redact
from tests.report.builders import (
    CAPTURE,
    START,
    imei,
    quiet_report,
    request,
    sample_report,
)

CAPTURES = Path(__file__).parents[2] / "captures"
_NS = 10**9


def reconstruction() -> Report:
    """The capture that stands in the repository."""
    name = "nokia7plus-reconstruction.pcap"
    report = analyze(CAPTURES / name)
    info = replace(report.captures[0], path=f"captures/{name}")
    return replace(report, captures=(info,), created_ns=sample_report().created_ns)


def unread_wifi() -> Report:
    """Wi-Fi frames that no key opened, and nothing else."""
    coverage = (
        Coverage("wifi-not-opened", "802.11 protected (encrypted)", 5_200, 3_100_000),
        Coverage("no-content", "802.11 beacon", 800, 90_000),
    )
    return replace(quiet_report(), coverage=coverage, destinations=(), devices=())


def many_senders(count: int = 604) -> Report:
    """Hundreds of devices, most of which send the same kind to the same server; others something else."""
    sent = [_sent(number, *_SENT[number % 11 if number % 11 < len(_SENT) else 0]) for number in range(count)]
    return replace(
        sample_report(),
        captures=(replace(CAPTURE, path="captures/home.pcap"),),
        devices=tuple(device for device, _message, _finding in sent),
        messages=tuple(message for _device, message, _finding in sent),
        findings=tuple(finding for _device, _message, finding in sent),
        pings=(),
        known=(),
        reconstruction=None,
    )


# kind, host, address: the first of most devices
_SENT = (
    ("imei", "up.example", "192.0.2.15"),
    ("password", "mail.example", "198.51.100.4"),
    ("mac", "stats.example", "192.0.2.99"),
    ("location", "weather.example", "198.51.100.4"),
    ("imsi", "carrier.example", "192.0.2.15"),
    ("ssid", "setup.example", "203.0.113.9"),
)


def _sent(number: int, kind: str, host: str, address: str) -> tuple[Device, Message, Finding]:
    mac, own = f"02:00:5e:20:{number // 256:02x}:{number % 256:02x}", f"10.1.{number // 256}.{number % 256}"
    names = (Name(f"Phone-{number}", "dhcp", 1),) if number % 2 else ()
    time = START + number * _NS
    message = replace(
        request(number + 1, 1), source=Endpoint(own, 41_000), destination=Endpoint(address, 80), host=host,
        flow=10_000 + number, peer=None, time_ns=time,
    )  # fmt: skip
    finding = replace(
        imei(number + 1, 1), kind=kind, value=f"{number:015}", message=number + 1, known=None, time_ns=time
    )
    return Device(mac, mac, (own,), names), message, finding


def disputed() -> Report:
    """A server that one database places in China and another in the United States."""
    report = replace(sample_report(), reconstruction=None)
    first, *others = report.destinations
    assert first.place is not None
    second = Opinion("second", "US", "IPFire", "2019-12-20")
    place = replace(first.place, opinions=(*first.place.opinions, second), verdict="sources disagree")
    return replace(report, destinations=(replace(first, place=place), *others))


def redacted() -> Report:
    """A report with pseudonyms."""
    return redact(replace(sample_report(), reconstruction=None), bytes(range(32)))


SCREENS = {
    "reconstruction": reconstruction,
    "no-finding": quiet_report,
    "unread-wifi": unread_wifi,
    "many-senders": many_senders,
    "disputed-place": disputed,
    "redacted": redacted,
}
