"""The folder that `--bodies` names, found usable before the long scan."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Self

from analyzer.cli.output import UnusableError

if TYPE_CHECKING:
    from analyzer.cli.body_files import BodyFiles
    from analyzer.model import Body, Report


class Bodies:
    """The folder that `--bodies` names, found usable before the long scan; None does nothing."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._files: BodyFiles | None = None
        if path is None:
            return
        from analyzer.cli.body_files import BodyFiles

        try:
            self._files = BodyFiles(path)
        except ValueError as error:
            raise UnusableError(f"--bodies {error}") from None

    def put_aside(self, body: Body) -> None:
        """Keep what is too much for the report; UnusableError where the disk refuses."""
        if self._files is not None:
            try:
                self._files.put_aside(body)
            except OSError as error:
                raise self._unwritable(error) from None

    def write(self, report: Report) -> None:
        """Write the bodies and their index; UnusableError where the disk refuses."""
        if self._files is not None:
            try:
                self._files.write(report)
            except OSError as error:
                raise self._unwritable(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._files is not None:
            with suppress(OSError):
                self._files.discard()

    def _unwritable(self, error: OSError) -> UnusableError:
        return UnusableError(f"--bodies {self._path}: can't be written ({error.strerror})")
