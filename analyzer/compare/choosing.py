"""Two reports of several devices each → the device of either that is compared, never by a silent guess."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.conclude.narrowing import only_device, part_of
from analyzer.model import CaptureError, Device, Report

ALL = "all"
_LISTED = 8
# Kinds of findings that tell about a phone and identify nobody: every browser sends some.
FACTS = frozenset(("model", "build", "operator", "local_ip"))


class ChoiceError(ValueError):
    """It isn't clear which device is meant: one sentence that says how to name it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A report's part of one device, or all of it (`device` is None), and why that one."""

    report: Report
    device: Device | None
    why: str


def choose(a: Report, b: Report, asked_a: str | None, asked_b: str | None) -> tuple[Chosen, Chosen]:
    """The devices to compare; `asked_…` is a MAC or IP address or "all". ChoiceError where it isn't clear."""
    found_a, found_b = _alone(a, asked_a, "A"), _alone(b, asked_b, "B")
    if is_comparable(a, b):
        if asked_a is None and asked_b is None:
            _check_same(a, b, found_a, found_b)
            if found_a is None and found_b is None:
                found_a, found_b = _common(a, b)
        found_a = found_a if _is_fixed(found_a, asked_a, asked_b) else _like(a, found_b) or found_a
        found_b = found_b if _is_fixed(found_b, asked_b, asked_a) else _like(b, found_a) or found_b
    if found_a is None:
        raise ChoiceError(_unclear("A", a))
    if found_b is None:
        raise ChoiceError(_unclear("B", b))
    return found_a, found_b


def _is_fixed(found: Chosen | None, asked: str | None, asked_other: str | None) -> bool:
    """A device asked for on one side goes before what the other side would show by itself."""
    return found is not None and (asked is not None or asked_other is None)


def _check_same(a: Report, b: Report, found_a: Chosen | None, found_b: Chosen | None) -> None:
    """Two devices are compared unasked only where they can't be meant as one and another."""
    one, other = (found.device if found else None for found in (found_a, found_b))
    if one is None or other is None or one.id == other.id:
        return
    in_both = [id_ for id_ in (one.id, other.id) if _device(a, id_) and _device(b, id_)]
    if in_both:
        raise ChoiceError(
            f"A by itself shows {one.id}, B by itself {other.id}, and {' and '.join(in_both)} "
            f"{'is' if len(in_both) == 1 else 'are'} in both: name the devices with --device-a and --device-b"
        )


def _device(report: Report, id_: str) -> Device | None:
    return next((device for device in report.devices if device.id == id_), None)


def _like(report: Report, other: Chosen | None) -> Chosen | None:
    """The device that is known by the same address as the one chosen in the other report."""
    device = _device(report, other.device.id) if other and other.device else None
    return _only(report, device, "the same address as the other's device") if device else None


def _common(a: Report, b: Report) -> tuple[Chosen | None, Chosen | None]:
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


def _alone(report: Report, asked: str | None, name: str) -> Chosen | None:
    """What this report tells without the other."""
    if asked == ALL:
        return Chosen(report, None, "all devices of the report, as asked for")
    if asked is not None:
        return _asked(report, asked, name)
    if not report.devices:
        return Chosen(report, None, "no device appears in the report")
    if len(report.devices) == 1:
        return _only(report, report.devices[0], "the only device of the report")
    speaking = [device for device in report.devices if device.id in told(report)]
    if len(speaking) == 1:
        return _only(report, speaking[0], f"the only one of {len(report.devices)} devices with findings")
    return None


def _asked(report: Report, asked: str, name: str) -> Chosen:
    try:
        narrowed = only_device(report, asked)
    except CaptureError:
        there = _listed([device.id for device in report.devices]) or "none"
        raise ChoiceError(f"no device {asked} appears in {name}; the devices there are: {there}") from None
    return Chosen(narrowed, narrowed.devices[0], "as asked for")


def _only(report: Report, device: Device, why: str) -> Chosen:
    return Chosen(part_of(report, device), device, why)


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


def _unclear(name: str, report: Report) -> str:
    speaking = told(report)
    with_findings = [device.id for device in report.devices if device.id in speaking]
    silent = [device.id for device in report.devices if device.id not in speaking]
    return (
        f"which device of {name} is meant isn't clear (with findings: {_listed(with_findings) or 'none'}; "
        f"without: {_listed(silent) or 'none'}): name one with --device-{name.lower()}, or all"
    )


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return ", ".join(ids[:_LISTED]) + more
