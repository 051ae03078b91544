"""Addresses in SIP and mail are found by the field that they stand in."""

from __future__ import annotations

import pytest

from analyzer.identifiers.contacts import contacts_in
from analyzer.identifiers.owner_values import KnownValues
from analyzer.model import Endpoint, Evidence, Message

HERE, THERE = Endpoint("192.168.1.2", 5060), Endpoint("198.51.100.1", 5060)


def found(protocol: str, *headers: tuple[str, str], target: str | None = None) -> list[tuple[str, str, str]]:
    message = Message(
        1, protocol, "request", 0, HERE, THERE, 0, 0, Evidence((1,), 0), "REGISTER", target, headers=headers
    )  # fmt: skip
    return [(f.kind, f.value, f.name) for f in contacts_in(message, KnownValues.none())]


@pytest.mark.parametrize(
    "value", ["<sip:+4740612345@x.example>;tag=a", "sip:+4740612345@x.example", "Kari <tel:+47-406-12-345>"]
)
def test_a_number_with_its_country_is_a_phone_number(value: str) -> None:
    assert found("sip", ("From", value), ("To", value)) == [("phone", "4740612345", "From")]


def test_numbers_without_a_country_and_names_are_none() -> None:
    assert found("sip", ("From", "<sip:07324201111@x.example>"), ("To", "<sip:kari@x.example>")) == []


def test_the_identity_of_a_subscription_is_an_imsi_where_its_host_says_so() -> None:
    value = "<sip:242010123456789@ims.mnc001.mcc242.3gppnetwork.org>"
    assert found("sip", ("From", value)) == [("imsi", "242010123456789", "From")]
    assert found("sip", ("From", value.replace("mcc242", "mcc310"))) == []
    digest = 'Digest username="242010123456789@ims.mnc001.mcc242.3gppnetwork.org", realm="x"'
    assert found("sip", ("Authorization", digest)) == [("imsi", "242010123456789", "Authorization")]


def test_addresses_of_a_mail_are_found_and_those_of_other_fields_and_protocols_are_not() -> None:
    headers = (("Mail-From", "kari@example.org"), ("To", "Ola <ola@example.com>, kari@example.org"),
               ("Message-ID", "<1@example.net>"))  # fmt: skip
    expected = [("email", "kari@example.org", "Mail-From"), ("email", "ola@example.com", "To")]
    assert found("mail over smtp", *headers) == expected
    assert found("http/1.1", *headers) == []


def test_a_registration_names_its_number_with_or_without_a_plus_and_the_access_point() -> None:
    registered = "<sip:4740612345@sip.example.org>"
    access = ("P-Access-Network-Info", "IEEE-802.11;i-wlan-node-id=001b44113ab7")
    expected = [("phone", "4740612345", "From"), ("bssid", "00:1b:44:11:3a:b7", "P-Access-Network-Info")]
    assert found("sip", ("From", registered), ("To", registered), access) == expected
    assert found("sip", ("From", "<sip:20001@sip.example.org>"), ("Contact", registered)) == []
    assert found("sip", ("P-Access-Network-Info", "3GPP-E-UTRAN-FDD;i-wlan-node-id=000000000000")) == []


@pytest.mark.parametrize(
    "said", ["utran-cell-id-3gpp=24201278A0134C94", "utran-cell-id-3gpp=999012abc0134c94"]
)
def test_the_cell_is_told_where_its_network_exists(said: str) -> None:
    value = "3GPP-E-UTRAN-FDD;" + said
    expected = [("cell", "242-01-10122-1264788", "P-Access-Network-Info")] if "24201" in said else []
    assert found("sip", ("P-Access-Network-Info", value)) == expected
