"""A flow that is dismissed by one piece of a segment is not read again by the next one."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.pipeline.captures import NORWAY, answer, ask, report_of

DOCUMENTS = ((b"<", b"details />"), (b"{", b'"a": 1}'), (b"22", b"0 ready\r\n"), (b"1", b"00 a b"))


@pytest.mark.parametrize(("parts", "side", "port"), [*product(DOCUMENTS, (0, 1), (9000, 587))])
def test_what_waits_behind_the_dismissing_piece_is_passed_over(
    parts: tuple[bytes, bytes], side: int, port: int, tmp_path: Path
) -> None:
    here = {"server": NORWAY, "to": port}
    starts = (1001, 5001)
    say = (ask, answer)
    frames = [ask(**here), answer(**here)]
    at = starts[1 - side]
    for talk in (b"ready\r\n", b"go\r\n"):  # two of the three segments that are looked at
        frames.append(say[1 - side](**here, payload=talk, flags="PA", seq=at, ack=starts[side]))
        at += len(talk)
    first, rest = parts
    frames.append(say[side](**here, payload=rest, flags="PA", seq=starts[side] + len(first), ack=at))
    frames.append(say[side](**here, payload=first, flags="PA", seq=starts[side], ack=at))
    frames += [say[turn](**here, flags="FA", seq=at, ack=at) for turn in (side, 1 - side)]
    report = report_of(frames, tmp_path / "a.pcap")
    assert sum(row.packets_up + row.packets_down for row in report.destinations) == len(frames)
