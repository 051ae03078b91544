"""Pseudonyms: one to one, never the value itself, the parts that many share kept, check digits right."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from analyzer.identifiers.encodings import SHORTEST, variants
from analyzer.redaction.permutation import Permutation
from analyzer.redaction.pseudonyms import Pseudonyms
from analyzer.redaction.spellings import pairs

KEY = bytes(range(32))
BY = Pseudonyms(KEY)
DIGITS = "0123456789"


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=count, max_size=count)


@pytest.mark.parametrize("size", [2, 3, 10, 11, 255, 1000])
def test_a_permutation_reaches_every_number_once_and_leaves_none_in_its_place(size: int) -> None:
    permutation = Permutation(KEY, "test", size)
    reached = [permutation.next(number) for number in range(size)]
    assert sorted(reached) == list(range(size))
    assert all(number != after for number, after in enumerate(reached))


@settings(deadline=None)
@given(st.integers(2, 1 << 600), st.data())
def test_a_permutation_of_any_size_stays_below_it_and_moves(size: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, size - 1))
    assert Permutation(KEY, "test", size).next(number) not in (number, *range(size, size + 1))


@settings(deadline=None)
@given(digits(6))
def test_an_imei_keeps_its_tac_and_a_valid_check_digit(serial: str) -> None:
    body = "35824005" + serial
    imei = body + luhn.calc_check_digit(body)
    made = BY.of("imei", imei)
    assert made[:8] == imei[:8]
    assert made[:14] != imei[:14]
    assert luhn.is_valid(made)
    assert len(made) == 15


def test_an_imei_with_a_wrong_check_digit_keeps_a_wrong_one() -> None:
    assert not luhn.is_valid(BY.of("imei", "490154203237519"))


def test_an_imei_in_14_15_or_16_digits_is_one_phone() -> None:
    made = {
        BY.of(kind, value)[:14]
        for kind, value in (
            ("imei", "49015420323751"),
            ("imei", "490154203237518"),
            ("imeisv", "4901542032375177"),
        )
    }
    assert len(made) == 1


def test_different_imeis_of_one_model_stay_different() -> None:
    assert len({BY.of("imei", f"35824005{serial:06}") for serial in range(3000)}) == 3000


@pytest.mark.parametrize("iccid", ["89470012345678901236", "8947010000123456784", "894701000012345678"])
def test_an_iccid_keeps_issuer_length_and_check_digit(iccid: str) -> None:
    made = BY.of("iccid", iccid)
    assert (made[:7], len(made)) == (iccid[:7], len(iccid))
    assert made[7:] != iccid[7:]
    assert luhn.is_valid(made) == luhn.is_valid(iccid)


def test_an_imsi_keeps_its_network() -> None:
    made = BY.of("imsi", "242011234567890")
    assert re.fullmatch(r"24201\d{10}", made)
    assert made != "242011234567890"


def test_an_imsi_of_a_network_with_three_digits_keeps_all_three() -> None:
    assert BY.of("imsi", "310410123456789").startswith("310410")


def test_a_mac_address_keeps_its_maker() -> None:
    made = BY.of("mac", "00:1b:44:11:3a:b7")
    assert made.startswith("00:1b:44:")
    assert made != "00:1b:44:11:3a:b7"


@settings(deadline=None)
@given(st.integers(0, (1 << 46) - 1))
def test_a_random_mac_address_keeps_only_what_says_that_it_is_one(free: int) -> None:
    number = ((free >> 40) << 2 | 2) << 40 | free & (1 << 40) - 1
    mac = ":".join(f"{number:012x}"[at : at + 2] for at in range(0, 12, 2))
    made = BY.of("mac", mac)
    assert int(made[:2], 16) & 3 == 2
    assert made != mac


def test_an_address_made_of_a_mac_address_is_made_of_its_pseudonym() -> None:
    mac = BY.of("mac", "00:00:5e:00:53:a7")
    tail = BY.of("address", "fe80::200:5eff:fe00:53a7")[-7:].replace(":", "")
    assert mac.replace(":", "")[-6:].lstrip("0").endswith(tail.lstrip("0")[-3:])


def test_addresses_of_the_own_line_become_ones_that_are_set_aside() -> None:
    assert BY.of("address", "85.164.10.20").startswith("198.1")
    assert BY.of("address", "2a01:79c:1234:5678::1").startswith("2001:db8:")


def test_addresses_of_one_network_stay_in_one() -> None:
    first, second = (BY.of("address", f"2a01:79c:1234:5678:a:b:c:{last}") for last in "12")
    assert first.split(":")[:4] == second.split(":")[:4]
    assert first != second


@pytest.mark.parametrize("number", ["4740612345", "8613800138000", "46701234567"])
def test_a_phone_number_keeps_its_country_and_stays_possible(number: str) -> None:
    made = BY.of("phone", number)
    parsed = phonenumbers.parse("+" + made)
    assert phonenumbers.is_valid_number(parsed)
    assert parsed.country_code == phonenumbers.parse("+" + number).country_code
    assert made != number


def test_an_email_address_keeps_its_domain() -> None:
    made = BY.of("email", "kari.nordmann@example.com")
    assert made.endswith("@example.com")
    assert "kari" not in made


def test_coordinates_are_coarser_and_not_elsewhere() -> None:
    assert BY.of("location", "59.91390,-10.75220") == "59.9,-10.7"


@settings(deadline=None)
@given(st.text(min_size=4, max_size=32))
def test_any_text_keeps_its_bytes_in_number(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    assert len(BY.of("ssid", text).encode("utf-8", "surrogatepass")) == len(data)


def test_another_key_makes_other_pseudonyms() -> None:
    assert Pseudonyms(bytes(32)).of("imei", "490154203237518") != BY.of("imei", "490154203237518")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("imei", "490154203237518"),
        ("imeisv", "4901542032375177"),
        ("meid", "A00000DEADBEEF"),
        ("iccid", "89470012345678901236"),
        ("iccid", "8947010000123456784"),
        ("imsi", "242011234567890"),
        ("mac", "00:1b:44:11:3a:b7"),
        ("phone", "4740612345"),
        ("serial", "R58M41ABCDE"),
        ("android_id", "a1b2c3d4e5f60718"),
    ],
)
def test_every_way_of_writing_that_the_search_knows_has_its_counterpart(kind: str, value: str) -> None:
    counterparts = dict(pairs(kind, value, BY.of(kind, value)))
    for data, encoding in variants(kind, value):
        if len(data) >= SHORTEST:
            assert counterparts.get(data, data) != data, encoding


def test_a_cell_alone_has_the_pseudonym_that_it_has_behind_its_area() -> None:
    """Packets carry the number in a field of its own, the report joins it to country, network and area."""
    by = Pseudonyms(bytes(32))
    assert by.of("cell", "242-01-9360-98735492") == f"242-01-9360-{by.of('cell', '98735492')}"
