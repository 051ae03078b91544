"""Four claims on a place and four states of a ping are never run together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzer.model import Opinion, Place
from analyzer.report.wording import (
    called,
    is_established,
    is_worth_checking,
    looks_like,
    place_line,
    reached,
    where,
)
from tests.report.builders import imei

CLOUD = Place(
    address="192.0.2.10",
    verdict="Chinese-operated network, located elsewhere",
    opinions=(
        Opinion("located", "SG", "DB-IP", "2026-10"),
        Opinion("second", "US", "IPFire", "2026-08"),
        Opinion("registered", "US", "RIR", "2026-10"),
        Opinion("operated", "CN", "IPFire", "2026-08"),
    ),
    asn=45102,
    as_name="Alibaba",
)


def test_each_claim_stands_with_its_source_and_date() -> None:
    assert place_line(CLOUD) == (
        "located: SG (DB-IP 2026-10) · second: US (IPFire 2026-08) · registered: US (RIR 2026-10) · "
        "network: AS45102 Alibaba · operated: CN (IPFire 2026-08)"
    )


def test_a_source_that_says_nothing_is_named_so() -> None:
    assert place_line(Place("192.0.2.1", "anycast/unknown", anycast=True)) == (
        "located: no data · second: no data · registered: no data · network: unknown · "
        "anycast: one address in many places"
    )


def test_a_special_purpose_address_has_a_purpose_and_no_country() -> None:
    private = replace(CLOUD, special="private use (RFC 1918)")
    assert place_line(private) == "special-purpose: private use (RFC 1918)"
    assert where(private) == "private use (RFC 1918)"


def test_an_unwrapped_address_says_how_it_was_read() -> None:
    assert place_line(replace(CLOUD, unwrapped="IPv4 192.0.2.1 inside NAT64")).endswith(
        "read as IPv4 192.0.2.1 inside NAT64"
    )


def test_an_address_that_was_not_looked_up_has_no_country() -> None:
    assert where(None) == "not looked up"
    assert where(CLOUD) == "SG"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("imei", "looks like an IMEI"),
        ("mac", "looks like a MAC address"),
        ("location", "looks like coordinates"),
    ],
)
def test_an_unproven_identifier_only_looks_like_one(kind: str, said: str) -> None:
    assert looks_like(kind) == said


def test_the_class_of_a_value_decides_what_it_is_called() -> None:
    found = replace(imei(1, 1), known=None)
    assert is_established(found)
    assert called(found) == "IMEI"
    probable = replace(found, confidence="medium")
    assert not is_established(probable)
    assert called(probable) == "looks like an IMEI"
    assert is_worth_checking(replace(found, confidence="low"))


def test_an_accepted_ping_was_also_attempted_delivered_and_answered() -> None:
    assert reached("accepted") == ("attempted", "delivered", "answered", "accepted")
    assert reached("attempted") == ("attempted",)
