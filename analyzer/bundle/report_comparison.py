"""Two reports of the same captures → which stable claims are equal, and what is judged differently.

Stable claims are what packets decide and no version words differently: bytes, times, hosts, addresses,
decoded values, counts. Places, reasons, names of senders and texts are judgments: databases and versions
change them.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analyzer.bundle.claim_check import NUMBERS, plain
from analyzer.model import Report

# Of each list of a report: the word for an entry, and its values that packets decide.
STABLE: Mapping[str, tuple[str, frozenset[str]]] = {
    "captures": (
        "capture",
        frozenset(("size", "sha256", "frames", "first_ns", "last_ns", "link_types", "ip_packets")),
    ),
    "devices": ("device", frozenset(("id", "mac", "addresses", "packets", "bytes"))),
    "destinations": (
        "destination",
        frozenset(("device", "address", "protocol", "port", "packets_up", "packets_down"))
        | {"bytes_up", "bytes_down", "first_ns", "last_ns"},
    ),
    "messages": (
        "message",
        frozenset(("protocol", "role", "source", "destination", "time_ns", "frames"))
        | {"method", "target", "host", "status", "body sha256", "body size"},
    ),
    "findings": ("finding", frozenset(("kind", "value", "time_ns", "frames", "path"))),
    "pings": ("ping", frozenset(("time_ns", "device", "source", "destination", "host", "frames"))),
}
# Texts and lists that are judged as a whole.
JUDGED = (
    "blind_spots", "problems", "reconstruction", "vantage", "identifiers", "rhythms", "associations",
    "documented", "geo_note", "geo_sources", "conflicts", "gaps", "announcements", "tunnels", "wifi",
    "coverage",
)  # fmt: skip
LONGEST = 160  # characters of a value in a sentence
MOST_JUDGED = 200


@dataclass(frozen=True, slots=True)
class Judgment:
    """One statement that is worded or judged differently."""

    of: str  # "ping zzhc.vnet.cn in frame 268"
    what: str  # the field, empty where the whole is meant
    before: str
    now: str

    @property
    def name(self) -> str:
        """Return what is judged, in words."""
        return f"{self.of} {self.what}".rstrip()


@dataclass(slots=True)
class ReportComparison:
    """What comparing an older report with a new one of the same captures gave."""

    equal: Counter[str] = field(default_factory=Counter)  # stable claims, by the word for them
    lost: list[str] = field(default_factory=list)  # stable claims of the older report that no longer follow
    added: list[str] = field(default_factory=list)  # … of the new one alone
    judged: list[Judgment] = field(default_factory=list)


def compared(old: Report, new: Report) -> ReportComparison:
    """Return what is equal, lost, new and judged differently."""
    made = ReportComparison()
    for name, (word, stable) in STABLE.items():
        _compare(word, stable, getattr(old, name), getattr(new, name), made)
    _compare_rows(old, new, made)
    for name in JUDGED:
        before, now = _as_recorded(getattr(old, name)), _as_recorded(getattr(new, name))
        if before != now and len(made.judged) < MOST_JUDGED:
            made.judged += _judged(name.replace("_", " "), "", before, now)
    return made


def _compare(
    word: str, stable: frozenset[str], old: Iterable[Any], new: Iterable[Any], made: ReportComparison
) -> None:
    """Match entries whose stable values are equal, and compare the rest of each pair."""
    pool: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in map(_values, new):
        pool[_key(each, stable)].append(each)
    for each in map(_values, old):
        near = pool[_key(each, stable)]
        if not near:
            made.lost.append(f"{_name(word, each)}: {_told(each, stable)}")
            continue
        other = near.pop(min(range(len(near)), key=lambda at: len(_different(each, near[at]))))
        made.equal[word] += 1
        for key in _different(each, other):
            if len(made.judged) < MOST_JUDGED:
                made.judged += _judged(_name(word, each), key, each.get(key), other.get(key))
    made.added += [f"{_name(word, each)}: {_told(each, stable)}" for near in pool.values() for each in near]


def _compare_rows(old: Report, new: Report, made: ReportComparison) -> None:
    """Compare tables, which hold counts, times and addresses, row by row."""
    for name, word in (("flows", "flow"), ("region_packets", "region packet")):
        before, now = (Counter(_rows(getattr(each, name).rows())) for each in (old, new))
        made.equal[word] += (before & now).total()
        for rows, target in ((before - now, made.lost), (now - before, made.added)):
            target += [f"{word}: {_cut(row)}" for row in rows.elements()]


def _rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    kept = (
        "capture", "device", "source", "destination", "source_port", "destination_port", "protocol",
        "packets_up", "packets_down", "bytes_up", "bytes_down", "first_ns", "last_ns", "time_ns", "frame",
        "length",
    )  # fmt: skip
    for row in rows:
        yield json.dumps({key: row[key] for key in kept if row.get(key) is not None}, default=str)


def _values(each: Any) -> dict[str, Any]:
    """Return the values of an entry, one level deep, without what only its report numbers."""
    values: dict[str, Any] = _as_recorded(each)
    values |= values.pop("evidence", {})
    for part in ("body", "details"):
        inner = values.pop(part, None)
        values |= {f"{part} {key}": value for key, value in (inner or {}).items()}
    return values


def _as_recorded(value: Any) -> Any:
    return plain(value, lambda capture, frame: (capture, frame))


def _key(values: Mapping[str, Any], stable: frozenset[str]) -> str:
    return json.dumps({key: values.get(key) for key in sorted(stable)}, default=repr)


def _different(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        key for key in {**before, **now} if key not in NUMBERS | {"path"} and before.get(key) != now.get(key)
    ]


def _judged(of: str, what: str, before: Any, now: Any) -> Iterator[Judgment]:
    """Yield one statement; of two lists, the entries that only one of them has."""
    if isinstance(before, list) and isinstance(now, list):
        gone = [each for each in before if each not in now]
        come = [each for each in now if each not in before]
        yield Judgment(of, what, _listed(gone), _listed(come))
    else:
        yield Judgment(of, what, _cut(before), _cut(now))


def _listed(values: Sequence[Any]) -> str:
    return "; ".join(map(_cut, values[:5])) + ("; …" if len(values) > 5 else "")


def _name(word: str, values: Mapping[str, Any]) -> str:
    """Return what names an entry to a reader."""
    told = [
        str(values[key])
        for key in ("kind", "value", "dossier", "method", "host", "address", "id", "path")
        if isinstance(values.get(key), str) and values.get(key)
    ]
    frames = values.get("frames")  # of a capture their number
    first = frames[0] if isinstance(frames, list | tuple) and frames else None
    where = f" in frame {first[1]}" if isinstance(first, list | tuple) else ""
    return " ".join([word, *told[:3]]) + where


def _told(values: Mapping[str, Any], stable: frozenset[str]) -> str:
    return _cut({key: values.get(key) for key in sorted(stable) if values.get(key) not in (None, "", [], {})})


def _cut(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
