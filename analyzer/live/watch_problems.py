"""What a watch lost, fell behind with or could not keep → problems and blind spots of its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from analyzer.live.drop_monitor import DropMonitor
from analyzer.live.rotation import Rotation
from analyzer.model import Problem, Report, Session
from analyzer.report.units import span

NS = 1_000_000_000
MOST_NAMED = 3  # feeds in a sentence


def of_losses(losses: DropMonitor) -> Iterator[Problem]:
    """Packets that were lost, and by how much reading lagged behind."""
    if lost := losses.lost:
        yield Problem(
            "lost-live",
            f"{lost:,} packets were lost before they got here, as the capturing program or the stream "
            "itself says: what was in them is missing from this report",
            count=lost,
        )
    if losses.most_behind_ns >= 5 * NS:
        yield Problem(
            "behind-live",
            f"packets were read up to {span(losses.most_behind_ns)} later than the others, measured "
            "by the times they carry: they came too fast to be read, or were held up on the way",
        )


def of_evidence(rotation: Rotation | None) -> Iterator[Problem]:
    """What of the evidence capture could not be written or kept."""
    if rotation is not None and rotation.failed:
        yield Problem("evidence-live", rotation.failed)
    if rotation is not None and (gone := rotation.gone_with_findings):
        yield Problem(
            "evidence-gone",
            f"{gone:,} files of the evidence capture in which something was found were removed, since "
            "only so many are kept",
            count=gone,
        )


def uncounted(names: Sequence[str]) -> Iterator[str]:
    """Return the blind spot of feeds that do not count the packets lost before them."""
    if names:
        left = len(names) - MOST_NAMED
        more = f" and {left:,} more" if left > 0 else ""
        yield (
            f"Packets that were lost before they came through {', '.join(names[:MOST_NAMED])}{more} are "
            "counted by nobody: neither the stream nor what wrote it says how many there were. The report "
            "can't be called complete for that reason."
        )


def joined(report: Report) -> Session:
    """Why the captures of a watch are one session."""
    infos = report.captures
    gaps = tuple(
        (after.first_ns - before.last_ns) // 1000
        for before, after in pairwise(infos)
        if after.first_ns is not None and before.last_ns is not None
    )
    why = "connections of one live capture, one after the other; what passed between them was not captured"
    return Session(tuple(range(len(infos))), why, gaps)
