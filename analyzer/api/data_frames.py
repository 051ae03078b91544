"""Tidy tables of a report → pandas, Arrow and, through Arrow, Polars."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from analyzer.export.column_notes import TABLES, note
from analyzer.export.parquet import arrow_table
from analyzer.export.table_schema import Column
from analyzer.export.tidy_schema import TidyTable, tidy_tables
from analyzer.model import Report
from analyzer.report.text import visible

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# Columns of few values; those in an order have it, so that `confidence >= "medium"` can be asked.
_UNORDERED = frozenset(
    ("kind", "protocol", "role", "method", "class", "owner", "dossier", "title", "located", "second",
     "registered", "operated", "verdict", "known_by", "ended", "version", "state", "code", "special")
)  # fmt: skip
_ORDERED: Mapping[str, tuple[str, ...]] = {
    "confidence": ("low", "medium", "high"),
    "status": ("attempted", "delivered", "answered", "accepted"),
}
_TYPES = {"int": "Int64", "float": "Float64", "bool": "boolean"}


class DataFrames:
    """The tables of a report as pandas frames: `report.frames.pings`, or `report.frames["ping_fields"]`.

    One value a cell, times with their zone (UTC, nanoseconds), categories where values are few, and keys to
    join on. Each frame is made when it is asked for. `report.frames.columns("pings")` says what each column
    holds and what it joins.
    """

    def __init__(self, report: Report) -> None:
        self._report = report

    @property
    def pings(self) -> pd.DataFrame:
        """Return a row for each activation or registration message."""
        return self["pings"]

    @property
    def identifiers(self) -> pd.DataFrame:
        """Return a row for each kind and value that left readable."""
        return self["identifiers"]

    @property
    def findings(self) -> pd.DataFrame:
        """Return a row for each time that a value was found."""
        return self["findings"]

    @property
    def devices(self) -> pd.DataFrame:
        """Return a row for each local device."""
        return self["devices"]

    @property
    def requests(self) -> pd.DataFrame:
        """Return a row for each readable request, with what came back."""
        return self["requests"]

    @property
    def messages(self) -> pd.DataFrame:
        """Return a row for each readable message."""
        return self["messages"]

    @property
    def destinations(self) -> pd.DataFrame:
        """Return the ledger: a row for each device, address, protocol and port."""
        return self["destinations"]

    @property
    def flows(self) -> pd.DataFrame:
        """Return a row for each flow."""
        return self["flows"]

    @property
    def coverage(self) -> pd.DataFrame:
        """Return how many packets and bytes were searched, and how many were not."""
        return self["coverage"]

    def packets(self, region: str | None = None) -> pd.DataFrame:
        """Return a row for each packet sent to an address of the scope, of one region where one is named.

        Raises ValueError where the report was not asked for that region: its packets were not listed then.
        """
        frame = self["region_packets"]
        if region is None:
            return frame
        regions = self._report.scope.regions
        if region.upper() not in regions:
            raise ValueError(f"{region!r} is not a region of this report ({', '.join(regions)})")
        places = {row.address: row.scope_claims for row in self._report.destinations}
        wanted = [a for a, claims in places.items() if any(region.upper() in c.split() for c in claims)]
        return frame[frame["destination"].isin(wanted)].reset_index(drop=True)

    def columns(self, name: str) -> pd.DataFrame:
        """Return what each column of a table holds: column, type, note, joins."""
        import pandas as pd

        table = self._table(name)
        rows = [(c.name, c.type, note(c.name), ".".join(table.joins.get(c.name, ()))) for c in table.columns]
        return pd.DataFrame(rows, columns=["column", "type", "note", "joins"])

    def to_arrow(self, name: str) -> pa.Table:
        """Return a table for Arrow; `polars.from_arrow` takes it. Raises ImportError without pyarrow."""
        return arrow_table(self._table(name).columns, {})

    def __getitem__(self, name: str) -> pd.DataFrame:
        import pandas as pd

        table = self._table(name)
        return pd.DataFrame({column.name: _series(column) for column in table.columns})

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)

    def __repr__(self) -> str:
        rows = (f"{name}: {len(self._tables[name]):,}" for name in TABLES)
        return f"<tables of a report, rows each: {', '.join(rows)}>"

    @cached_property
    def _tables(self) -> dict[str, TidyTable]:
        return tidy_tables(self._report)

    def _table(self, name: str) -> TidyTable:
        if name in self._tables:
            return self._tables[name]
        near = difflib.get_close_matches(name, self._tables, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(TABLES)}"
        raise ValueError(f"no table {visible(name)!r}; {hint}")


def _series(column: Column) -> Any:
    """Return a column with the type that keeps what is unknown apart from what is not."""
    import pandas as pd

    values = list(column.values)
    if column.type == "time":
        stamps = [
            None if value is None else pd.Timestamp(value, tz="UTC") for value in map(_in_range, values)
        ]
        return pd.Series(stamps, dtype="datetime64[ns, UTC]")
    if column.type in _TYPES:
        return pd.Series(values, dtype=_TYPES[column.type])
    order = _ORDERED.get(column.name)
    if order is not None and set(values) - {None} <= set(order):
        return pd.Series(pd.Categorical(values, categories=order, ordered=True))
    if column.name in _UNORDERED:
        return pd.Series(values, dtype="category")
    return pd.Series(values, dtype="string")


def _in_range(value: int | None) -> int | None:
    """Return a time that pandas can hold (years 1678 to 2262), None for any other."""
    return value if value is not None and abs(value) < 9_223_300_000_000_000_000 else None
