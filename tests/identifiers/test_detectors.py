"""Each detector finds its own examples and nothing in its counterexamples."""

from __future__ import annotations

import pytest
import stdnum.mac

from analyzer.identifiers import DETECTORS, KnownValues, findings_in
from analyzer.identifiers.base import Context, Detector
from analyzer.identifiers.facts import FACTS, FactDetector
from analyzer.model import Field, Finding
from tests.codecs.messages import field

NOBODY = KnownValues.none()
EXAMPLES = [(detector, *example) for detector in DETECTORS for example in detector.examples]
COUNTEREXAMPLES = [(detector, *example) for detector in DETECTORS for example in detector.counterexamples]


def only(*fields: Field, known: KnownValues = NOBODY) -> Finding:
    found = findings_in(fields, known)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(("detector", "name", "value"), EXAMPLES, ids=lambda x: getattr(x, "kind", x))
def test_an_example_is_found(detector: Detector, name: str, value: str) -> None:
    finding = only(field(name, value))
    assert (finding.kind, finding.name, finding.message) == (detector.kind, name, 1)
    assert finding.raw in value
    assert finding.reasons


@pytest.mark.parametrize(("detector", "name", "value"), COUNTEREXAMPLES, ids=lambda x: getattr(x, "kind", x))
def test_a_counterexample_is_not_found(detector: Detector, name: str, value: str) -> None:
    assert [
        finding for finding in findings_in([field(name, value)], NOBODY) if finding.kind == detector.kind
    ] == []


def test_kinds_are_unique() -> None:
    kinds = [detector.kind for detector in DETECTORS]
    assert sorted(set(kinds)) == sorted(kinds)


def test_the_reasons_for_an_imei_can_be_checked() -> None:
    finding = only(field("IMEI1", "490154203237518"))
    assert finding.confidence == "high"
    assert finding.reasons == ("the field is named IMEI1", "15 digits with a valid check digit")
    assert finding.details["tac"] == "49015420"


def test_an_imei_with_a_wrong_check_digit_is_of_low_confidence_even_when_named() -> None:
    finding = only(field("imei", "490154203237519"))
    assert (finding.kind, finding.confidence) == ("imei", "low")
    assert "not the check digit" in finding.reasons[1]


def test_an_imei_without_check_digit_is_of_medium_confidence() -> None:
    finding = only(field("imei", "49015420323751"))
    assert (finding.kind, finding.confidence) == ("imei", "medium")


SURE_BY_NAME = [("imei", "medium"), ("imeisv", "high"), ("IMEI_SV", "high")]


@pytest.mark.parametrize(("name", "confidence"), SURE_BY_NAME)
def test_an_imei_with_software_version_is_a_kind_of_its_own(name: str, confidence: str) -> None:
    finding = only(field(name, "3569380356438001"))
    assert (finding.kind, finding.confidence) == ("imeisv", confidence)
    assert finding.details["software_version"] == "01"


def test_an_imeisv_equals_the_imei_that_the_owner_gave() -> None:
    known = KnownValues.parse("imei=356938035643809")
    finding = only(field("imeisv", "3569380356438001"), known=known)
    assert (finding.kind, finding.known) == ("imeisv", True)
    assert findings_in([field("imeisv", "3569380356438101")], known)[0].known is False


# The worked example of 3GPP2 X.S0008, which python-stdnum documents.
MEID_HEX, MEID_DECIMAL, PSEUDO_ESN = "AF0123450ABCDE", "293608736500703710", "8016B128"


@pytest.mark.parametrize("raw", [MEID_HEX, MEID_HEX.lower(), MEID_DECIMAL, MEID_DECIMAL + "0"])
def test_both_forms_of_a_meid_have_the_same_value(raw: str) -> None:
    finding = only(field("meid", raw))
    assert (finding.kind, finding.value, finding.raw) == ("meid", MEID_HEX, raw)


def test_a_pseudo_esn_is_sure_beside_the_meid_it_is_made_of() -> None:
    found = findings_in([field("meid", MEID_DECIMAL), field("esn", PSEUDO_ESN)], NOBODY)
    assert [(f.kind, f.confidence) for f in found] == [("meid", "high"), ("pesn", "high")]
    assert findings_in([field("meid", MEID_HEX), field("esn", "8016B129")], NOBODY)[1:] == []


