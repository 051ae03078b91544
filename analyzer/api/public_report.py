"""The report that `analyzer.analyze` returns: that of the model, with what a notebook asks of it."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from analyzer import model
from analyzer.api.data_frames import DataFrames
from analyzer.model import values_of
from analyzer.pipeline import OnProgress
from analyzer.session.options import OptionFields
from analyzer.system import files

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.report.html.figures import SvgText


class PublicReport(model.Report):
    """A report. Its fields are those of `analyzer.model.Report`; all of them are data and cannot be changed.

    `frames` has the same as tidy pandas tables, `figure` the pictures of the page, `packets` the packets.
    """

    __slots__ = ()

    @classmethod
    def of(cls, report: model.Report) -> Self:
        """Return a report of the model as this class."""
        return cls(**{field.name: getattr(report, field.name) for field in fields(model.Report)})

    # ── files ───────────────────────────────────────────────────────────────

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save`, `to_json` or `phonehome scan --json` wrote. Raises OSError, ValueError."""
        from analyzer.report.json import read

        try:
            text = Path(path).read_text("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{os.fspath(path)}: not a saved report: not UTF-8 text") from None
        try:
            return cls.of(read(text))
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything as JSON, whole or not at all. It holds identifiers: only its owner can read it."""
        files.put(path, self.to_json().encode())

    def to_json(self) -> str:
        """Return everything as a JSON document (docs/report-json.md)."""
        from analyzer.report.json import write

        return write(self)

    def to_html(self, *, show_identifiers: bool = False, lang: str = "en") -> str:
        """Return the page that `phonehome scan --html` writes, with pseudonyms unless asked otherwise.

        `lang` is "en" or "nb"; raises ValueError for any other.
        """
        from analyzer.report.html import write
        from analyzer.report.language import language

        if lang not in ("en", "nb"):
            raise ValueError(f"lang: {lang!r} is not a language of the page; there are en and nb")
        with language(lang):
            return write(self if show_identifiers else self.redact())

    def redact(self, key: bytes | None = None) -> Self:
        """Return the report with pseudonyms for identifiers.

        Reports that were redacted with the same `key` (32 bytes or more) share pseudonyms; without one a key
        is used that nobody keeps. Raises ValueError for a shorter one.
        """
        from analyzer.redaction.redaction import KEY_BYTES, redact

        if key is not None and len(key) < KEY_BYTES:
            raise ValueError(f"key: has {len(key)} bytes, a key has {KEY_BYTES} or more")
        return type(self).of(redact(self, key))

    # ── tables, pictures, packets ───────────────────────────────────────────

    @property
    def frames(self) -> DataFrames:
        """Return the tables of the report: `report.frames.pings`, `report.frames.requests` and others."""
        return DataFrames(self)

    def to_arrow(self) -> dict[str, pa.Table]:
        """Return all tables for Arrow, by name. Raises ImportError where pyarrow is not installed."""
        frames = self.frames
        return {name: frames.to_arrow(name) for name in frames}

    def figure(self, name: str = "timeline") -> SvgText:
        """Draw "timeline", "flow" or "map" as an SVG document, which a notebook shows.

        Raises ValueError where there is no such picture, or nothing to draw.
        """
        from analyzer.report.html.figures import FIGURES

        if name not in FIGURES:
            import difflib

            near = difflib.get_close_matches(str(name), FIGURES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(FIGURES)}"
            raise ValueError(f"no figure {name!r}; {hint}")
        return FIGURES[name](self)

    def packets(
        self,
        *,
        region: str | None = None,
        of: Any = None,
        frames: list[int] | None = None,
        captures: str | os.PathLike[str] | list[str] | None = None,
    ) -> list[Any]:
        """Return packets of the captures as scapy's, in the order of the file; needs the extra `captures`.

        Those sent to addresses of `region`; those that carried `of`, a ping, finding or message of this
        report or several; those of these `frames`, numbers as in Wireshark; without any of these those of the
        whole scope. `captures` says where the files are now, if elsewhere than at the scan.

        Raises ValueError where the region is not of the report's scope, or a file is not the one that was
        scanned (by its SHA-256); CaptureError where it cannot be read; ImportError without scapy.
        """
        from analyzer.api.scapy_packets import packets

        return packets(self, region=region, of=of, frames=frames, captures=captures)

    # ── how it shows itself ─────────────────────────────────────────────────

    def __repr__(self) -> str:
        from analyzer.api.report_card import line

        return line(self)

    def _repr_html_(self) -> str:
        from analyzer.api.report_card import card

        return card(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, model.Report):
            return NotImplemented
        of = values_of(model.Report)
        return of(self) == of(other)

    __hash__ = model.Report.__hash__


def analyze(
    *paths: str | os.PathLike[str], progress: OnProgress | None = None, **options: Unpack[OptionFields]
) -> PublicReport:
    """Read captures and report what left the phone readable, and where everything went.

    `paths` are capture files, or "-" for standard input; files that one recording was split into are read
    as one, in the order of time. `progress` is called with bytes read, of how many, of which file. The other
    keywords are the fields of `analyzer.session.options.Options`. A program that gives `jobs` has to guard
    its main module, as `multiprocessing` says.

    Raises CaptureError where no capture can be read (when one of several can't, that is a Problem of the
    report), ValueError where a keyword is none, or names nothing that there is.
    """
    from analyzer import pipeline

    return PublicReport.of(pipeline.analyze(*paths, progress=progress, **options))
