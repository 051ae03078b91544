"""The user's own databases: any maker's schema, several at once, the same answers as `maxminddb` gives."""

from __future__ import annotations

import lzma
import os
import random
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import maxminddb
import numpy as np
import pytest

from analyzer.geo import Locator, scope_claims, wording
from analyzer.geo import databases as layers
from analyzer.geo.addresses import numbers
from analyzer.geo.database_import import import_mmdb
from analyzer.geo.iso import CODES
from analyzer.geo.mmdb import RecordAnswer, said_in
from analyzer.geo.user_databases import UserDatabase
from tests.geo.mmdb import FLAT, IPINFO, MAXMIND, MAXMIND_ASN, mmdb

RAW = Path(os.environ.get("PHONEHOME_GEO", Path(__file__).parent.parent.parent.parent / "shared" / "geo"))
EPOCH = 1_793_413_600  # 2026-10-31


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (MAXMIND["1.0.0.0/24"], RecordAnswer("CH", "AU", 0, "", True, "Zurich")),
        (MAXMIND_ASN["49.51.0.0/16"], RecordAnswer(asn=132203, as_name="Example Cloud")),
        (FLAT["223.5.5.0/24"], RecordAnswer("CN")),
        (IPINFO["49.51.0.0/16"], RecordAnswer("US", asn=132203, as_name="Example")),
        (IPINFO["223.5.5.0/24"], RecordAnswer("CN")),
        ({"country": "Switzerland"}, RecordAnswer(country_name="Switzerland")),
        ({"country_code": "ZZ"}, RecordAnswer()),
        ({"country_code": "UK"}, RecordAnswer("GB")),
        ({"asn": "none", "country": {"iso_code": 5}}, RecordAnswer()),
        ({}, RecordAnswer()),
        ("a text", RecordAnswer()),
    ],
)
def test_records_of_every_schema_are_read_by_their_keys(record: object, said: RecordAnswer) -> None:
    assert said_in(record) == said


def test_several_files_are_opinions_beside_the_shipped_ones(tmp_path: Path) -> None:
    city = UserDatabase(mmdb(tmp_path / "c.mmdb", MAXMIND, "GeoLite2-City", epoch=EPOCH))
    asn = UserDatabase(mmdb(tmp_path / "a.mmdb", MAXMIND_ASN, "GeoLite2-ASN", epoch=EPOCH))
    (place,) = Locator(given=[city, asn]).places(["49.51.10.10"])
    given = [o for o in place.opinions if o.claim == "given"]
    assert [(o.source, o.code, o.date, o.detail) for o in given] == [
        ("GeoLite2-City", "US", "2026-10-31", "registered CN"),
        ("GeoLite2-ASN", None, "2026-10-31", "AS132203 Example Cloud"),
    ]
    assert place.code("located") == "US"
    assert "given: US (GeoLite2-City 2026-10-31) [registered CN]" in wording(place)


def test_a_given_database_alone_can_link_an_address_to_the_scope(tmp_path: Path) -> None:
    own = UserDatabase(
        mmdb(tmp_path / "own.mmdb", {"160.68.0.0/16": {"country_code": "CN"}}, "Own", epoch=EPOCH)
    )
    locator = Locator(given=[own])
    (place,) = locator.places(["160.68.205.231"])
    assert scope_claims(place, ["CN"]) == ("given database CN (Own 2026-10-31)",)
    assert place.verdict == "sources disagree"
    assert locator.in_regions(*numbers(["160.68.205.231", "192.168.0.1"]), ("CN",)).tolist() == [True, False]
    assert not Locator().in_regions(*numbers(["160.68.205.231"]), ("CN",)).any()


def test_tunnelled_addresses_are_asked_for_what_is_inside(tmp_path: Path) -> None:
    own = UserDatabase(mmdb(tmp_path / "own.mmdb", FLAT, "Own", epoch=EPOCH))
    (place,) = Locator(given=[own]).places(["64:ff9b::df05:505"])
    assert [o.code for o in place.opinions if o.claim == "given"] == ["CN"]


def test_nothing_is_claimed_of_special_purpose_space(tmp_path: Path) -> None:
    own = UserDatabase(
        mmdb(tmp_path / "own.mmdb", {"10.0.0.0/8": {"country_code": "CN"}}, "Own", epoch=EPOCH)
    )
    locator = Locator(given=[own])
    (place,) = locator.places(["10.0.0.1"])
    assert place.opinions == ()
    assert not locator.in_regions(*numbers(["10.0.0.1"]), ("CN",)).any()


def test_an_ipv4_only_file_says_nothing_of_ipv6(tmp_path: Path) -> None:
    own = UserDatabase(mmdb(tmp_path / "own.mmdb", FLAT, "Own", version=4, epoch=EPOCH))
    assert own.said_of("2400:3200::1") == RecordAnswer()
    assert own.said_of("223.5.5.5") == RecordAnswer("CN")
    assert "IPv4 only" in own.source.says


def test_the_file_stands_among_the_sources_with_its_hash(tmp_path: Path) -> None:
    from hashlib import sha256

    path = mmdb(tmp_path / "own.mmdb", FLAT, "Own", epoch=EPOCH)
    source = Locator(given=[UserDatabase(path)]).sources[-1]
    assert (source.name, source.date, source.attribution) == ("Own", "2026-10-31", f"file {path}")
    assert source.sha256 == sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("data", [b"", b"not a database", b"\x1f\x8bbroken", b"\xfd7zXZ\0broken"])
