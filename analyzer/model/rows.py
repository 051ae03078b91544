"""Tables of rows: what is too many for objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns of equal length: what is too many for objects."""

    columns: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def rows(self) -> list[dict[str, Any]]:
        """One dict a row."""
        names = list(self.columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]


def _table(kind: type, entries: Sequence[Any]) -> Table:
    return Table({f.name: [getattr(e, f.name) for e in entries] for f in fields(kind)})


def _frame(table: Table) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame({name: list(values) for name, values in table.columns.items()})
    for name in [n for n in frame.columns if n.endswith("_ns")]:
        frame[name] = pd.to_datetime(frame[name], unit="ns", utc=True)
    return frame.rename(columns={n: n.removesuffix("_ns") for n in frame.columns if n.endswith("_ns")})


@cache
def values_of(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    """What gives all values of a dataclass's object, in the order in which the class takes them."""
    values = attrgetter(*[field.name for field in fields(kind)])
    return values if len(fields(kind)) > 1 else lambda part: (values(part),)
