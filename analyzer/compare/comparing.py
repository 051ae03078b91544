"""Two reports → their comparison, on one screen."""

from __future__ import annotations

from analyzer.compare import ledger, readable
from analyzer.compare.choosing import choose, is_comparable
from analyzer.compare.comparison import Comparison
from analyzer.compare.sides import side
from analyzer.model import Report


def compare(a: Report, b: Report, device_a: str | None = None, device_b: str | None = None) -> Comparison:
    """What stands in both, only in A, only in B, of one device each.

    `device_a` and `device_b` are a MAC or IP address, or "all". Raises ChoiceError, one sentence, where a
    report has several devices and which one is meant isn't clear.
    """
    of_a, of_b = choose(a, b, device_a, device_b)
    one, other = of_a.report, of_b.report
    same = is_comparable(a, b)
    return Comparison(
        a=side(of_a, a),
        b=side(of_b, b),
        values_comparable=same,
        senders=readable.senders(one, other),
        contacts=readable.contacts(one, other),
        identifiers=readable.identifiers(one, other, same),
        facts=readable.facts(one, other),
        peers=ledger.peers(one, other),
        countries=ledger.countries(one, other),
        moved=ledger.moved(one, other),
    )
