"""The benchmark script measures every program alike and never calls a failure fast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests import builders
from tests.bench.bench import Measured, Peer, count_records, measure, table


def test_records_are_counted_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "small.pcap"
    path.write_bytes(builders.pcap(builders.conversation()))
    assert count_records(path) == len(builders.conversation())


def test_a_program_that_fails_gets_no_speed(tmp_path: Path) -> None:
    failing = Peer("failing", (sys.executable, "-c", "import sys; sys.exit(7)", "{}"), "sys")
    rows = list(table(measure([failing], tmp_path / "none.pcap", 1), 1000))
    assert rows[-1] == "| failing | failed, exit 7 | | | | |"


def test_speed_is_of_the_median_and_memory_of_the_largest_run() -> None:
    own = Measured("phonehome", (2.0, 1.0, 9.0), 30_000_000, 0)
    other = Measured("other", (4.0, 4.0, 4.0), 10_000_000, 0)
    assert list(table([own, other], 1000))[-2:] == [
        "| phonehome | 2.00 | 2.00 1.00 9.00 | 500 | 30 | 1.00 |",
        "| other | 4.00 | 4.00 4.00 4.00 | 250 | 10 | 2.00 |",
    ]


def test_a_program_that_is_not_installed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "small.pcap"
    path.write_bytes(builders.pcap(builders.conversation()))
    script = Path(__file__).parent / "bench.py"
    command = [sys.executable, script, path, "--runs", "1", "--peers", "tshark,hashlib"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": ""}).stdout
    assert "Absent: tshark." in printed
    assert "| hashlib |" in printed


def test_a_program_that_writes_gets_an_empty_folder_each_time(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; folder = pathlib.Path(sys.argv[1]);"
        "found = [*folder.iterdir()]; (folder / 'x').touch(); sys.exit(len(found))"
    )
    writing = Peer("writing", (sys.executable, "-c", code, "{folder}", "{}"), "sys")
    (measured,) = measure([writing], tmp_path / "none.pcap", 2)
    assert measured.succeeded
    assert list(tmp_path.iterdir()) == []
