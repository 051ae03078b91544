"""Coordinates (WGS 84, decimal degrees): where the phone is, or a place it asks about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.labels import identity_kinds, kinds_named
from analyzer.identifiers.tracker_records import record_position
from analyzer.identifiers.without_names import holds_device_number
from analyzer.model import Confidence, Field, Finding

DEGREES = r"[+-]?\d{1,3}\.\d{3,16}"
NUMBER = re.compile(rf"\s*({DEGREES})\s*", re.ASCII)
PAIR = re.compile(rf"\s*[\[(]?({DEGREES})\s*[,;| ]\s*({DEGREES})(?:\s*[,;| ][^A-Za-z]*)?[\])]?\s*", re.ASCII)
EXACT = r"[+-]?\d{1,3}\.\d{5,8}"
EXACT_PAIR = re.compile(rf"({EXACT})[,;|]({EXACT})(?:[,;|]-?\d{{1,5}}(?:\.\d{{1,3}})?){{0,3}}", re.ASCII)
LONGEST = 120  # characters: a longer value holds more than one place
INTEGER = re.compile(r"-?\d{7,10}", re.ASCII)
SCALED_NAME = re.compile(r"(lat|lon|lng|latitude|longitude)_i$", re.IGNORECASE)
SCALED = re.compile(r"-?\d{4,10}", re.ASCII)
MOST_OF_FOUR, MOST_OF_SIX = 7, 9  # digits of 180 degrees, times 10 to that power
HEMISPHERES = re.compile(
    r"(?<![\d.])(\d{1,4}\.\d{3,8})[ ,;]?([NS])[ ,;]{0,2}(\d{1,5}\.\d{3,8})[ ,;]?([EW])(?![A-Za-z])", re.ASCII
)
BEFORE = re.compile(
    r"(?<![A-Za-z0-9])([NS])(\d{1,4}\.\d{3,8})[ ,;]{1,2}([EW])(\d{1,5}\.\d{3,8})(?![\w.])", re.ASCII
)
EAST_FIRST = re.compile(
    r"(?<![A-Za-z0-9])([EW])(\d{1,5}\.\d{3,8})[ ,;]{1,2}([NS])(\d{1,4}\.\d{3,8})(?![\w.])", re.ASCII
)
# Degrees and minutes under the names, as receivers write them without the letters in their place.
NAMED_MINUTES = re.compile(
    r"\bLat(?:itude)?\s?[:=]\s?([+-]?\d{4}\.\d{3,6})\b[^\n]{0,8}?\bLon(?:g|gitude)?\s?[:=]\s?([+-]?\d{5}\.\d{3,6})\b",
    re.ASCII | re.IGNORECASE,
)
# Degrees and minutes with two decimals and a sign between, as APRS has them (APRS 1.0.1, chapter 6).
APRS = re.compile(r"(?<!\d)(\d{4}\.\d{2})([NS])[/\\0-9A-Z](\d{5}\.\d{2})([EW])", re.ASCII)
SECONDS = r"(\d{1,3})\s?°\s?(\d{1,2})\s?['′’]\s?(\d{1,2}(?:[.,]\d{1,4})?)\s?(?:\"|″|”|'')\s?"
DEGREES_MINUTES_SECONDS = re.compile(SECONDS + r"([NS])[ ,;]{0,3}" + SECONDS + r"([EW])")
# Neighbours of a position that a receiver has measured, and of a place that somebody looks at or looks up.
OF_SENSOR = frozenset(
    [
        "accuracy",
        "acc",
        "altitude",
        "alt",
        "speed",
        "vel",
        "velocity",
        "bearing",
        "heading",
        "cog",
        "provider",
        "hdop",
        "sat",
        "satellites",
        "fix",
        "fixtime",
        "tst",
        "battery",
        "batt",
        "rssi",
        "horizontalaccuracy",
        "verticalaccuracy",
        "gpstime",
        "gps_time",
        "gpstimestamp",
        "locationtime",
        "bssid",
        "ssid",
        "carrier",
        "mnc",
        "mcc",
        "nettype",
        "coordtype",
        "coordinate_type",
    ]
)
OF_SEARCH = frozenset(
    [
        "zoom",
        "radius",
        "q",
        "query",
        "search",
        "keyword",
        "keywords",
        "kw",
        "hotel",
        "hotels",
        "checkin",
        "checkout",
        "check_in",
        "check_out",
        "bbox",
        "bounds",
        "viewport",
        "tile",
        "poi",
        "rooms",
        "guests",
        "placeid",
        "place_id",
        "maptype",
    ]
)
OF_PLACE = frozenset(
    [
        "z",
        "by",
        "city",
        "place",
        "sted",
        "destination",
        "dest",
        "fra",
        "til",
        "span",
        "level",
        "near",
        "around",
        "distance",
        "category",
        "term",
        "map",
        "layers",
        "size",
    ]
)
OWN_NAME = re.compile(r"gps|^my|user|cur|device|own", re.IGNORECASE)
OF_MAP = re.compile(r"cent(er|re)|map|viewport|search|dest|target|hotel|poi", re.IGNORECASE)
NETWORKS = frozenset(("imsi", "cell", "operator"))
ISO = "country_iso"
DOUBLES = "doubles"  # a step of decoding
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
            place = _in_one_field(field) or _in_list(field, context)
        elif "latitude" in names:
            place = _in_two_fields(field, context)
        place = place or _with_hemispheres(field) or _in_record(field, context)
        place = place or _beside_number(field, context)
        if place and is_on_earth(*place[:2]):
            latitude, longitude, raw, reason = place
            details = {"latitude": latitude, "longitude": longitude}
            confidence, why = _whose(field, place)
            verdict = Verdict(confidence, tuple(filter(None, (reason, _precision(_decimals(place)), why))))
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


def _beside_number(field: Field, context: Context) -> Pair | None:
    """Two numbers of degrees with five decimals or more in a message that holds the number of a phone."""
    text = str(field.value)
    pair = EXACT_PAIR.fullmatch(text) if len(text) <= LONGEST else None
    if not pair or abs(float(pair[1])) > 90 or not holds_device_number(context):
        return None
    said = "two numbers of degrees with five decimals or more, in a message with the number of a phone"
    return pair[1], pair[2], text, said


def _in_two_fields(field: Field, context: Context) -> Pair | None:
    text = str(field.value)
    north = NUMBER.fullmatch(text)
    if not north:
        return _in_integers(field, context)
    stem = _stem(field.name)
    for other in context.next_to(field):
        if "longitude" in kinds_named(other.name) and _stem(other.name) == stem:
            east = NUMBER.fullmatch(other.value) if isinstance(other.value, str) else None
            if east:
                reason = f"the fields are named {field.name} and {other.name}, and both numbers are in range"
                return north[1], east[1], f"{text}, {east[0]}", reason
    return None


def _in_list(field: Field, context: Context) -> Pair | None:
    """Two numbers of a list: longitude first in GeoJSON (RFC 7946 §3.1.1), else latitude first."""
    if field.evidence.path[-1:] != ("[0]",):
        return None
    second = next((f for f in context.next_to(field) if f.evidence.path[-1:] == ("[1]",)), None)
    if second is None or not isinstance(second.value, str):
        return None
    numbers = [NUMBER.fullmatch(str(each.value)) for each in (field, second)]
    if not (numbers[0] and numbers[1]):
        return None
    first, other = numbers[0][1], numbers[1][1]
    is_geojson = field.name.lower() == "coordinates" or abs(float(first)) > 90
    latitude, longitude = (other, first) if is_geojson else (first, other)
    order = "longitude first, as GeoJSON has it" if is_geojson else "latitude first"
    return latitude, longitude, f"{first},{other}", f"the list is named {field.name}: {order}"


def _in_integers(field: Field, context: Context) -> Pair | None:
    """Millionths or ten-millionths of a degree as whole numbers, in two fields."""
    form = SCALED if SCALED_NAME.search(field.name) else INTEGER
    stem, north = _stem(field.name), form.fullmatch(str(field.value).strip())
    if not north:
        return None
    for other in context.next_to(field):
        if "longitude" not in kinds_named(other.name) or _stem(other.name) != stem:
            continue
        east = form.fullmatch(str(other.value).strip())
        digits = 7 if "7" in field.name or max(map(len, (north[0], str(other.value).strip("- ")))) > 9 else 6
        if form is SCALED:
            digits = _scale(str(field.value), str(other.value))
        if east:
            latitude, longitude = (f"{int(n[0]) / 10**digits:.{digits}f}" for n in (north, east))
            reason = (
                f"the fields are named {field.name} and {other.name}: degrees times 10 to the power {digits}"
            )
            return latitude, longitude, str(field.value), reason
    return None


def _scale(*numbers: str) -> int:
    """The power of ten that whole degrees were multiplied with: 4, unless they are out of range then."""
    most = max(len(number.strip().lstrip("-")) for number in numbers)
    return 4 if most <= MOST_OF_FOUR else 6 if most <= MOST_OF_SIX else 7


def _with_hemispheres(field: Field) -> Pair | None:
    """Degrees with N or S and E or W, as satellite receivers write them (NMEA 0183), and people."""
    text = str(field.value)
    if "N" not in text and "S" not in text:
        return None
    if found := HEMISPHERES.search(text):
        north, east = (_degrees(found[at], found[at + 1]) for at in (1, 3))
    elif found := BEFORE.search(text):
        north, east = (_degrees(found[at + 1], found[at]) for at in (1, 3))
    elif found := EAST_FIRST.search(text):
        east, north = (_degrees(found[at + 1], found[at]) for at in (1, 3))
    elif found := NAMED_MINUTES.search(text):
        north, east = (_minutes(found[at]) for at in (1, 2))
    elif found := APRS.search(text):
        north, east = (_degrees(found[at], found[at + 1]) for at in (1, 3))
    elif found := DEGREES_MINUTES_SECONDS.search(text):
        north, east = (_sexagesimal(*found.group(at, at + 1, at + 2, at + 3)) for at in (1, 5))
    else:
        return None
    return north, east, found[0], "two numbers with the letters of their hemispheres"


def _in_record(field: Field, context: Context) -> Pair | None:
    if DOUBLES in field.evidence.path:
        pair = PAIR.fullmatch(str(field.value)) if holds_device_number(context) else None
        if not pair:
            return None
        return pair[1], pair[2], pair[0], "two numbers of 8 bytes side by side that are degrees"
    found = record_position(str(field.value), context)
    return (*found, "two numbers of degrees side by side in a record of a tracker") if found else None


def _degrees(number: str, hemisphere: str) -> str:
    """Decimal degrees; where four or five digits stand before the point, the last two are minutes."""
    whole, _, fraction = number.partition(".")
    value = float(number)
    if len(whole) > 3:
        value = int(whole[:-2]) + float(f"{whole[-2:]}.{fraction}") / 60
    return f"{-value if hemisphere in 'SW' else value:.5f}"


def _minutes(number: str) -> str:
    return _degrees(number.lstrip("+-"), "S" if number.startswith("-") else "N")


def _sexagesimal(degrees: str, minutes: str, seconds: str, hemisphere: str) -> str:
    value = int(degrees) + int(minutes) / 60 + float(seconds.replace(",", ".")) / 3600
    return f"{-value if hemisphere in 'SW' else value:.5f}"


def _whose(field: Field, place: Pair) -> tuple[Confidence, str]:
    """How sure it is that the place is the phone's: somebody may look up another, or look at a map."""
    beside = {name.lower() for name in field.beside}
    if DOUBLES in field.evidence.path:
        return "medium", ""
    if beside & OF_SENSOR or identity_kinds(field.beside) or OWN_NAME.search(field.name):
        return ("high" if _decimals(place) >= 4 else "medium"), ""
    in_target = field.evidence.path[:1] == ("target",)
    if beside & OF_SEARCH or (in_target and beside & OF_PLACE) or OF_MAP.search(field.name):
        return "low", "beside it stands what belongs to a search or a map: it may be a place looked up"
    if in_target:
        return "medium", ""
    return ("high" if _decimals(place) >= 4 else "medium"), ""


def _stem(name: str) -> str:
    """What a name says beside latitude or longitude: "gps" of gpsLat and gpsLng."""
    return re.sub(r"latitude|lati|lat|longitude|longi|long|lng|lon", "", name, flags=re.IGNORECASE).lower()


def _decimals(place: Pair) -> int:
    return min(len(number.partition(".")[2]) for number in place[:2])


def _precision(decimals: int) -> str:
    metres = 111_000 / 10**decimals
    distance = f"{metres:.0f} m" if metres >= 1 else "less than 1 m"
    return f"{decimals} decimals: steps of {distance} from north to south"
