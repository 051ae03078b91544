"""`phonehome geo`: what is loaded, what each database says of an address, and importing a newer one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from analyzer.cli import main
from analyzer.geo import databases
from tests.builders import SYN, pcap, tcp
from tests.geo.mmdb import FLAT, MAXMIND, mmdb

EPOCH = 1_793_413_600  # 2026-10-31


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    databases.layers.cache_clear()
    yield
    databases.layers.cache_clear()


def test_every_database_is_listed_with_date_licence_hash_and_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["geo"]) == 0
    out = capsys.readouterr().out
    manifest = json.loads((databases.DATA / "manifest.json").read_text("utf-8"))
    for entry in manifest["layers"]:
        assert f"{entry['name']} {entry['date']}" in out
        assert str(databases.DATA / entry["id"]) in out
        assert entry["licence"] in out
        assert all(raw["sha256"] in out for raw in entry["inputs"])


def test_an_address_is_explained_by_every_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = mmdb(tmp_path / "own.mmdb", MAXMIND, "GeoLite2-City", epoch=EPOCH)
    assert main(["geo", "--geo", str(own), "49.51.10.10", "10.0.0.1"]) == 0
    out = capsys.readouterr().out
    assert "registered CN, located elsewhere" in out
    assert re.search(r"GeoLite2 2019-12-24 +located: CA, registered: CN", out)
    assert re.search(r"DB-IP 2026-10 +located: US", out)
    assert re.search(r"IPFire 2026-08-22 +second: US, network: unknown", out)
    assert re.search(r"GeoLite2-City 2026-10-31 +US; registered CN", out)
    assert "special-purpose: private use (RFC 1918)" in out
    assert "IP Geolocation by DB-IP" in out


def test_another_date_and_another_region_change_what_is_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["geo", "--geo-date", "2019-02-20", "--region", "RU", "77.88.8.8"]) == 0
    out = capsys.readouterr().out
    assert "located: RU (GeoLite2 2019-12)" in out
    assert "agree RU" in out or "anycast/unknown" in out


def test_an_imported_database_is_listed_from_then_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = mmdb(tmp_path / "own.mmdb", FLAT, "DBIP-Country", epoch=EPOCH)
    assert main(["geo", "import", str(own)]) == 0
    assert "DBIP-Country of 2026-10-31 is kept in" in capsys.readouterr().out
    databases.layers.cache_clear()
    assert main(["geo"]) == 0
    assert str(tmp_path / "data" / "phonehome" / "geo" / "dbip-country-2026-10-31") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["geo", "example.com"], "'example.com' is no IP address; names are not looked up"),
        (["geo", "import"], "geo import needs a file"),
        (["geo", "import", "absent.mmdb"], "absent.mmdb"),
        (["geo", "--geo", "absent.mmdb"], "absent.mmdb: can't be read"),
        (["scan", "--geo", "absent.mmdb", "x.pcap"], "--geo: absent.mmdb: can't be read"),
    ],
)
def test_what_can_not_be_used_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--from", "XX"], ["--geo-date", "20.2.2019"]])
def test_a_wrong_country_or_day_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["scan", *arguments, "x.pcap"])
    assert stopped.value.code == 2
    assert "is not" in capsys.readouterr().err


def test_a_scan_takes_own_databases_a_date_and_the_country_it_was_made_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture, own = tmp_path / "c.pcap", mmdb(tmp_path / "own.mmdb", FLAT, "Own", epoch=EPOCH)
    frames = [
        tcp(flags=SYN, seq=1, server="223.5.5.5", ports=(40000, 80)),
        tcp(flags=18, seq=9, ack=2, up=False, server="223.5.5.5", ports=(40000, 80)),
    ]
    capture.write_bytes(pcap(frames))  # the answer comes a millisecond later
    options = ["--geo", str(own), "--geo-date", "2026-11-01", "--from", "NO", "--json", "-"]
    assert main(["scan", *options, str(capture)]) == 0
    report = json.loads(capsys.readouterr().out)
    (row,) = [d for d in report["destinations"] if d["destination"]["ip"] == "223.5.5.5"]
    claims = {o["claim"]: (o["code"], o["source"]) for o in row["destination"]["geo"]["opinions"]}
    assert claims["located"] == ("CN", "DB-IP")
    assert claims["given"] == ("CN", "Own")
    assert row["min_rtt_us"] == 1000
    assert any(
        said.startswith("located CN (DB-IP 2026-10) is contradicted") for said in row["contradictions"]
    )
    assert report["geo_note"].startswith("As asked, for 2026-11-01")
    assert any(source["name"] == "Own" for source in report["geo_sources"])
