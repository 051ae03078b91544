"""Words → blocks for the terminal. `say` is the one way in: all text passes `visible` there."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

from rich.box import HEAVY
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from analyzer.report.text import visible

INDENT = 2
LONGEST_WORD = 21  # columns of a word that a table never breaks: an ICCID with its check digit


def printed(blocks: Iterable[RenderableType], width: int, colour: bool) -> str:
    """The blocks as text of at most `width` columns (40 or more).

    Without `colour` the only control character is the newline.
    """
    console = Console(
        file=io.StringIO(),
        width=max(width, 40),
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    with console.capture() as captured:
        for block in blocks:
            console.print(block)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1])


def say(text: str, style: str = "") -> Text:
    """One line of text, harmless whatever it holds; no markup is read in it."""
    return Text(visible(text), style=style, overflow="fold")


def lines(*texts: str, style: str = "") -> Text:
    """Several lines, each harmless."""
    return Text("\n", overflow="fold").join(say(text, style) for text in texts)


def section(title: str, *blocks: RenderableType) -> RenderableType:
    """A titled part, set off by an empty line."""
    return Group(Text(), say(title.upper(), "bold"), *(Padding(block, (0, 0, 0, INDENT)) for block in blocks))


def indented(*blocks: RenderableType) -> RenderableType:
    return Group(*(Padding(block, (0, 0, 0, INDENT)) for block in blocks))


def bullets(texts: Iterable[str], mark: str = "•") -> RenderableType:
    """A list with hanging indent."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for text in texts:
        grid.add_row(say(mark), say(text))
    return grid


def facts(pairs: Iterable[tuple[str, str | Text]]) -> RenderableType:
    """Label and value, a row each; empty values are left out."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold", style="dim")
    grid.add_column(overflow="fold")
    for label, value in pairs:
        if value:
            grid.add_row(say(label), say(value) if isinstance(value, str) else value)
    return grid


def table(
    headers: Sequence[str], rows: Iterable[Sequence[str | Text]], right: Sequence[str] = ()
) -> RenderableType:
    """Columns under headers; those named in `right` are set right, as numbers are."""
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for header in headers:
        if header in right:  # a number is never broken over two lines; a cut one shows its "…"
            grid.add_column(say(header), justify="right", overflow="ellipsis", no_wrap=True)
        else:
            grid.add_column(say(header), overflow="fold")
    cells = [[say(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    for row in cells:
        grid.add_row(*row)
    return FittingTable(grid, [visible(header) for header in headers], cells)


class FittingTable:
    """A table where it fits; where its columns would break words, a short paragraph a row."""

    def __init__(self, grid: Table, headers: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
        self._grid, self._headers, self._rows = grid, headers, rows

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        if self._least() <= options.max_width:
            yield self._grid
            return
        for row in self._rows:
            first, *rest = row
            yield Text.assemble(first, style="bold", overflow="fold")
            said = [f"{header} {', '.join(cell.plain.splitlines())}" for header, cell in self._named(rest)]
            yield Padding(Text(" · ".join(said), overflow="fold"), (0, 0, 0, INDENT))

    def _named(self, cells: Sequence[Text]) -> Iterator[tuple[str, Text]]:
        pairs = zip(self._headers[1:], cells, strict=False)
        return ((header, cell) for header, cell in pairs if cell.plain.strip())

    def _least(self) -> int:
        """Columns that the table needs so that no word but a very long one is broken."""
        columns = zip(*self._rows, strict=False)
        wide = [
            max(_longest(header), *(min(_longest(cell.plain), LONGEST_WORD) for cell in column))
            for header, column in zip(self._headers, columns, strict=False)
        ]
        return sum(wide) + 2 * max(len(wide) - 1, 0)


def _longest(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def notice(title: str, text: str) -> RenderableType:
    """What nobody may overlook."""
    return Panel(
        lines(*text.split("\n")), title=say(title, "bold"), box=HEAVY, border_style="bold", title_align="left"
    )
