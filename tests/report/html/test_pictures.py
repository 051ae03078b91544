"""What the pictures draw is what the report counts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.model import Association, Place, Table
from analyzer.report.html import flow, geography, map, timeline
from analyzer.report.html.world import outlines
from tests.report.builders import CAPTURE, MINUTE, PHONE, START, destination, quiet_report, sample_report

COUNTRIES = Path(map.__file__).parents[1] / "countries.json"


def flows(*rows: tuple[int, int, int, int, int]) -> Table:
    """first, last, bytes, payload, readable of each."""
    names = ("first_ns", "last_ns", "bytes_up", "payload", "readable")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return Table({**columns, "bytes_down": [0] * len(rows)})


def test_bytes_are_spread_over_the_time_of_their_flow_and_none_is_lost() -> None:
    table = flows((0, 100, 1000, 10, 10), (25, 25, 60, 10, 0), (90, 100, 40, 0, 0), (-50, 500, 7, 0, 0))
    readable, rest = timeline.binned(table, 0, 100, bins=4)
    assert readable == pytest.approx([250, 250, 250, 250])
    assert sum(rest) == pytest.approx(107)
    assert rest[1] > 60
    assert rest[3] > 40


def test_a_capture_of_one_moment_or_of_a_century_has_a_bounded_timeline() -> None:
    for last in (START, START + 1, START + 100 * 365 * 86_400 * 10**9, 2**62):
        info = replace(CAPTURE, last_ns=last)
        drawn = timeline.timeline(replace(sample_report(), captures=(info,)))
        assert drawn is not None
        assert len(drawn.ticks) <= 10
        assert all(drawn.left <= x <= drawn.right for x, _label in drawn.ticks)


def test_without_any_time_there_is_no_timeline() -> None:
    info = replace(CAPTURE, first_ns=None, last_ns=None)
    assert timeline.timeline(replace(sample_report(), captures=(info,))) is None


def test_an_attempt_is_hollow_and_an_operators_event_stands_before_those_of_the_capture() -> None:
    events = [
        Association("d", PHONE, name, origin, 3, 1, 1, 10, 1, 0, 0, "said", (START + MINUTE,))  # type: ignore[arg-type]
        for name, origin in (("DHCP request", "capture"), ("switched on", "log"))
    ]
    drawn = timeline.timeline(replace(sample_report(), associations=tuple(events)))
    assert drawn is not None
    assert [lane.kind for lane in drawn.lanes] == ["ping", "ping", "log", "event", "message"]
    assert [filled for _x, filled in drawn.lanes[0].marks] == [True] * 3
    assert [filled for _x, filled in drawn.lanes[1].marks] == [False]


def test_without_pings_the_timeline_still_knows_when_a_phone_joined_the_network() -> None:
    table = Table(
        {"kind": ["tls", "dhcp", "dhcp"], "first_ns": [START, START + 1, None], "last_ns": [START] * 3}
    )
    drawn = timeline.timeline(replace(quiet_report(), flows=table))
    assert drawn is not None
    assert [(lane.label, lane.kind, lane.times) for lane in drawn.lanes] == [
        ("DHCP exchanges begin", "event", 1)
    ]


def test_an_address_is_counted_once_whatever_ports_and_devices_went_to_it() -> None:
    rows = [destination("192.0.2.1", "SG", "CN", device=device) for device in ("a", "b", "c")]
    places = geography.geography(replace(quiet_report(), destinations=tuple(rows)))
    assert {c.code: c.addresses for c in places.countries} == {"SG": 1, "CN": 0}
    assert [(link.located, link.other, link.claim) for link in places.links] == [("SG", "CN", "registered")]
    assert places.countries[0].code == "CN"  # the scope stands first


def test_china_hong_kong_macao_and_taiwan_are_four_countries_each_with_its_own_place() -> None:
    codes = ("CN", "HK", "MO", "TW")
    rows = tuple(destination(f"192.0.2.{i}", code, code) for i, code in enumerate(codes))
    places = geography.geography(replace(quiet_report(), destinations=rows))
    drawn = map.world_map(places, ("CN",))
    assert {c.code: c.addresses for c in places.countries} == dict.fromkeys(codes, 1)
    assert {shape.code for shape in drawn.shapes} == set(codes)
    assert [shape.code for shape in drawn.shapes if shape.in_scope] == ["CN"]
    assert {shape.code for shape in drawn.shapes if not shape.path} == {"HK", "MO"}


def test_special_and_unlocated_addresses_are_in_no_country() -> None:
    local = replace(
        destination("10.0.0.1", "NO", "NO"), place=Place("10.0.0.1", "special-purpose", special="private")
    )
    nowhere = replace(destination("192.0.2.9", "NO", "NO"), place=None)
    places = geography.geography(replace(quiet_report(), destinations=(local, nowhere)))
    assert (places.special, places.unknown, places.countries) == (1, 1, ())


def test_labels_of_the_map_never_cover_each_other() -> None:
    codes = sorted(outlines()["points"])
    rows = tuple(destination(f"2001:db8::{i:x}", code, code) for i, code in enumerate(codes))
    drawn = map.world_map(geography.geography(replace(quiet_report(), destinations=rows)), ("CN",))
    boxes = [(x.x - 7 * len(x.text), x.y - 20, x.x + 7 * len(x.text), x.y + 5) for x in drawn.labels]
    hits = [
        (a, b)
        for i, a in enumerate(boxes)
        for b in boxes[:i]
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]
    assert hits == []
    assert 5 <= len(boxes) <= map.MOST_LABELS


def test_every_outline_has_a_name_and_no_path_runs_across_the_map() -> None:
    world, names = outlines(), json.loads(COUNTRIES.read_text("utf-8"))
    assert set(world["shapes"]) <= set(names)
    assert all(set(name) == {"en", "nb"} for name in names.values())
    steps = [
        int(n) for path in world["shapes"].values() for part in path.split("l")[1:] for n in numbers(part)
    ]
    assert max(map_abs(steps)) < world["width"] / 4


def numbers(part: str) -> list[str]:
    return part.split("z")[0].replace("-", " -").split()


def map_abs(values: list[int]) -> list[int]:
    return [abs(value) for value in values]


def test_the_flow_picture_is_bounded_and_keeps_every_byte() -> None:
    rows = [destination(f"2001:db8::{i:x}", "NO", "NO", device=f"d{i % 40}", size=i) for i in range(1, 3000)]
    scope = destination("192.0.2.15", "CN", "CN", scope=("located CN",))
    parts = [flow._part(replace(row, names=())) for row in (*rows, scope)]
    kept = flow.bounded(parts)
    assert sum(p.size for p in kept) == sum(p.size for p in parts)
    assert "192.0.2.15" in {p.destination for p in kept}
    drawn = flow.flow_picture(replace(quiet_report(), destinations=(*rows, scope)))
    assert drawn is not None
    assert len(drawn.nodes) < 45
    assert [n.label for n in drawn.nodes if n.in_scope] == ["host-15.example", "China (CN)"]


def test_readable_bytes_are_a_band_of_their_own() -> None:
    row = replace(destination("192.0.2.1", "NO", "NO"), payload_up=100, payload_down=0, payload_readable=25)
    drawn = flow.flow_picture(replace(quiet_report(), destinations=(row,)))
    assert drawn is not None
    assert sorted(band.kind for band in drawn.bands) == ["readable", "readable", "unread", "unread"]
    assert drawn.readable == "25 %"


def test_nothing_counted_gives_no_flow_picture() -> None:
    assert flow.flow_picture(replace(quiet_report(), destinations=())) is None
