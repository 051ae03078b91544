"""Claims → class, wording and scope: four different claims, never merged."""

from __future__ import annotations

from itertools import product

import phonenumbers
import pytest

from analyzer.geo import located_in, scope_claims, verdict, wording
from analyzer.geo.iso import ASSIGNED, CODES, NOT_ASSIGNED, code_number, numbers_of, standard_code
from analyzer.model import Claim, Opinion, Place

SOURCES: dict[Claim, tuple[str, str]] = {
    "located": ("DB-IP", "2026-10"),
    "second": ("IPFire", "2026-08"),
    "registered": ("RIR", "2026-10"),
    "operated": ("RIR", "2018-10"),
}


def a_place(
    located: str = "", second: str = "", registered: str = "", operated: str = "", anycast: bool = False
) -> Place:
    """A place of which the sources say these codes; "" where one says nothing."""
    said = zip(SOURCES, (located, second, registered, operated), strict=True)
    opinions = tuple(
        Opinion(claim, code or None, *SOURCES[claim]) for claim, code in said if code or claim != "operated"
    )
    return Place("192.0.2.1", "", opinions=opinions, anycast=anycast, asn=45102, as_name="Alibaba")


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("CN", "CN", "CN"), "agree CN"),
        (("CN", "CN", "CN", "US"), "agree CN"),
        (("CN", "", "CN"), "agree CN"),
        (("CN", "CN", ""), "agree CN"),
        (("CN", "CN", "US"), "located CN, registered elsewhere"),
        (("CN", "US", "US"), "located CN, registered elsewhere"),
        (("HK", "CN", "CN"), "registered CN, located elsewhere"),
        (("SG", "SG", "CN", "CN"), "registered CN, located elsewhere"),
        (("SG", "US", "US", "CN"), "Chinese-operated network, located elsewhere"),
        (("SG", "SG", "SG", "CN"), "Chinese-operated network, located elsewhere"),
        (("SG", "CN", "US", "CN"), "sources disagree"),
        (("CN", "HK", "CN"), "sources disagree"),
        (("SG", "US", "US"), "sources disagree"),
        (("NO", "NO", "NO"), "agree NO"),
        (("HK", "HK", "HK"), "agree HK"),
        (("", "CN", "CN"), "anycast/unknown"),
        (("CN", "", ""), "anycast/unknown"),
        (("", "", ""), "anycast/unknown"),
    ],
)
def test_the_class_seen_from_china(codes: tuple[str, ...], expected: str) -> None:
    assert verdict(a_place(*codes)) == expected


def test_anycast_comes_before_agreement() -> None:
    assert verdict(a_place("CN", "CN", "CN", anycast=True)) == "anycast/unknown"


def test_special_purpose_comes_before_all() -> None:
    assert verdict(Place("10.0.0.1", "", special="private use (RFC 1918)")) == "special-purpose"


def test_the_class_can_be_seen_from_any_region() -> None:
    place = a_place("SG", "US", "US", "CN")
    assert verdict(place, "US") == "registered US, located elsewhere"
    assert verdict(place, "SG") == "located SG, registered elsewhere"
    assert verdict(a_place("NO", "NO", "NO", "RU"), "RU") == "RU-operated network, located elsewhere"


def test_agree_means_that_every_source_that_speaks_names_this_code() -> None:
    codes = ("", "CN", "HK")
    for located, second, registered, operated in product(codes, repeat=4):
        found = verdict(a_place(located, second, registered, operated))
        if found.startswith("agree"):
            named = {code for code in (located, second, registered) if code}
            assert found == f"agree {located}"
            assert named == {located}


def test_the_wording_keeps_the_claims_apart() -> None:
    assert wording(a_place("SG", "US", "US", "CN")) == (
        "located: SG (DB-IP 2026-10) · second: US (IPFire 2026-08) · registered: US (RIR 2026-10)"
        " · network: AS45102 Alibaba"
    )


def test_a_source_that_says_nothing_is_worded_as_unknown() -> None:
    assert wording(a_place("", "US", "US")).startswith("located: unknown (DB-IP 2026-10) · second: US")


def test_scope_claims_name_claim_code_source_and_date() -> None:
    assert scope_claims(a_place("CN", "CN", "US", "CN"), ["CN"]) == (
        "located CN (DB-IP 2026-10)",
        "second opinion CN (IPFire 2026-08)",
        "operated CN (AS45102 registered there, RIR 2018-10)",
    )
    assert scope_claims(a_place("CN", "CN", "US", "CN"), ["HK", "US"]) == ("registered US (RIR 2026-10)",)


def test_located_in_speaks_of_the_location_alone() -> None:
    assert located_in(a_place("CN"), ["CN", "HK"])
    assert not located_in(a_place("SG", "CN", "CN", "CN"), ["CN"])
    assert not located_in(a_place("", "CN", "CN"), ["CN"])


def test_hong_kong_is_no_part_of_cn_and_none_of_the_four_is_summed() -> None:
    for one, other in product(("CN", "HK", "MO", "TW"), repeat=2):
        assert bool(scope_claims(a_place(one, one, one), [other])) is (one == other)


# ── codes ───────────────────────────────────────────────────────────────────


def test_there_are_249_assigned_codes_in_order() -> None:
    assert len(ASSIGNED) == len(set(ASSIGNED)) == 249
    assert list(ASSIGNED) == sorted(ASSIGNED)


def test_the_codes_hold_every_region_that_has_a_numbering_plan() -> None:
    # Ascension and Tristan da Cunha have reserved codes, no assigned ones.
    assert set(phonenumbers.SUPPORTED_REGIONS) - {"AC", "TA"} <= set(CODES)


@pytest.mark.parametrize(
    ("text", "code"),
    [("EU", None), ("AP", None), ("AN", None), ("ZZ", None), ("UK", "GB"), ("XK", "XK"), ("A1", None)],
)
def test_codes_outside_iso_3166_are_treated_one_by_one(text: str, code: str | None) -> None:
    assert standard_code(text) == code
    assert text in NOT_ASSIGNED
    assert CODES[code_number(text)] == code


@pytest.mark.parametrize("text", ["", "--", "cn", "CHN", "OS", None])
def test_what_is_no_code_names_no_country(text: str | None) -> None:
    assert code_number(text) == 0


def test_numbers_and_codes_are_each_others_inverse() -> None:
    assert [CODES[code_number(code)] for code in CODES] == list(CODES)
    assert numbers_of(["CN", "nonsense"]) == {CODES.index("CN")}
