"""Country and issuer of a SIM card by the first digits of its number."""

from __future__ import annotations

from importlib.resources import files

import phonenumbers
import pytest

from analyzer.identifiers import KnownValues, findings_in
from analyzer.identifiers.issuers import SHORT_CODES, issuer_of
from tests.codecs.messages import field

ROWS = [
    line.split("\t")
    for line in files("analyzer.identifiers").joinpath("issuers.tsv").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize(
    ("number", "code", "country", "name"),
    [
        ("8947080000000000000", "47", "NO", "Netcom GSM"),
        ("8946071000000000000", "46", "SE", "Hi3G Access AB"),
        ("89014103211118510720", "1", "US", ""),  # AT&T's cards have 410, which is not in the list
        ("8901260000000000000", "1", "US", "T-Mobile USA"),
        ("8911600000000000000", "1", "US", "T-Mobile USA"),
        ("8901236000000000000", "1", "CA", "Bell Canada"),
        ("8986001200000000000", "86", "CN", "China Mobile"),
        ("8986031200000000000", "86", "CN", "China Telecom"),
        ("8985231000000000000", "852", "HK", "China Telecom Global Limited"),
        ("8988303000000000000", "883", "001", "EMnify GmbH"),
        ("8988310900000000000", "883", "001", "Airnity SAS"),
        ("8988313000000000000", "883", "001", "Orange"),  # 883-130, the longer entry, before 883-13
    ],
)
def test_the_longest_entry_tells_the_issuer(number: str, code: str, country: str, name: str) -> None:
    assert issuer_of(number) == (code, country, name)


@pytest.mark.parametrize("number", ["8900000000000000000", "8999900000000000000"])
def test_digits_that_are_no_country_code_tell_nothing(number: str) -> None:
    assert issuer_of(number) is None


def test_every_entry_of_the_list_begins_with_a_country_code_and_is_told() -> None:
    codes = {str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE} | {"997"}  # 997: Kazakhstan
    for prefix, name, *country in ROWS:
        assert name
        assert any(prefix.startswith(code) for code in codes), prefix
        assert set(country) <= set(phonenumbers.SUPPORTED_REGIONS)
        if not prefix.startswith("997"):
            issuer = issuer_of("89" + prefix.ljust(17, "0"))
            assert issuer is not None
            assert issuer.name in {name, *(other for p, other, *_ in ROWS if p.startswith(prefix))}


def test_no_prefix_stands_twice() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS)


def test_a_finding_names_the_issuer_and_no_country_where_the_code_is_shared() -> None:
    (found,) = findings_in([field("iccid", "8988303000000000005")], KnownValues.none())
    assert found.details == {"country_code": "883", "issuer": "EMnify GmbH"}


def test_short_country_codes_are_those_of_the_library_with_the_country_that_uses_each_most() -> None:
    theirs = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    assert {str(code): regions[0] for code, regions in theirs.items() if code < 100} == SHORT_CODES
