"""The progress line says shares, rates and times only where they are known."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from analyzer.cli.progress import ProgressLine, line

SECOND = 1_000_000_000


@dataclass(frozen=True)
class At:
    """How far a scan is, as the pipeline tells it."""

    path: str
    done: int
    size: int | None
    frames: int


@pytest.mark.parametrize(
    ("progress", "elapsed", "said"),
    [
        (At("a.pcap", 25_000_000, 100_000_000, 1_204), SECOND, "a.pcap: 25 %, 1,204 frames"),
        (At("a.pcap", 25_000_000, 100_000_000, 9), 5 * SECOND, "a.pcap: 25 %, 9 frames, 5.0 MB/s, 15 s left"),
        (At("-", 25_000_000, None, 9), 5 * SECOND, "-: 25.0 MB, 9 frames, 5.0 MB/s"),
        (At("a.gz", 25_000_000, 1_000, 1), 5 * SECOND, "a.gz: 25.0 MB, 1 frame, 5.0 MB/s"),
        (At("a.pcap", 0, 100, 0), 5 * SECOND, "a.pcap: 0 %, 0 frames"),
        (At("a\x1b[2J", 0, 100, 0), 0, r"a\x1b[2J: 0 %, 0 frames"),
    ],
)
def test_what_is_known_is_said_and_nothing_else(progress: At, elapsed: int, said: str) -> None:
    assert line(progress, elapsed) == said  # type: ignore[arg-type]


def test_lines_come_ten_times_a_second_at_most_and_each_file_starts_anew() -> None:
    written: list[str] = []
    now = iter([0, 50_000_000, 100_000_000, 110_000_000])
    show = ProgressLine(written.append, lambda: next(now))
    for path in ("a", "a", "a", "b"):
        show(At(path, 1, 4, 1))  # type: ignore[arg-type]
    show.clear()
    assert [text.strip("\r").split(":")[0] for text in written] == ["a", "a", "b", "\x1b[K"]


@pytest.mark.parametrize(
    "path", ["/home/somebody/" + "captures/" * 20 + "last.pcap", "/" + "通信" * 60 + ".pcap", "a.pcap"]
)
@pytest.mark.parametrize("room", [5, 30, 79])
def test_a_line_never_breaks_and_shows_the_end_of_a_long_path(path: str, room: int) -> None:
    from rich.cells import cell_len

    said = line(At(path, 25_000_000, 100_000_000, 9), 5 * SECOND, room)  # type: ignore[arg-type]
    assert cell_len(said) <= room
    if room == 79:
        assert said.endswith("pcap: 25 %, 9 frames, 5.0 MB/s, 15 s left")
