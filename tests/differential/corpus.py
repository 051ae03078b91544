"""The corpus on disk: captures, and what tshark saw in each."""

from __future__ import annotations

import importlib.util
import ipaddress
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# pcap link types whose requests count: Ethernet, NULL and LOOP, raw IP, Linux cooked, SLL2.
SUPPORTED_LINK_TYPES = frozenset({1, 0, 108, 12, 14, 101, 228, 229, 113, 276})


@dataclass(frozen=True)
class Entry:
    """One capture of the corpus."""

    id: str
    sha256: str
    path: Path
    truth: dict[str, Any]

    @property
    def key(self) -> str:
        """What the scorer names files by."""
        return self.sha256[:16]

    @property
    def is_supported(self) -> bool:
        """Whether every frame is of a link type that is read."""
        return set(self.truth["linktypes"]) <= SUPPORTED_LINK_TYPES


def entries(corpus: Path) -> list[Entry]:
    """All captures, those with the most bytes first, so that a pool of processes ends evenly."""
    listed = json.loads((corpus / "manifest.json").read_text())
    found = [_entry(corpus, item["id"], item["sha256"]) for item in listed]
    return sorted(found, key=lambda entry: entry.truth["size"], reverse=True)


def _entry(corpus: Path, identity: str, sha256: str) -> Entry:
    truth = json.loads((corpus / "truth" / f"{sha256[:16]}.json").read_text())
    return Entry(identity, sha256, corpus / "captures" / identity, truth)


def is_required(request: dict[str, Any]) -> bool:
    """HTTP/1 over TCP outside TLS that tshark showed with its reordering on."""
    return bool(request["core"] and set(request["found_by"]) & {"A", "B"})


def scorer(corpus: Path) -> Any:
    """The corpus's own score.py as a module."""
    spec = importlib.util.spec_from_file_location("corpus_score", corpus / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Comparison:
    """The requests of one capture beside tshark's, paired by the corpus's scorer."""

    missed: list[dict[str, Any]]  # required ones that were not reported
    extra: list[dict[str, Any]]  # reported ones that tshark has not
    other_body: list[dict[str, Any]]  # tshark's, paired, whose body differs
    # of the reported ones: tshark has the same method in the same frame, and reads another target
    other_target: list[dict[str, Any]]


def compare(score: Any, entry: Entry, reported: list[dict[str, Any]]) -> Comparison:
    """Pair by method, target, addresses and ports, as `score.py` does."""
    truth = [request | {"_req": int(is_required(request))} for request in entry.truth["requests"]]
    pairs = score.match(truth, reported)
    known, used = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    unpaired = [r for j, r in enumerate(reported) if j not in used]
    left = [t for i, t in enumerate(truth) if i not in known]
    other_target = [r for r in unpaired if any(_is_same_start(t, r) for t in left)]
    return Comparison(
        missed=[t for i, t in enumerate(truth) if t["_req"] and i not in known],
        extra=[r for r in unpaired if r not in other_target],
        other_target=other_target,
        other_body=[truth[i] for i, j in pairs if truth[i]["_req"] and _differs(truth[i], reported[j])],
    )


def _differs(request: dict[str, Any], reported: dict[str, Any]) -> bool:
    bodies = {request.get("body_sha256"), request.get("body_decoded_sha256")}
    return bool(request.get("body_sha256")) and reported["body_sha256"] not in bodies - {None}


def _is_same_start(request: dict[str, Any], reported: dict[str, Any]) -> bool:
    starts = [(*_ends(message), message["method"]) for message in (request, reported)]
    return request["frame"] in reported["frames"] and starts[0] == starts[1]


def _ends(message: dict[str, Any]) -> tuple[Any, ...]:
    return _address(message["src"]), message["sport"], _address(message["dst"]), message["dport"]


def _address(text: str) -> str:
    """An IPv4 address that stands in IPv6 (RFC 4291 §2.5.5.2) as what it is."""
    address = ipaddress.ip_address(text)
    return str(getattr(address, "ipv4_mapped", None) or address)


# ── responses ───────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Responses:
    """The responses of one capture beside tshark's, paired by ends, status, frame and body."""

    matched: int  # required ones that were reported
    bodies: int  # … for which tshark shows a body
    missed: list[dict[str, Any]]
    extra: list[dict[str, Any]]  # reported ones that tshark has not
    cut: list[dict[str, Any]]  # … that are incomplete: tshark shows a response where it ends
    other_body: list[tuple[dict[str, Any], dict[str, Any]]]  # (tshark's, reported)


def compare_responses(truth: list[dict[str, Any]], reported: list[dict[str, Any]]) -> Responses:
    """Pair each of tshark's responses with the reported one that is most like it."""
    free, pairs, missed = list(reported), list[tuple[dict[str, Any], dict[str, Any]]](), []
    for seen in sorted(truth, key=lambda response: response["frame"]):
        alike = [r for r in free if _ends_and_status(r) == _ends_and_status(seen)]
        if alike:
            best = max(alike, key=lambda r: (_has_same_body(seen, r), seen["frame"] in r["frames"]))
            free.remove(best)
            pairs.append((seen, best))
        elif is_required(seen):
            missed.append(seen)
    required = [(seen, r) for seen, r in pairs if is_required(seen)]
    with_body = [(seen, r) for seen, r in required if seen.get("body_sha256")]
    return Responses(
        matched=len(required),
        bodies=len(with_body),
        missed=missed,
        extra=[r for r in free if r["complete"]],
        cut=[r for r in free if not r["complete"]],
        other_body=[(seen, r) for seen, r in with_body if not _has_same_body(seen, r)],
    )


def _ends_and_status(response: dict[str, Any]) -> tuple[Any, ...]:
    return *_ends(response), response["status"]


def _has_same_body(seen: dict[str, Any], reported: dict[str, Any]) -> bool:
    """As sent, or with its content codings undone."""
    bodies = {seen.get("body_sha256"), seen.get("body_decoded_sha256")}
    mine = {reported["body_sha256"], reported.get("body_content_sha256")}
    return bool((bodies & mine) - {None}) or not any(bodies | mine)


def results(directory: Path, captures: list[Entry]) -> Iterator[tuple[Entry, dict[str, Any]]]:
    """Each capture with the result file that a run has written for it."""
    for entry in captures:
        path = directory / f"{entry.key}.json"
        if path.exists():
            yield entry, json.loads(path.read_text())
