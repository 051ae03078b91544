"""A small archive: folders with captures, rotated ones, a cut and a compressed one, and other files."""

from __future__ import annotations

import gzip
import os
import signal
from dataclasses import replace
from pathlib import Path

from analyzer.geo import Locator
from analyzer.model import Report
from analyzer.report import json
from analyzer.session.options import Options
from tests import builders
from tests.builders import START_NS, http_request, http_response
from tests.pipeline.captures import CHINA, NORWAY, web

BODY = b"imei=490154203237518&mac=00:00:5e:00:53:a7&model=TA-1046&operator=24201"
POST = http_request("POST", "/register", "a.example", BODY, Content_Type="application/x-www-form-urlencoded")
DAY = 86_400 * 10**9


def capture(frames: list[bytes], begin: int = START_NS) -> bytes:
    return builders.pcap(frames, times_ns=[begin + n * 1_000_000 for n in range(len(frames))])


def archive(folder: Path) -> list[Path]:
    """Captures under names that tell nothing; beside them a text and an empty file."""
    sent = [web(CHINA, POST, http_response(200, b"ok"), port=40000 + n) for n in range(4)]
    whole = web(NORWAY, http_request("GET", "/", "b.example"), http_response(200, b"x" * 3000))
    contents = {
        "a/one.dat": capture(sent[0]),
        "a/two": gzip.compress(capture(sent[1], START_NS + DAY), mtime=0),
        "b/cut.pcap": capture(sent[2], START_NS + 2 * DAY)[:-20],
        "b/deep/rotated-1.pcap": capture(whole[:4], START_NS + 3 * DAY),
        "b/deep/rotated-2.pcap": capture(whole[4:], START_NS + 3 * DAY + 4_000_000),
        "b/three.pcapng": capture(sent[3], START_NS + 4 * DAY),
    }
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "notes.pcap").write_text("not a capture at all\n")
    (folder / "empty.pcap").touch()
    return [folder / name for name in contents]


DEADLY_NS = START_NS + 40 * DAY


def deadly(path: Path) -> Path:
    """Write the capture that ends the process which reads it with `Deadly` options."""
    path.write_bytes(capture(web(CHINA, POST, http_response(200, b"ok"), port=40_040), DEADLY_NS))
    return path


class Deadly(Options):
    """Options with which a process ends once it reads a capture of a certain moment."""

    def locator(self, capture_ns: int | None) -> Locator:
        if capture_ns == DEADLY_NS:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().locator(capture_ns)


def bytes_of(report: Report) -> str:
    """The report without the moment at which it was made."""
    return json.write(replace(report, created_ns=0))
