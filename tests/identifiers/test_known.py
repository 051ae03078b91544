"""The owner's identifiers are found in every encoding, and never shown."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
import xxhash
from scapy.contrib.gtp import TBCDByteField

from analyzer.identifiers import KnownValues, findings_in
from analyzer.inspection.decode import fields_of
from tests.codecs.messages import field, request

IMEI, ICCID, IMSI, MAC = "490154203237518", "8947010000123456784", "242010123456789", "00:1b:44:11:3a:b7"
SECRETS = (IMEI, ICCID, IMSI, MAC, MAC.replace(":", ""))
ALL = KnownValues.parse(f"imei={IMEI},iccid={ICCID},imsi={IMSI},mac={MAC},phone=+4740612345")


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


FORMS: dict[str, tuple[str, bytes]] = {
    "plain": ("imei", IMEI.encode()),
    "other separators": ("imei", b"49-015420-323751-8"),
    "spaces": ("imei", b"49015420 323751 8"),
    "without check digit": ("imei", IMEI[:14].encode()),
    "reversed": ("imei", IMEI[::-1].encode()),
    "hexadecimal": ("imei", IMEI.encode().hex().encode()),
    "hexadecimal, upper case": ("mac", MAC.encode().hex().upper().encode()),
    "UTF-16 LE": ("imsi", IMSI.encode("utf-16-le")),
    "UTF-16 BE": ("imsi", IMSI.encode("utf-16-be")),
    "percent-encoded": ("mac", quote(MAC, safe="").encode()),
    "percent-encoded, lower case": ("mac", quote(MAC, safe="").lower().encode()),
    "percent-encoded throughout": ("imei", "".join(f"%{ord(c):02X}" for c in IMEI).encode()),
    "MAC in upper case": ("mac", MAC.upper().encode()),
    "MAC with hyphens": ("mac", MAC.replace(":", "-").encode()),
    "MAC without separators": ("mac", MAC.replace(":", "").upper().encode()),
    "MAC with dots": ("mac", b"001b.4411.3ab7"),
    "bytes of the MAC": ("mac", bytes.fromhex(MAC.replace(":", ""))),
    "MD5": ("imei", md5(IMEI).encode()),
    "MD5 in upper case": ("iccid", md5(ICCID).upper().encode()),
    "MD5 of the MAC in upper case without separators": ("mac", md5(MAC.replace(":", "").upper()).encode()),
    "MD5 in bytes": ("imei", hashlib.md5(IMEI.encode()).digest()),
    "SHA-1": ("imsi", hashlib.sha1(IMSI.encode()).hexdigest().encode()),
    "SHA-256": ("mac", hashlib.sha256(MAC.encode()).hexdigest().encode()),
    "SHA-512": ("imei", hashlib.sha512(IMEI.encode()).hexdigest().encode()),
    "the first half of an MD5": ("imei", md5(IMEI)[:16].encode()),
    "the middle of an MD5": ("mac", md5(MAC)[8:24].encode()),
    "the first half of an MD5 in bytes": ("imsi", hashlib.md5(IMSI.encode()).digest()[:8]),
    "the beginning of a SHA-256": ("iccid", hashlib.sha256(ICCID.encode()).hexdigest()[:32].encode()),
    "CRC-32": ("imei", f"{zlib.crc32(IMEI.encode()):08x}".encode()),
    "CRC-32 in decimal": ("imei", str(zlib.crc32(IMEI.encode())).encode()),
    "xxHash of 64 bits": ("imei", xxhash.xxh64_hexdigest(IMEI.encode()).encode()),
    "xxHash of 64 bits in bytes": ("mac", xxhash.xxh64_digest(MAC.encode())),
    "XXH3": ("imei", xxhash.xxh3_64_hexdigest(IMEI.encode()).encode()),
    "MAC reversed": ("mac", MAC[::-1].encode()),
    "SHA-256 in base64": ("imei", base64.b64encode(hashlib.sha256(IMEI.encode()).digest())[:-1]),
    "phone number with +": ("phone", b"+4740612345"),
    "phone number with 00": ("phone", b"004740612345"),
}


@pytest.mark.parametrize(("kind", "data"), FORMS.values(), ids=FORMS)
def test_each_form_is_found_where_it_stands(kind: str, data: bytes) -> None:
    hits = ALL.search(b"before:" + data + b"&after")
    assert [(hit.kind, hit.start, hit.end) for hit in hits] == [(kind, 7, 7 + len(data))]


@pytest.mark.parametrize("offset", range(9))
@pytest.mark.parametrize("value", [IMEI, ICCID, MAC])
def test_base64_is_found_at_every_alignment(value: str, offset: int) -> None:
    text = base64.b64encode(b"x" * offset + value.encode() + b'","k":"v"}')
    assert [hit.encoding.partition(",")[0] for hit in ALL.search(text)] == ["base64"]


@pytest.mark.parametrize("number", [IMSI, ICCID, IMEI])
def test_the_digits_as_telecom_protocols_pack_them_are_found(number: str) -> None:
    packed = bytes(TBCDByteField("x", b"", len(number)).i2m(None, number.encode()))
    hits = ALL.search(b"\x01\x08" + packed + b"\xff\x00")
    assert [hit.encoding for hit in hits] == ["BCD, nibbles swapped"]


def test_the_imsi_as_a_sim_card_stores_it_is_found() -> None:
    # 3GPP TS 31.102 §4.2.2: length 8, then parity digit 9 and the digits of 242010123456789, nibbles swapped.
    stored = bytes.fromhex("08 29 24 10 10 32 54 76 98")
    (hit,) = ALL.search(b"\xa0" + stored + b"\x90\x00")
    assert (hit.kind, hit.encoding, hit.start) == ("imsi", "BCD, nibbles swapped", 2)


def test_random_bytes_hold_none() -> None:
    assert ALL.search(random.Random(1).randbytes(1 << 20)) == []


def test_overlapping_forms_are_one_hit() -> None:
    assert len(ALL.search(IMEI.encode())) == 1  # not also the one without its check digit


def test_the_summary_tells_kinds_and_encodings_but_no_values() -> None:
    summary = ALL.summary(ALL.search(f"{IMEI} {md5(IMEI)} {IMEI}".encode()))
    seen = {kind.kind: kind for kind in summary}
    assert (seen["imei"].seen, seen["imei"].times) == (True, 3)
    assert seen["imei"].encodings == ("MD5, hexadecimal", "plain")
    assert (seen["mac"].seen, seen["mac"].times, seen["mac"].encodings) == (False, 0, ())
    assert not any(secret in repr(summary) for secret in SECRETS)


def test_nothing_given_is_nothing_found() -> None:
    assert not KnownValues.none()
    assert KnownValues.none().search(IMEI.encode()) == []
    assert KnownValues.none().summary([]) == ()


def test_printing_it_shows_no_values() -> None:
    ALL.search(b"x")
    assert repr(ALL) == str(ALL) == "Known(imei: 1, iccid: 1, imsi: 1, mac: 1, phone: 1)"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("imei=4901542", "the imei given is not 14 to 16 digits"),
        ("imie=490154203237518", '"imie" is no known identifier'),
        ("490154203237518", "write kind=value"),
        ("490154203237518=imei", "an entry is no known identifier"),
        ("mac=00:1b:44:11:3a", "the mac given is not 6 bytes"),
        ("imei=٤٩٠١٥٤٢٠٣٢٣٧٥١٨", "the imei given is not"),
    ],
)
def test_what_can_not_be_read_is_said_in_one_sentence_without_the_value(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"known identifier|given is not") as problem:
        KnownValues.parse(text)
    assert says in str(problem.value)
    assert "490154203237518" not in str(problem.value)


def test_a_file_is_read_with_comments_and_two_sim_cards(tmp_path: Path) -> None:
    path = tmp_path / "known.txt"
    path.write_text(f"# my phone\n\nIMEI1 = 49-015420-323751-8\nimei2=356938035643809\nmac={MAC.upper()}\n")
    known = KnownValues.from_file(path)
    assert known.kinds == ("imei", "mac")
    assert known.equals("imei", "356938035643809")
    assert known.search(MAC.encode())


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "known.txt"
    path.write_text("imei=1\n")
    with pytest.raises(ValueError, match=r"known\.txt: the imei given"):
        KnownValues.from_file(path)


def test_a_finding_says_whether_it_is_the_owners() -> None:
    known = KnownValues.parse(f"imei={IMEI}")
    found = findings_in([field("imei", IMEI), field("imei2", "356938035643809"), field("imsi", IMSI)], known)
    assert [finding.known for finding in found] == [True, False, None]
    assert found[0].reasons[0] == "equal to the IMEI that the owner gave"


def test_a_known_number_needs_no_name() -> None:
    (finding,) = findings_in([field("x", IMEI)], KnownValues.parse(f"imei={IMEI}"))
    assert (finding.kind, finding.confidence, finding.known) == ("imei", "high", True)


def test_a_hash_of_a_known_number_is_found_and_its_number_not_told() -> None:
    body = gzip.compress(json.dumps({"uid": md5(IMEI)}).encode())
    (finding,) = findings_in(fields_of(request(body)), KnownValues.parse(f"imei={IMEI}"))
    assert (finding.kind, finding.known, finding.value) == ("imei", True, md5(IMEI))
    assert finding.details == {"encoding": "MD5, hexadecimal"}
    assert IMEI not in repr(finding)
