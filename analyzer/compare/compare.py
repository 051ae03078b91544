"""Two reports → their comparison, on one screen."""

from __future__ import annotations

from dataclasses import replace

from analyzer.compare import ledger_rows, readable_content
from analyzer.compare.comparison import Comparison
from analyzer.compare.device_choice import DeviceChoice, Shown, choose, is_comparable
from analyzer.compare.side_limits import side
from analyzer.conclusions.device_filter import part_of
from analyzer.model import Report


def compare(
    a: Report,
    b: Report,
    device_a: str | None = None,
    device_b: str | None = None,
    shown: Shown = lambda report: report,
) -> Comparison:
    """What stands in both, only in A, only in B, of one device each.

    `device_a` and `device_b` are a MAC or IP address, the number of a device in its report, or "all".
    `shown` gives a report as it may be shown, with pseudonyms for example; it keeps the order of devices,
    which are chosen before. Raises ChoiceError, one sentence, where a report has several devices and which
    one is meant isn't clear.
    """
    of_a, of_b = choose(a, b, device_a, device_b, shown)
    whole_a, whole_b = shown(a), shown(b)
    of_a, of_b = _as_shown(of_a, a, whole_a), _as_shown(of_b, b, whole_b)
    one, other = of_a.report, of_b.report
    same = is_comparable(one, other)
    return Comparison(
        a=side(of_a, whole_a),
        b=side(of_b, whole_b),
        values_comparable=same,
        senders=readable_content.senders(one, other),
        contacts=readable_content.contacts(one, other),
        identifiers=readable_content.identifiers(one, other, same),
        facts=readable_content.facts(one, other),
        peers=ledger_rows.peers(one, other),
        countries=ledger_rows.countries(one, other),
        moved=ledger_rows.moved(one, other),
    )


def _as_shown(chosen: DeviceChoice, report: Report, whole: Report) -> DeviceChoice:
    if whole is report:
        return chosen
    if chosen.device is None:
        return replace(chosen, report=whole)
    device = whole.devices[[each.id for each in report.devices].index(chosen.device.id)]
    return DeviceChoice(part_of(whole, device), device, chosen.why)
