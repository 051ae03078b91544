"""Frames of captures and of evidence bundles → scapy's packets.

The bytes are those of the file: this package's own reader takes them, so that every format that is scanned
can be asked, and scapy dissects them. scapy is imported here alone, and needs the extra `captures`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analyzer.api.data_frames import DataFrames
from analyzer.bundle.bundle import FOLDER
from analyzer.capture import Capture
from analyzer.model import Report

_MISSING = "scapy packets need the package scapy: pip install '.[captures]' in phonehome's folder"


def packets(
    report: Report,
    *,
    region: str | None = None,
    of: Any = None,
    frames: Sequence[int] | None = None,
    captures: str | os.PathLike[str] | Sequence[str] | None = None,
) -> list[Any]:
    """Return packets of a report's captures; see `PublicReport.packets`."""
    if sum(given is not None for given in (region, of, frames)) > 1:
        raise ValueError("region, of and frames are three ways to choose packets; give one of them")
    wanted: dict[int, set[int]] = defaultdict(set)
    for capture, frame in _chosen(report, region, of, frames):
        wanted[capture].add(frame)
    paths = _paths(report, captures)
    return [
        packet
        for at in sorted(wanted)
        for packet in _packets(paths[at], wanted[at], report.captures[at].sha256)
    ]


def bundle_packets(folder: str | os.PathLike[str]) -> list[Any]:
    """Return the packets of an evidence bundle as scapy's, a flow after the other.

    `packet.comment` says why each is there and its number in the capture that was recorded. Raises ValueError
    where the folder is no bundle; ImportError without scapy. `phonehome verify` says whether it is whole.
    """
    rdpcap = _scapy("utils").rdpcap
    found = sorted((Path(folder) / FOLDER).glob("*.pcapng"))
    if not found:
        raise ValueError(f"{os.fspath(folder)}: is no evidence bundle: it has no {FOLDER}/*.pcapng")
    return [packet for path in found for packet in rdpcap(str(path))]


def _chosen(
    report: Report, region: str | None, of: Any, frames: Sequence[int] | None
) -> Iterator[tuple[int, int]]:
    """Yield capture and frame of each packet that is asked for."""
    if frames is not None:
        if len(report.captures) != 1:
            raise ValueError("frames: the report is of several captures; give `of`, which knows its capture")
        yield from ((0, frame) for frame in frames)
    elif of is not None:
        for entry in of if isinstance(of, Iterable) else (of,):
            yield from _carrying(entry)
    else:
        rows = DataFrames(report).packets(region)
        yield from zip(rows["capture"].tolist(), rows["frame"].tolist(), strict=True)


def _carrying(entry: Any) -> Iterator[tuple[int, int]]:
    evidence = getattr(entry, "evidence", None)
    if evidence is None:
        raise ValueError(f"of: a {type(entry).__name__} has no frames; a ping, a finding or a message has")
    for capture, numbers in ((evidence.capture, evidence.frames), *evidence.continued):
        yield from ((capture, number) for number in numbers)


def _paths(report: Report, captures: str | os.PathLike[str] | Sequence[str] | None) -> list[str]:
    if captures is None:
        return [info.path for info in report.captures]
    given = [captures] if isinstance(captures, str | os.PathLike) else list(captures)
    if len(given) != len(report.captures):
        raise ValueError(f"captures: the report is of {len(report.captures)}, {len(given)} were given")
    return [os.fspath(path) for path in given]


def _packets(path: str, wanted: set[int], sha256: str | None) -> list[Any]:
    if path == "-":
        raise ValueError("the capture was standard input and is gone; captures=… names a copy of it")
    types: Mapping[int, Any] = _scapy("config").conf.l2types.num2layer
    raw = _scapy("packet").Raw
    _scapy("layers.all")
    capture, found = Capture(path), []
    for batch in capture:
        records, first = batch.records, batch.first_frame
        for number in sorted(n for n in wanted if first <= n < first + len(records)):
            row = number - first
            start = int(records.offset[row])
            data = bytes(batch.data[start : start + int(records.captured[row])])
            packet = types.get(int(records.link[row]), raw)(data)
            packet.time = _seconds(int(records.time_ns[row]))
            packet.wirelen = int(records.wire[row])
            found.append(packet)
    if sha256 and capture.source.sha256() != sha256:
        raise ValueError(f"{path}: is not the capture of the report: its SHA-256 differs")
    missing = len(wanted) - len(found)
    if missing:
        raise ValueError(f"{path}: {missing} of the frames that were asked for are not in it")
    return found


def _seconds(time_ns: int) -> Any:
    """Return a time as scapy keeps it, without losing a nanosecond."""
    decimal = _scapy("utils").EDecimal
    return decimal(time_ns) / decimal(10**9)


def _scapy(module: str) -> Any:
    from importlib import import_module

    try:
        return import_module(f"scapy.{module}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("scapy"):
            raise ImportError(_MISSING) from None
        raise