@pytest.mark.parametrize("written", [MEID_DECIMAL, PSEUDO_ESN, "12801487144"])
def test_other_forms_of_a_meid_that_the_owner_gave_are_found(written: str) -> None:
    (hit,) = KnownValues.parse(f"meid={MEID_HEX}").search(f"x={written};".encode())
    assert (hit.kind, hit.start, hit.end) == ("meid", 2, 2 + len(written))


def test_an_imei_under_the_name_meid_is_called_an_imei() -> None:
    finding = only(field("MEID", "490154203237518"))
    assert (finding.kind, finding.confidence) == ("imei", "medium")


def test_an_unnamed_number_is_an_imei_only_among_other_identifiers_of_a_phone() -> None:
    number = "356938035643809"  # begins 35, passes the check
    assert only(field("a", number)).certainty == "number worth checking"
    assert only(field("a", number, beside=("imsi", "time"))).certainty == "number worth checking"
    assert findings_in([field("order_id", number)], NOBODY) == []
    assert only(field("a", number, beside=("imsi", "mac"))).certainty == "probable identifier"


def test_two_numbers_in_one_field_are_two_findings() -> None:
    found = findings_in([field("imei", "490154203237518,356938035643809")], NOBODY)
    assert [finding.value for finding in found] == ["490154203237518", "356938035643809"]


def test_the_same_value_in_two_fields_is_kept_for_each() -> None:
    found = findings_in([field("imei", "490154203237518"), field("IMEI1", "490154203237518")], NOBODY)
    assert [finding.name for finding in found] == ["imei", "IMEI1"]


def test_the_same_value_twice_in_one_field_is_one_finding() -> None:
    assert only(field("imei", "490154203237518;490154203237518")).value == "490154203237518"


def test_network_and_operator_of_an_imsi_are_told() -> None:
    finding = only(field("SIM1LTEIMSI", "460110123456789"))
    assert finding.details["operator"] == "China Telecom"
    assert finding.details["mcc"] == "460"


def test_country_and_issuer_of_an_iccid_are_told() -> None:
    finding = only(field("ICCID", "8986031234567890123"))
    assert (finding.details["country"], finding.details["issuer"]) == ("CN", "China Telecom")


def test_a_randomised_mac_address_is_noted() -> None:
    finding = only(field("mac", "da:a1:19:00:53:a7"))
    assert "randomised" in finding.details["administered"]


def test_the_address_of_an_access_point_is_noted() -> None:
    assert "access point" in only(field("bssid", "00:1b:44:11:3a:b7")).details["of"]


def test_an_unnamed_mac_address_needs_a_registered_vendor() -> None:
    assert only(field("x", "00:1b:44:11:3a:b7")).confidence == "medium"
    assert findings_in([field("x", "f4:ff:ff:11:3a:b7")], NOBODY) == []


def test_a_latitude_is_found_with_the_longitude_beside_it() -> None:
    finding = only(field("lat", "59.91390"), field("lng", "10.75220"), field("x", "1"))
    assert (finding.kind, finding.value) == ("location", "59.91390,10.75220")
    assert "steps of 1 m" in finding.reasons[1]


def test_a_latitude_alone_is_nothing() -> None:
    assert findings_in([field("lat", "59.91390"), field("x", "10.75220")], NOBODY) == []


def test_coordinates_of_different_things_are_not_mixed() -> None:
    fields = [field("startLat", "59.91390"), field("endLng", "10.75220")]
    assert findings_in(fields, NOBODY) == []


def test_bytes_are_no_identifier() -> None:
    assert findings_in([field("imei", b"\xff490154203237518")], NOBODY) == []


def test_the_vendor_is_that_of_the_smallest_registered_block() -> None:
    # FC-D2-B6 is shared out in blocks of 28 bits; python-stdnum's own look-up is the judge.
    for number in ("fc:d2:b6:1e:53:a7", "fc:d2:b6:9e:53:a7", "00:1b:44:11:3a:b7"):
        assert only(field("x", number)).details["vendor"] == stdnum.mac.get_manufacturer(number)


