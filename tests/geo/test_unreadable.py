"""Files that are no database, and damaged databases: one sentence each, and no end of the process."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from analyzer.geo.database_import import import_mmdb
from analyzer.geo.user_databases import UserDatabase
from tests.geo.mmdb import MAXMIND, mmdb

BIN = bytes([11, 20, 24, 11, 3]) + (5_000_000).to_bytes(4, "little") + bytes(60)
FILES = {
    "CSV": (b'"16777216","16777471","AU","Australia"\n', "CSV table"),
    "CSV of MaxMind": (b"network,geoname_id,registered_country_geoname_id\n1.0.0.0/24,1,2\n", "CSV table"),
    "BIN": (BIN, "IP2Location"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"),
    "ZIP": (b"PK\x03\x04" + bytes(40), "unpack it"),
    "HTML": (b"<!DOCTYPE html><html>", "download"),
    "nothing known": (bytes(range(200)), "not a MaxMind DB"),
    "a tar archive": (None, "without an .mmdb"),
}


def tar(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.sampled(5)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(("data", "says"), FILES.values(), ids=FILES.keys())
def test_what_is_no_database_is_named(data: bytes | None, says: str, pack: object, tmp_path: Path) -> None:
    path = tmp_path / "given"
    path.write_bytes(pack(data if data is not None else tar("GeoLite2/README.txt", b"text")))  # type: ignore[operator]
    for use in (UserDatabase, lambda path: import_mmdb(path, tmp_path / "own")):
        with pytest.raises(ValueError, match=says) as met:
            use(path)
        assert "\n" not in str(met.value)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["tar", "tar.gz"])
def test_a_database_in_the_archive_that_makers_offer_is_read(pack: object, tmp_path: Path) -> None:
    inner = mmdb(tmp_path / "a.mmdb", MAXMIND, "GeoLite2-City").read_bytes()
    path = tmp_path / "GeoLite2-City.tar.gz"
    path.write_bytes(pack(tar("GeoLite2-City_20261103/GeoLite2-City.mmdb", inner)))  # type: ignore[operator]
    assert UserDatabase(path).name == "GeoLite2-City"


USE = """
import sys
from pathlib import Path
from analyzer.geo.user_databases import UserDatabase
from analyzer.geo.database_import import import_mmdb
if __name__ == "__main__":
    path = Path(sys.argv[1])
    for use in (lambda: [UserDatabase(path).opinion(a) for a in ("1.1.1.1", "223.5.5.5", "2001:db8::1")],
                lambda: import_mmdb(path, Path(sys.argv[2]))):
        try:
            use()
        except ValueError as error:
            print(str(error).splitlines()[0])
"""


@pytest.mark.sampled(2)
@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_database_ends_no_process(seed: int, tmp_path: Path) -> None:
    choice = random.Random(seed)
    data = bytearray(mmdb(tmp_path / "a.mmdb", MAXMIND, "GeoLite2-City").read_bytes())
    at = data.rindex(b"\xab\xcd\xefMaxMind.com")
    for _ in range(len(data) // 20):
        data[choice.randrange(at)] = choice.choice((0, 0xFF, choice.randrange(256)))
    path, script = tmp_path / "spoiled.mmdb", tmp_path / "use.py"
    path.write_bytes(data if seed % 2 else data[: at // 2] + data[at:])
    script.write_text(USE)
    command = [sys.executable, str(script), str(path), str(tmp_path / "own")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2],
                          env={"PYTHONPATH": ".", "PATH": ""}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
