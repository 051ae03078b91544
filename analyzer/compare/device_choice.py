"""Two reports of several devices each → the device of either that is compared, never by a silent guess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analyzer.conclusions.device_filter import only_device, part_of
from analyzer.model import CaptureError, Device, Report

ALL = "all"
_LISTED = 8
# Kinds of findings that tell about a phone and identify nobody: every browser sends some.
FACTS = frozenset(("model", "build", "operator", "local_ip"))


Shown = Callable[[Report], Report]
"""A report as it may be shown, its devices in the same order."""


class ChoiceError(ValueError):
    """It isn't clear which device is meant: one sentence that says how to name it."""


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """A report's part of one device, or all of it (`device` is None), and why that one."""

    report: Report
    device: Device | None
    why: str


def choose(
    a: Report, b: Report, asked_a: str | None, asked_b: str | None, shown: Shown = lambda report: report
) -> tuple[DeviceChoice, DeviceChoice]:
    """The devices to compare. ChoiceError, which names devices as `shown` gives them, where it isn't clear.

    `asked_…` is a MAC or IP address, the number of a device in its report, counted from 1, or "all".
    """
    found_a, found_b = _alone(a, asked_a, "A", shown), _alone(b, asked_b, "B", shown)
    if is_comparable(a, b):
        if asked_a is None and asked_b is None:
            _check_same(a, b, found_a, found_b, shown)
            if found_a is None and found_b is None:
                found_a, found_b = _common(a, b)
        found_a = found_a if _is_fixed(found_a, asked_a, asked_b) else _like(a, found_b) or found_a
        found_b = found_b if _is_fixed(found_b, asked_b, asked_a) else _like(b, found_a) or found_b
    if found_a is None:
        raise ChoiceError(_unclear("A", a, shown))
    if found_b is None:
        raise ChoiceError(_unclear("B", b, shown))
    return found_a, found_b


def _is_fixed(found: DeviceChoice | None, asked: str | None, asked_other: str | None) -> bool:
    """A device asked for on one side goes before what the other side would show by itself."""
    return found is not None and (asked is not None or asked_other is None)


def _check_same(
    a: Report, b: Report, found_a: DeviceChoice | None, found_b: DeviceChoice | None, shown: Shown
) -> None:
    """Two devices are compared unasked only where they can't be meant as one and another."""
    one, other = (found.device if found else None for found in (found_a, found_b))
    if one is None or other is None or one.id == other.id:
        return
    in_both = [id_ for id_ in (one.id, other.id) if _device(a, id_) and _device(b, id_)]
    if in_both:
        of_a, of_b = _called(a, shown)[one.id], _called(b, shown)[other.id]
        of_both = " and ".join(of_a if id_ == one.id else of_b for id_ in in_both)
        raise ChoiceError(
            f"A by itself shows {of_a}, B by itself {of_b}, and {of_both} "
            f"{'is' if len(in_both) == 1 else 'are'} in both: name the devices with --device-a and --device-b"
        )


def _device(report: Report, id_: str) -> Device | None:
    return next((device for device in report.devices if device.id == id_), None)


def _like(report: Report, other: DeviceChoice | None) -> DeviceChoice | None:
    """The device that is known by the same address as the one chosen in the other report."""
    device = _device(report, other.device.id) if other and other.device else None
    return _only(report, device, "the same address as the other's device") if device else None


def _common(a: Report, b: Report) -> tuple[DeviceChoice | None, DeviceChoice | None]:
    """The one device that has findings in both."""
    ids = told(a) & told(b)
    in_a, in_b = ([device for device in report.devices if device.id in ids] for report in (a, b))
    if len(in_a) != 1 or [device.id for device in in_b] != [in_a[0].id]:
        return None, None
    why = "the only device with findings in both reports"
    return _only(a, in_a[0], why), _only(b, in_b[0], why)


def is_comparable(a: Report, b: Report) -> bool:
    """Whether equal identifiers look equal: shown in both, or pseudonyms under one key in both."""
    keys = [report.redaction.key if report.redaction else None for report in (a, b)]
    return keys[0] == keys[1]


def _alone(report: Report, asked: str | None, name: str, shown: Shown) -> DeviceChoice | None:
    """What this report tells without the other."""
    if asked == ALL:
        return DeviceChoice(report, None, "all devices of the report, as asked for")
    if asked is not None:
        return _asked(report, asked, name, shown)
    if not report.devices:
        return DeviceChoice(report, None, "no device appears in the report")
    if len(report.devices) == 1:
        return _only(report, report.devices[0], "the only device of the report")
    speaking = [device for device in report.devices if device.id in told(report)]
    if len(speaking) == 1:
        return _only(report, speaking[0], f"the only one of {len(report.devices)} devices with findings")
    return None


def _asked(report: Report, asked: str, name: str, shown: Shown) -> DeviceChoice:
    if asked.isdigit() and 0 < int(asked) <= len(report.devices):
        return _only(report, report.devices[int(asked) - 1], "as asked for")
    try:
        narrowed = only_device(report, asked)
    except CaptureError:
        there = _listed(list(_called(report, shown).values()))
        raise ChoiceError(f"no device {asked} appears in {name}; the devices there are: {there}") from None
    return DeviceChoice(narrowed, narrowed.devices[0], "as asked for")


def _only(report: Report, device: Device, why: str) -> DeviceChoice:
    return DeviceChoice(part_of(report, device), device, why)


def told(report: Report) -> set[str]:
    """The ids of the devices that sent an identifier readable, or a known registration."""
    columns = report.flows.columns
    owners = dict(zip(columns.get("flow", ()), columns.get("device", ()), strict=True))
    flows = {message.number: message.flow for message in report.messages}
    found = {
        owners.get(flows.get(finding.message, finding.evidence.flow))
        for finding in report.findings
        if finding.kind not in FACTS
    }
    return {ping.device for ping in report.pings} | {each for each in found if isinstance(each, str)}


def _unclear(name: str, report: Report, shown: Shown) -> str:
    speaking, called = told(report), _called(report, shown)
    with_findings = [name for id_, name in called.items() if id_ in speaking]
    silent = [name for id_, name in called.items() if id_ not in speaking]
    return (
        f"which device of {name} is meant isn't clear (with findings: {_listed(with_findings)}; "
        f"without: {_listed(silent)}): name one with --device-{name.lower()}, or all"
    )


def _called(report: Report, shown: Shown) -> dict[str, str]:
    """What a question calls each device: its address, or where that isn't shown its number and pseudonym."""
    pairs = zip(report.devices, shown(report).devices, strict=True)
    return {
        device.id: device.id if device.id == named.id else f"{number} ({named.id})"
        for number, (device, named) in enumerate(pairs, start=1)
    }


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return (", ".join(ids[:_LISTED]) or "none") + more
