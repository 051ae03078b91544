"""The bytes of a form (multipart/form-data, RFC 7578) → files, as they come; nothing waits in memory.

The names that a client sends are labels to be shown. Files get names of our own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from analyzer.report.text import clip, visible
from analyzer.report.units import byte_size

MOST_FILES, LONGEST_VALUE, LONGEST_LABEL, LONGEST_HEADER = 200, 4096, 120, 4096


# Seconds that may pass between two pieces of an upload; a place is held for whoever uploads.
PATIENCE = 60.0

NOT_OURS = "The form does not come from this page."


class UploadError(Exception):
    """What was sent is not taken: a status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that was uploaded: our name for it in the folder, and what its owner calls it."""

    name: str
    label: str
    size: int


class Upload:
    """Takes the parts of one form; `is_form` judges the field `key`, which has to come before any file."""

    def __init__(self, content_type: str, folder: Path, most: int, is_form: Callable[[str], bool]) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise UploadError(400, "This is no form with files.")
        self.files: list[UploadedFile] = []
        self.fields: dict[str, str] = {}
        self._folder, self._left, self._is_form = folder, most, is_form
        self._most = most
        self._is_ours = False
        self._name = ""
        self._label: str | None = None
        self._header, self._value = b"", b""
        self._part = b""
        self._file: BinaryIO | None = None
        self._size = 0
        calls: Any = {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header,
            "on_header_value": self._on_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, calls)
        except FormParserError:  # RFC 2046 §5.1.1 allows a boundary 70 characters
            raise UploadError(400, "The form can't be read: its boundary is too long.") from None

    async def take(self, stream: AsyncIterator[bytes]) -> None:
        """All of the form; UploadError where it is not taken."""
        try:
            while (piece := await _next(stream)) is not None:
                if piece:
                    self._parser.write(piece)
            self._parser.finalize()
        except MultipartParseError:
            raise UploadError(400, "The form can't be read.") from None
        except OSError as error:
            raise UploadError(507, f"The file can't be kept ({error.strerror}).") from None
        finally:
            self.close()
        if not self._is_ours:
            raise UploadError(403, NOT_OURS)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    # ── what the parser finds ───────────────────────────────────────────

    def _begin(self) -> None:
        self._name, self._label, self._part, self._size = "", None, b"", 0

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._bounded(self._header)

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._bounded(self._value)

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
            if b"filename" in options:
                self._label = label_of(options[b"filename"].decode("utf-8", "replace"))
        self._header = self._value = b""

    def _end_headers(self) -> None:
        if self._label is None:
            return
        if not self._is_ours:
            raise UploadError(403, NOT_OURS)
        if len(self.files) >= MOST_FILES:
            raise UploadError(413, f"More than {MOST_FILES} files at once are not taken.")
        self._file = (self._folder / f"capture-{len(self.files) + 1}").open("xb", buffering=1 << 20)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._part += data[start:end]
            if len(self._part) > LONGEST_VALUE:
                raise UploadError(413, "A field of the form is too long.")
            return
        self._left -= end - start
        self._size += end - start
        if self._left < 0:
            raise UploadError(413, too_much(self._most))
        self._file.write(memoryview(data)[start:end])

    def _end(self) -> None:
        if self._file is None:
            value = self._part.decode("utf-8", "replace")
            self._is_ours = self._is_ours or (self._name == "key" and self._is_form(value))
            self.fields[self._name[:40]] = value
            if len(self.fields) > 20:
                raise UploadError(413, "The form has too many fields.")
            return
        name = Path(self._file.name).name
        self.close()
        if self._size or self._label:
            self.files.append(UploadedFile(name, self._label or name, self._size))
        else:  # an empty file field without a name is what a browser sends for no file
            (self._folder / name).unlink()

    def _bounded(self, text: bytes) -> None:
        if len(text) > LONGEST_HEADER:
            raise UploadError(413, "The form can't be read.")


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    """The next piece, None at the end; UploadError where it does not come."""
    try:
        return await asyncio.wait_for(anext(stream, None), PATIENCE)
    except TimeoutError:
        raise UploadError(408, f"Nothing more came for {PATIENCE:.0f} s.") from None


def too_much(most: int) -> str:
    """That no more than so many bytes are taken."""
    return f"More than {byte_size(most)} at once are not taken."


def label_of(name: str) -> str:
    """What a client calls its file, to be shown: the last part of a path, harmless, not too long."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return clip(visible(last), LONGEST_LABEL)
