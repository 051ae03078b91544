"""Round trips against distances: where light in fibre is too slow for what a database says.

A short round trip refutes a far location; it never gives one. A long one says nothing: routes are
longer than great circles, and queues take time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.geo.iso import code_number
from analyzer.model import Opinion, Place

# Light in a fibre of refractive index 1.468 (ITU-T G.652), kilometres a millisecond.
FIBRE_KM_PER_MS = 204.2
PLACING = frozenset({"located", "second", "given"})


class Timed(NamedTuple):
    """An address, what is said of it, and its least round trip in microseconds."""

    address: str
    place: Place
    round_trip_us: int


def least_distance(one: str, other: str) -> int:
    """Kilometres between the nearest points of two countries, never too many; 0 where unknown."""
    return int(_distances()[code_number(one), code_number(other)])


def reach_km(round_trip_us: int) -> float:
    """The farthest that light in fibre gets and back within a round trip."""
    return round_trip_us / 1000 / 2 * FIBRE_KM_PER_MS


def contradicted_from(origin: str, timed: Timed) -> Iterator[str]:
    """The opinions that the round trip refutes for a capture made in the country `origin`."""
    if timed.place.anycast:
        return
    for opinion in _placing(timed.place):
        code = opinion.code or ""
        km = least_distance(origin, code)
        if km > reach_km(timed.round_trip_us):
            least_ms = 2 * km / FIBRE_KM_PER_MS
            yield (
                f"{_claim(opinion)} is contradicted: the answer took {_ms(timed.round_trip_us)}, and light "
                f"in fibre needs at least {least_ms:,.0f} ms from {origin} to {code} and back "
                f"(nearest points {km:,} km apart); either this isn't in {code}, or something nearer "
                "answered in its place"
            )


def contradicted_by_others(timed: Iterable[Timed]) -> dict[str, tuple[str, ...]]:
    """By address: a pair of locations that can't both be right, wherever the capture was made.

    Two answers that came within a and b reach no farther apart than light gets in (a + b) / 2, since
    both went to the one place where the capture was made (triangle inequality).
    """
    nearest: dict[str, Timed] = {}
    entries = [(t, t.place.code("located") or "") for t in timed if not t.place.anycast]
    entries = [(t, code) for t, code in entries if code]
    for entry, code in entries:
        if code not in nearest or entry.round_trip_us < nearest[code].round_trip_us:
            nearest[code] = entry
    if not entries:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    beyond = _beyond(entries, nearest)
    others = beyond.argmax(axis=1)
    codes = list(nearest)
    for at in np.flatnonzero(beyond[np.arange(len(entries)), others] > 0).tolist():
        (entry, code), other = entries[at], codes[others[at]]
        found[entry.address] = (_pair(entry, code, nearest[other], other),)
    return found


def _beyond(entries: Sequence[tuple[Timed, str]], nearest: Mapping[str, Timed]) -> NDArray[np.float64]:
    """Kilometres that the country of each entry and each country are farther apart than light gets."""
    rows = np.array([code_number(code) for _, code in entries])
    columns = np.array([code_number(code) for code in nearest])
    took = np.array([entry.round_trip_us for entry, _ in entries])
    least = np.array([timed.round_trip_us for timed in nearest.values()])
    reach = (took[:, None] + least) / 1000 / 2 * FIBRE_KM_PER_MS
    return np.asarray(_distances()[rows[:, None], columns] - reach)


def _pair(one: Timed, code: str, other: Timed, other_code: str) -> str:
    km = least_distance(code, other_code)
    together = reach_km(one.round_trip_us + other.round_trip_us)
    return (
        f"located {code} here ({_ms(one.round_trip_us)}) and located {other_code} for {other.address} "
        f"({_ms(other.round_trip_us)}) can't both be right: within these round trips light in fibre "
        f"joins places {together:,.0f} km apart at most, and the nearest points of {code} and {other_code} "
        f"are {km:,} km apart; or something nearer answered in the place of one"
    )


def _placing(place: Place) -> Iterator[Opinion]:
    return (o for o in place.opinions if o.claim in PLACING and o.code)


def _claim(opinion: Opinion) -> str:
    said = {"located": "located", "second": "second opinion", "given": "given database"}[opinion.claim]
    return f"{said} {opinion.code} ({opinion.source} {opinion.date})"


def _ms(microseconds: int) -> str:
    return f"{microseconds / 1000:.3g} ms"


@cache
def _distances() -> NDArray[np.uint16]:
    table: NDArray[np.uint16] = np.load(Path(__file__).with_name("distances.npy"), allow_pickle=False)
    return table