def test_what_is_no_database_is_one_clear_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.mmdb"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=str(path)):
        UserDatabase(path)
    with pytest.raises(ValueError, match="can't be read"):
        UserDatabase(tmp_path / "absent.mmdb")


# ── import ──────────────────────────────────────────────────────────────────


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    layers.layers.cache_clear()
    yield layers.user_folder()
    layers.layers.cache_clear()


def test_an_imported_release_answers_by_the_snapshot_rule(tmp_path: Path, own_folder: Path) -> None:
    path = mmdb(
        tmp_path / "DBIP.mmdb", {"160.68.0.0/16": {"country_code": "SE"}}, "DBIP-Country-Lite", epoch=EPOCH
    )
    entry = import_mmdb(path, own_folder)
    assert (entry["short"], entry["date"], entry["claims"]) == ("DB-IP", "2026-10-31", ["located"])
    layers.layers.cache_clear()
    (now,) = Locator().places(["160.68.205.231"])
    assert (now.code("located"), now.opinions[0].source, now.opinions[0].date) == ("SE", "DB-IP", "2026-10")
    (then,) = Locator(1_550_000_000_000_000_000).places(["160.68.205.231"])
    assert (then.code("located"), then.today[0].code) == ("NO", "SE")
    assert any("DB-IP" in source.attribution for source in Locator().sources)
    assert [p.name for p in own_folder.iterdir()] == ["dbip-country-lite-2026-10-31"]


def test_an_imported_network_database_names_networks(tmp_path: Path, own_folder: Path) -> None:
    import_mmdb(mmdb(tmp_path / "a.mmdb", MAXMIND_ASN, "GeoLite2-ASN", epoch=EPOCH), own_folder)
    layers.layers.cache_clear()
    places = Locator().places(["49.51.10.10", "2400:3200::1", "160.68.205.231"])
    assert [(p.asn, p.as_name) for p in places] == [(132203, "Example Cloud"), (37963, "Other"), (None, None)]


def test_a_file_that_says_nothing_of_use_is_refused_and_leaves_nothing(
    tmp_path: Path, own_folder: Path
) -> None:
    path = mmdb(tmp_path / "x.mmdb", {"49.51.0.0/16": {"weather": "fine"}}, "Weather", epoch=EPOCH)
    with pytest.raises(ValueError, match="neither a country nor a network number"):
        import_mmdb(path, own_folder)
    assert not own_folder.exists()


def test_an_imported_file_gives_what_maxminddb_gives(tmp_path: Path, own_folder: Path) -> None:
    """Random networks of all sizes; addresses at the edges of each and at random."""
    chance = random.Random(6)
    records, asked = {}, []
    for _ in range(300):
        bits = chance.randint(8, 32)
        network = IPv4Address(chance.randint(16 << 24, 222 << 24) >> (32 - bits) << (32 - bits))
        records[f"{network}/{bits}"] = {"country_code": chance.choice(["CN", "HK", "US", "NO"])}
        asked += [str(network), str(network + ((1 << (32 - bits)) - 1))]
        upper = 0x2400 << 112 | chance.getrandbits(100) >> 64 << 64
        records[f"{IPv6Address(upper)}/64"] = {"country_code": chance.choice(["CN", "SG"])}
        asked += [
            str(IPv6Address(upper)),
            str(IPv6Address(upper + (1 << 64) - 1)),
            str(IPv6Address(upper - 1)),
        ]
    asked += [str(IPv4Address(chance.randint(16 << 24, 222 << 24))) for _ in range(500)]
    path = mmdb(tmp_path / "own.mmdb", records, "Own", epoch=EPOCH)
    import_mmdb(path, own_folder)
    layers.layers.cache_clear()
    _equal_to_maxminddb(path, asked)


@pytest.mark.skipif(
    not RAW.exists(), reason="no raw databases: set PHONEHOME_GEO to the folder that holds them"
)
def test_a_shipped_layer_gives_what_maxminddb_gives_for_its_raw_file(tmp_path: Path) -> None:
    path = tmp_path / "raw.mmdb"
    path.write_bytes(lzma.decompress((RAW / "dbip-country-lite-2026-06.mmdb.xz").read_bytes()))
    chance = random.Random(7)
    asked = [str(IPv4Address(chance.getrandbits(32))) for _ in range(3000)]
    own, locator = UserDatabase(path), Locator(1_783_000_000_000_000_000)  # July 2026
    for address, place in zip(asked, locator.places(asked), strict=True):
        if not place.special:
            assert own.said_of(address).country == place.code("located"), address


def _equal_to_maxminddb(path: Path, asked: list[str]) -> None:
    found = Locator().codes(*numbers(asked), "located")
    special = np.array([place.special is not None for place in Locator().places(asked)])
    with maxminddb.open_database(path) as reader:
        for address, number, is_special in zip(asked, found.tolist(), special.tolist(), strict=True):
            record = reader.get(address) or {}
            assert CODES[number] == (None if is_special else record.get("country_code")), address
