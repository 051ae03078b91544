"""The bodies of a report's messages → files under safe names, and an index that says what each of them is.

No name comes from a capture: a file is called by its message's number, the beginning of the SHA-256 of
what it holds, and an ending that the bytes themselves decide. Nothing is written over. Content that is
too much for the report is put aside here while the capture is read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

from analyzer.export.csv import table
from analyzer.export.plain import time
from analyzer.export.table_schema import Column, Type
from analyzer.model import Body, Message, Report
from analyzer.system.files import Folder, NotEmptyError

ASIDE = ".aside-"
INDEX_CSV, INDEX_JSON = "index.csv", "index.json"
# What the first bytes show. All other text is .txt, so that no browser runs it; all else is .bin.
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)
COLUMNS: dict[str, Type] = {
    "file": "text", "message": "int", "role": "text", "capture": "int", "frames": "ints", "time": "time",
    "source": "text", "destination": "text", "host": "text", "method": "text", "target": "text",
    "status": "int", "content_type": "text", "octets_sent": "int", "sha256_sent": "text", "octets": "int",
    "sha256": "text", "codings": "texts", "charset": "text", "charset_from": "text", "complete": "bool",
    "missing": "text", "left_out": "text",
}  # fmt: skip


class BodyFiles:
    """A directory that is filled with the bodies of one report.

    Raises ValueError where the directory can't be made, or has something in it.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._aside: dict[str, str] = {}
        try:
            self._folder = Folder(directory)
        except NotEmptyError as error:
            raise ValueError(f"{directory}: is {error.strerror}, and nothing is written over") from None
        except OSError as error:
            raise ValueError(f"{directory}: can't be made ({error.strerror})") from None

    def put_aside(self, body: Body) -> None:
        """Keep content of which the report will hold the beginning only. Raises OSError."""
        key = _key(body)
        if key not in self._aside:
            name = f"{ASIDE}{len(self._aside) + 1:06}"
            self._folder.write(name, body.content)
            self._aside[key] = name

    def write(self, report: Report) -> int:
        """Write all bodies and the index; gives their number. Raises OSError."""
        rows = list(self._rows(report))
        self._put_back()
        self._folder.write(INDEX_CSV, _csv(rows))
        self._folder.write(INDEX_JSON, json.dumps(list(map(_said, rows)), indent=1).encode("ascii") + b"\n")
        self._folder.finish()
        return len(rows)

    def discard(self) -> None:
        """Remove everything, unless all was written."""
        self._folder.discard()

    def _put_back(self) -> None:
        """Remove what was put aside."""
        for name in self._aside.values():
            self._folder.remove(name)
        self._aside.clear()

    def _rows(self, report: Report) -> Iterator[dict[str, Any]]:
        for message in report.messages:
            if not message.body.length:
                continue
            aside = self._aside.get(_key(message.body))
            content = self._folder.read(aside) if aside is not None else message.body.content
            digest = hashlib.sha256(content).hexdigest()
            name = f"{message.number:06}-{digest[:12]}.{ending_of(content, message.body.charset)}"
            self._folder.write(name, content)
            yield _row(name, digest, len(content), message)


def ending_of(content: bytes, charset: str | None) -> str:
    """The ending of a file's name, by the bytes and never by what the sender says of them."""
    found = next((ending for mark, ending in SIGNATURES if content.startswith(mark)), None)
    if found is not None:
        return found
    if charset is None:
        return "bin"
    return "json" if content.lstrip()[:1] in (b"{", b"[") else "txt"


def _key(body: Body) -> str:
    """What tells bodies apart: equal bytes with equal codings undone have equal content."""
    return f"{body.sha256} {' '.join(body.codings)}"


def _row(name: str, digest: str, size: int, message: Message) -> dict[str, Any]:
    body, evidence = message.body, message.evidence
    values = (
        name, message.number, message.role, evidence.capture, list(evidence.frames), message.time_ns,
        str(message.source), str(message.destination), message.host, message.method, message.target,
        message.status, message.header("content-type"), body.length, body.sha256, size, digest,
        list(body.codings), body.charset, body.charset_from, body.complete, body.missing, body.left_out,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _said(row: dict[str, Any]) -> dict[str, Any]:
    """The row as the JSON has it: its time is one of the calendar."""
    return {**row, "time": time(row["time"])}


def _csv(rows: list[dict[str, Any]]) -> bytes:
    return table([Column(name, kind, [row[name] for row in rows]) for name, kind in COLUMNS.items()])
