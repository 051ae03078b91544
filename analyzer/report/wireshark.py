"""Addresses and frame numbers → display filters that can be pasted into Wireshark or tshark -Y."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.model import Evidence
from analyzer.report.language import _, number


def address_filter(addresses: Iterable[str]) -> str:
    """Every packet to or from these addresses: `ip.addr in {192.0.2.1, 192.0.2.2}`."""
    known = sorted(set(addresses))
    families = (
        ("ip.addr", [address for address in known if ":" not in address]),
        ("ipv6.addr", [address for address in known if ":" in address]),
    )
    return " || ".join(f"{name} in {{{', '.join(found)}}}" for name, found in families if found)


def frame_filter(frames: Iterable[int]) -> str:
    """These frames, runs as ranges: `frame.number in {41, 44..47}`."""
    parts = [str(first) if first == last else f"{first}..{last}" for first, last in runs(frames)]
    return f"frame.number in {{{', '.join(parts)}}}" if parts else ""


def frame_list(frames: Iterable[int], limit: int = 8) -> str:
    """For people: "frame 41", "frames 41, 44–47"; the rest is counted."""
    numbers = sorted(set(frames))
    parts = [str(first) if first == last else f"{first}–{last}" for first, last in runs(numbers)]
    if not parts:
        return _("no frame")
    listed = ", ".join(parts[:limit])
    if len(parts) > limit:
        listed = _("{some} and {n} more").format(some=listed, n=number(len(parts) - limit))
    return (
        _("frame {number}").format(number=listed)
        if len(numbers) == 1
        else _("frames {numbers}").format(numbers=listed)
    )


def frames_by_capture(evidence: Iterable[Evidence]) -> dict[int, list[int]]:
    """The frames of each capture, by its index: frame numbers mean nothing across captures."""
    frames: dict[int, list[int]] = {}
    for piece in evidence:
        for capture, numbers in ((piece.capture, piece.frames), *piece.continued):
            frames.setdefault(capture, []).extend(numbers)
    return frames


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Consecutive numbers as (first, last)."""
    first = last = None
    for at in sorted(set(numbers)):
        if last is not None and first is not None and at != last + 1:
            yield first, last
            first = None
        first, last = (at if first is None else first), at
    if first is not None and last is not None:
        yield first, last