def test_a_name_does_not_speak_for_a_whole_document() -> None:
    document = "490154203237518 " + "lorem ipsum " * 1000
    assert findings_in([field("imei", document)], NOBODY) == []
    assert only(field("body", "imei=" + document)).value == "490154203237518"


HOSTILE = {
    "addresses": (
        "mac",
        " ".join(f"00:1b:44:{i >> 8 & 255:02x}:{i & 255:02x}:a{i % 10}" for i in range(40_000)),
    ),
    "numbers": ("imei", "356938035643809 " * 40_000),
    "IMSIs with their name": ("body", " ".join(f"imsi={242010000000000 + i * 7919}" for i in range(40_000))),
    "spaces behind coordinates": ("location", "1.234,2.345," + " " * 200_000 + "x"),
    "digits": ("phone", "1" * 300_000),
    "separators": ("phone", "4 ( " * 100_000),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("name", "text"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_gives_a_bounded_number_of_findings(name: str, text: str) -> None:
    # Work that grew with the square of the length would not end here in any patience.
    assert len(findings_in([field(name, text)], NOBODY)) <= 1000


FACT_EXAMPLES = [(fact, *example) for fact in FACTS for example in fact.examples]
FACT_COUNTEREXAMPLES = [(fact, *example) for fact in FACTS for example in fact.counterexamples]


@pytest.mark.parametrize(("fact", "name", "value"), FACT_EXAMPLES, ids=lambda x: getattr(x, "kind", x))
def test_a_fact_is_found_beside_an_identifier_and_not_alone(
    fact: FactDetector, name: str, value: str
) -> None:
    fields = [field(name, value), field("imei", "490154203237518")]
    assert sorted(finding.kind for finding in findings_in(fields, NOBODY)) == sorted(["imei", fact.kind])
    assert findings_in(fields[:1], NOBODY) == []


@pytest.mark.parametrize(("fact", "name", "value"), FACT_COUNTEREXAMPLES, ids=lambda x: getattr(x, "kind", x))
def test_a_counterexample_is_no_fact(fact: FactDetector, name: str, value: str) -> None:
    fields = [field(name, value)]
    assert list(fact.find(fields[0], Context(fields, NOBODY))) == []


def test_a_cell_is_put_together_from_the_fields_beside_it() -> None:
    values = {"mcc": "242", "mnc": "01", "lac": "10101", "cid": "20202020"}
    finding = only(*(field(name, value, beside=set(values) - {name}) for name, value in values.items()))
    assert (finding.kind, finding.value, finding.confidence) == ("cell", "242-01-10101-20202020", "high")
    assert finding.details["country_iso"] == "NO"


def test_a_cell_without_area_code_tells_no_position() -> None:
    finding = only(field("SIM1CELLID", "21000001", beside=("imei", "imsi")))
    assert (finding.kind, finding.confidence) == ("cell", "medium")
    assert "no position" in finding.reasons[-1]


def test_a_cell_that_is_not_known_to_the_phone_is_none() -> None:
    assert findings_in([field("cellId", "268435455", beside=("imei", "imsi"))], NOBODY) == []


@pytest.mark.parametrize(
    ("place", "says"), [("59.91390,10.75220", "inside or close to"), ("39.90882,116.39747", "outside")]
)
def test_coordinates_are_held_against_the_country_of_the_network(place: str, says: str) -> None:
    found = findings_in([field("imsi", "242010123456789"), field("location", place)], NOBODY)
    details = {finding.kind: finding.details for finding in found}
    assert details["location"]["plausible"].startswith(f"{says} the rectangle around NO")


def test_an_imsi_of_an_unknown_network_still_tells_its_country() -> None:
    finding = only(field("imsi", "242770123456789"))
    assert (finding.confidence, finding.details["country_iso"]) == ("medium", "NO")


def test_a_list_of_apps_is_one_finding() -> None:
    packages = [f"com.example.app{i}" for i in range(12)]
    finding = only(field("installed_apps", ",".join(packages)))
    assert finding.details["count"] == "12"
    assert finding.value.endswith("…")


@pytest.mark.parametrize("name", ["order_id", "trade_no", "ts", "session", "nonce"])
def test_a_name_that_says_something_else_outweighs_its_neighbours(name: str) -> None:
    assert findings_in([field(name, "356938035643809", beside=("imsi", "mac"))], NOBODY) == []
