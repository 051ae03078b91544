"""Coordinates (WGS 84, decimal degrees): where the phone is, or a place it asks about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files

from analyzer.detect.base import Context, Verdict, finding
from analyzer.detect.labels import kinds_named
from analyzer.model import Field, Finding

DEGREES = r"[+-]?\d{1,3}\.\d{3,16}"
NUMBER = re.compile(rf"\s*({DEGREES})\s*", re.ASCII)
PAIR = re.compile(rf"\s*[\[(]?({DEGREES})\s*[,;| ]\s*({DEGREES})(?:\s*[,;| ][^A-Za-z]*)?[\])]?\s*", re.ASCII)
LONGEST = 120  # characters: a longer value holds more than one place
NETWORKS = frozenset(("imsi", "cell", "operator"))
ISO = "country_iso"
MARGIN = 1.0  # degrees
Box = tuple[float, float, float, float]
LONGITUDE_FIRST = re.compile(r"(lng|lon)\w*lat", re.IGNORECASE)


class Location:
    """Finds a latitude with its longitude beside it, or both in one field named for a position."""

    kind = "location"
    examples = (
        ("location", "59.91390,10.75220"),
        ("lnglat", "116.397470,39.908823"),
        ("ll", "-33.8688,151.2093"),
    )
    counterexamples = (
        ("location", "0.000000,0.000000"),
        ("size", "59.9139,10.7522"),
        ("location", "99.123456,110.123456"),
    )

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one place: a pair in the field itself, or this latitude with the longitude beside it."""
        names = kinds_named(field.name)
        place = None
        if "coordinates" in names:
            place = _in_one_field(field)
        elif "latitude" in names:
            place = _in_two_fields(field, context)
        if place and is_on_earth(*place[:2]):
            latitude, longitude, raw, reason = place
            details = {"latitude": latitude, "longitude": longitude}
            verdict = Verdict(
                "high" if _decimals(place) >= 4 else "medium", (reason, _precision(_decimals(place)))
            )
            yield finding(self.kind, f"{latitude},{longitude}", raw, field, verdict, context, details)


def with_plausibility(findings: list[Finding]) -> list[Finding]:
    """The findings of one message, coordinates told whether they lie near the country of its mobile network.

    The rectangle around a country says "not there" surely, and "there" no more than roughly.
    """
    code = next((f.details[ISO] for f in findings if f.kind in NETWORKS and ISO in f.details), "")
    box = _boxes().get(code)
    if box is None:
        return findings
    return [_compared(f, code, box) if f.kind == "location" else f for f in findings]


def _compared(found: Finding, code: str, box: Box) -> Finding:
    north, east = float(found.details["latitude"]), float(found.details["longitude"])
    south, most_north, west, most_east = box
    inside = south - MARGIN <= north <= most_north + MARGIN and west - MARGIN <= east <= most_east + MARGIN
    where = "inside or close to" if inside else "outside"
    note = f"{where} the rectangle around {code}, the country of the mobile network named in the message"
    return replace(found, details={**found.details, "plausible": note})


@cache
def _boxes() -> dict[str, Box]:
    """Southernmost and northernmost latitude, westernmost and easternmost longitude by ISO 3166-1 code."""
    lines = files(__package__).joinpath("boxes.csv").read_text("ascii").split()[1:]
    rows = (line.split(",") for line in lines)
    return {code: (float(s), float(n), float(w), float(e)) for code, s, n, w, e in rows}


Pair = tuple[str, str, str, str]  # latitude, longitude, as it stood, why it is called that


def is_on_earth(latitude: str, longitude: str) -> bool:
    """Whether both are in range and not both about zero, which stands for "no position"."""
    north, east = float(latitude), float(longitude)
    return abs(north) <= 90 and abs(east) <= 180 and (abs(north) >= 0.01 or abs(east) >= 0.01)


def _in_one_field(field: Field) -> Pair | None:
    pair = PAIR.fullmatch(str(field.value)[:LONGEST])
    if not pair:
        return None
    first, second = pair[1], pair[2]
    if LONGITUDE_FIRST.search(field.name) or abs(float(first)) > 90:
        first, second = second, first
    return first, second, str(field.value), f"the field is named {field.name} and holds two numbers in range"


def _in_two_fields(field: Field, context: Context) -> Pair | None:
    text = str(field.value)
    north = NUMBER.fullmatch(text)
    if not north:
        return None
    stem = _stem(field.name)
    for other in context.next_to(field):
        if "longitude" in kinds_named(other.name) and _stem(other.name) == stem:
            east = NUMBER.fullmatch(other.value) if isinstance(other.value, str) else None
            if east:
                reason = f"the fields are named {field.name} and {other.name}, and both numbers are in range"
                return north[1], east[1], f"{text}, {east[0]}", reason
    return None


def _stem(name: str) -> str:
    """What a name says beside latitude or longitude: "gps" of gpsLat and gpsLng."""
    return re.sub(r"latitude|lat|longitude|long|lng|lon", "", name, flags=re.IGNORECASE).lower()


def _decimals(place: Pair) -> int:
    return min(len(number.partition(".")[2]) for number in place[:2])


def _precision(decimals: int) -> str:
    metres = 111_000 / 10**decimals
    distance = f"{metres:.0f} m" if metres >= 1 else "less than 1 m"
    return f"{decimals} decimals: steps of {distance} from north to south"
