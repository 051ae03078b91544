"""IMSI (3GPP TS 23.003 §2.2), the number of a subscription."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.companions import companions_of, is_like_imei
from analyzer.identifiers.labels import announced, is_mentioned, names_something_else
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.model import Field, Finding

CANDIDATE = re.compile(r"\d(?<![\w.]\d)\d{13,14}(?!\w|\.\d)", re.ASCII)
NAMES = frozenset(("imsi",))
TEST_NETWORKS = frozenset(("001", "999"))  # ITU-T E.212 §B: tests, and private networks
DETAILS = ("mcc", "mnc", "country", "operator")


class Imsi:
    """Finds numbers that are called IMSI and begin with the code of a mobile network."""

    kind = "imsi"
    examples = (
        ("SIM1LTEIMSI", "460110123456789"),
        ("imsi", "242010123456789"),
        ("body", "imsi:242010123456789"),
    )
    counterexamples = (("id", "460110123456789"), ("imsi", "000000000000000"), ("imsi", "999999999999999"))

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """Each IMSI in a text field."""
        text = str(field.value)
        if not is_mentioned(field, text, NAMES, "imsi"):
            yield from self._unnamed(field, text.strip(), context)
            return
        for match in CANDIDATE.finditer(text):
            number = match[0]
            named = announced(field, text, match.start(), NAMES)
            network = dict(_network(number[:7])) if named and not is_placeholder(number) else {}
            if named and network and set(number[5:]) != {"0"}:
                yield finding(self.kind, number, number, field, _judge(named, network), context, network)

    def _unnamed(self, field: Field, number: str, context: Context) -> Iterator[Finding]:
        """The whole value, with the code of an operator and beside numbers of the same phone."""
        if len(number) != 15 or not (number.isascii() and number.isdigit()) or is_placeholder(number):
            return
        if is_like_imei(number) or names_something_else(field.name) or number[:3] in TEST_NETWORKS:
            return
        network = dict(_network(number[:7]))
        beside = companions_of(field, context, number) if "operator" in network else ""
        if beside and "checks of an I" in beside:
            code = f"{network['mcc']}-{network['mnc']}"
            starts = f"15 digits that begin {code}, the network code of {network['operator']}"
            verdict = Verdict("medium", (starts, beside))
            yield finding(self.kind, number, number, field, verdict, context, network)


def _judge(named: str, network: dict[str, str]) -> Verdict:
    country = network.get("country", "no single country")
    if "operator" not in network:
        return Verdict("medium", (named, f"begins {network['mcc']}, the mobile country code of {country}"))
    code = f"{network['mcc']}-{network['mnc']}"
    return Verdict("high", (named, f"begins {code}, the network code of {network['operator']} ({country})"))


def network_of(code: str) -> dict[str, str]:
    """What is known of a network by its MCC and MNC ("24201"); empty when the network is unknown."""
    return dict(_network(code.ljust(7, "0"))) if code[:3] not in TEST_NETWORKS else {}


@lru_cache(maxsize=1024)
def _network(prefix: str) -> tuple[tuple[str, str], ...]:
    """What the table of mobile network codes (ITU-T E.212) says of the first digits; empty when unknown."""
    from stdnum import imsi

    try:
        info = imsi.info(prefix)
    except ValueError:
        return ()
    if "country" not in info and "operator" not in info:
        return _country(info.get("mcc", ""))
    code = (("country_iso", info["cc"].upper()),) if info.get("cc") else ()
    return tuple((key, info[key]) for key in DETAILS if info.get(key)) + code


@lru_cache(maxsize=1024)
def _country(mcc: str) -> tuple[tuple[str, str], ...]:
    """What a mobile country code alone tells; no country where its networks are of several."""
    from stdnum import numdb

    entry = next((e for e in numdb.get("imsi").prefixes if e[1] <= mcc <= e[2]), None)
    networks = [about for *_, about, _ in entry[4] if "cc" in about] if entry else []
    if not networks:
        return ()
    if len({about["cc"] for about in networks}) > 1:  # 310 serves the United States and Guam
        return (("mcc", mcc),)
    first = networks[0]
    return (("mcc", mcc), ("country", first.get("country", "")), ("country_iso", first["cc"].upper()))
