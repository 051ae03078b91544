"""The beginning of an IMSI → the mobile network that issued it (ITU-T E.212)."""

from __future__ import annotations

from functools import lru_cache

TEST_NETWORKS = frozenset(("001", "999"))  # ITU-T E.212 §B: tests, and private networks
DETAILS = ("mcc", "mnc", "country", "operator")


def has_operator(number: str) -> bool:
    """Return whether the first digits are the code of a network whose operator is known."""
    return number[:3] not in TEST_NETWORKS and any(key == "operator" for key, _ in network(number[:7]))


def network_of(code: str) -> dict[str, str]:
    """What is known of a network by its MCC and MNC ("24201"); empty when the network is unknown."""
    return dict(network(code.ljust(7, "0"))) if code[:3] not in TEST_NETWORKS else {}


@lru_cache(maxsize=1024)
def network(prefix: str) -> tuple[tuple[str, str], ...]:
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
