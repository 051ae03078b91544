"""Which files one recording may have been split into: told by their beginnings, and by where others end."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.capture.rotated_files import Look, chains, follows, look
from tests import builders
from tests.builders import START_NS

SECOND = 1_000_000_000


def write(path: Path, start_s: float, frames: int = 3, **options: int) -> str:
    """A capture of so many frames, a tenth of a second apart."""
    times = [START_NS + int(start_s * SECOND) + n * SECOND // 10 for n in range(frames)]
    path.write_bytes(builders.pcap([builders.tcp()] * frames, times_ns=times, **options))
    return str(path)


def names(paths: list[str]) -> list[list[str]]:
    return [[Path(entry.path).name for entry in chain] for chain in chains(paths)]


@pytest.mark.parametrize(
    "given",
    [
        ("cap-0001.pcap", "cap-0002.pcap", "cap-0010.pcap"),  # by hand
        ("cap.pcap", "cap.pcap1", "cap.pcap2"),  # tcpdump -C
        ("cap_00001_20190220160100.pcapng", "cap_00002_20190220160200.pcapng"),  # dumpcap -b
        ("cap-2019-02-20T16:01.pcap", "cap-2019-02-20T17:01.pcap"),  # tcpdump -G
    ],
)
def test_names_of_a_rotation_are_one_chain_in_the_order_of_time(
    given: tuple[str, ...], tmp_path: Path
) -> None:
    paths = [write(tmp_path / name, 10.0 * at) for at, name in enumerate(given)]
    assert names(paths[::-1]) == [list(given)]


def test_files_that_begin_at_the_same_moment_follow_their_numbers(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"cap-{number}.pcap", 0.0) for number in (10, 9, 1)]
    assert names(paths) == [["cap-1.pcap", "cap-9.pcap", "cap-10.pcap"]]


def test_another_snapshot_length_link_type_or_folder_is_another_recording(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = write(tmp_path / "cap-1.pcap", 0.0)
    short = write(tmp_path / "cap-2.pcap", 10.0, snaplen=96)
    raw = write(tmp_path / "cap-3.pcap", 20.0, link_type=101)
    away = write(tmp_path / "other" / "cap-4.pcap", 2000.0)
    assert sorted(map(len, chains([first, short]))) == [1, 1]
    (chain,) = chains([first, raw])  # the same header but for the link type
    assert not follows(chain[0], START_NS + SECOND, chain[1])
    assert not follows(look(first), START_NS + SECOND, look(away))


def test_what_can_be_read_only_once_is_not_looked_into(tmp_path: Path) -> None:
    first = write(tmp_path / "cap-1.pcap", 0.0)
    (tmp_path / "cap-2.pcap").write_bytes(b"no capture")
    (tmp_path / "cap-3.pcap").write_bytes(builders.pcap([]))
    given = ["-", first, str(tmp_path / "cap-2.pcap"), str(tmp_path / "cap-3.pcap"), str(tmp_path / "absent")]
    assert [[entry.path for entry in chain] for chain in chains(given)] == [[path] for path in given]


def after(pattern: str, seconds: float) -> Look:
    return Look(pattern, START_NS + int(seconds * SECOND), ("pcap",), frozenset({1}))


@pytest.mark.parametrize(
    ("one", "other", "seconds", "goes_on"),
    [
        ("cap-1", "cap-2", 0.0, True),
        ("cap-1", "cap-2", -0.9, True),  # queues are written in different orders
        ("cap-1", "cap-2", -1.1, False),  # both ran at once
        ("cap-1", "cap-2", 3599.0, True),
        ("cap-1", "cap-2", 3601.0, False),
        ("monday", "later", 0.5, True),
        ("monday", "later", 61.0, False),
        ("monday", "later", -0.1, False),
    ],
)
def test_a_file_goes_on_where_the_one_before_ends(
    one: str, other: str, seconds: float, goes_on: bool
) -> None:
    assert follows(after(one, 0.0), START_NS, after(other, seconds)) is goes_on
