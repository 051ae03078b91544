"""The model and the parser → the reference pages: every command's options, every field of the JSON report."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import io
import tokenize
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from analyzer import model
from analyzer.cli.parser import parser
from analyzer.report.field_names import COLUMNS, DERIVED, DURATIONS, PATHS, is_time, written

COMMANDS_HEAD = """# Commands

Every command with its options, made by `tools/update_docs.py` from the program's own parser; `--help` prints
the same. Data goes to standard output, progress to standard error and only on a terminal.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a threshold that was asked for is met |
| 2 | wrong usage, unreadable input (of several captures, the others are reported), or any other failure |
| 3 | the capture is damaged: results are complete up to the damage |
"""

JSON_HEAD = """# The JSON report

What `--json` writes, class by class; made by `tools/update_docs.py` from the model and its names. A dot in a
key is a level of the document: `url.domain` is `{{"url": {{"domain": …}}}}`. Names follow the Elastic Common
Schema where it has one. Times are ISO 8601 in UTC with nanoseconds. Keys without a value may be missing. The
JSON Schema (draft 2020-12) is `analyzer/report/schema.json`; the document says `"schema": "{schema}"`.

A table is an object of columns of equal length: `rows`, `times` (the columns that hold times) and `columns`.
Columns that have another name than in Python: {columns}.
"""

WORDS = {str: "text", int: "integer", bool: "true or false", float: "number", bytes: "text or base64"}


# ── commands ────────────────────────────────────────────────────────────────


def commands() -> str:
    """The page of all commands."""
    found = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    said = {action.dest: action.help for action in found._choices_actions}
    return "\n".join((COMMANDS_HEAD, *(_command(n, p, said[n] or "") for n, p in found.choices.items())))


def _command(name: str, command: argparse.ArgumentParser, said: str) -> str:
    actions = [a for a in command._actions if a.dest != "help"]
    rows = [f"| {_asked(action)} | {_cell(action.help or '')} |" for action in actions]
    about = [f"{command.description}\n"] if command.description else []
    return "\n".join(
        (f"## phonehome {name}\n", f"{_sentence(said)}\n", *about, "| | |", "|---|---|", *rows, "")
    )


def _asked(action: argparse.Action) -> str:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if not action.option_strings:
        return f"`{metavar}`".replace("|", "\\|")
    value = "" if action.nargs == 0 else f" {metavar}"
    return ", ".join(f"`{option}{value}`" for option in action.option_strings).replace("|", "\\|")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("%%", "%")


# ── the JSON report ─────────────────────────────────────────────────────────


def json_report() -> str:
    """The page of all classes that a report is made of, in the order in which they are met."""
    columns = ", ".join(f"`{name}` is `{written}`" for name, written in COLUMNS.items() if name != written)
    head = JSON_HEAD.format(schema=model.SCHEMA, columns=columns)
    return "\n".join((head, *(_class(cls) for cls in _reachable(model.Report))))


def _reachable(first: type) -> list[type]:
    found: list[type] = []
    waiting = [first]
    while waiting:
        cls = waiting.pop(0)
        if cls not in found and cls is not model.Table:
            found.append(cls)
            waiting += [inner for hint in typing.get_type_hints(cls).values() for inner in _classes_in(hint)]
    return found


def _classes_in(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    for inner in typing.get_args(hint):
        yield from _classes_in(inner)


def _class(cls: type) -> str:
    said = " ".join((cls.__doc__ or "").split("\n\n")[0].split())
    comments, hints = dict(_comments(cls)), typing.get_type_hints(cls)
    rows = [
        f"| `{_key(cls, f.name)}` | {_type(hints[f.name], f.name)} | {comments.get(f.name, '')} |"
        for f in dataclasses.fields(cls)
    ]
    rows += [
        f"| `{name}` |  | said once more, under the name that other tools use |"
        for name in DERIVED.get(cls, {})
    ]
    return "\n".join((f"## {cls.__name__}\n", f"{said}\n", "| key | type | |", "|---|---|---|", *rows, ""))


def _key(cls: type, name: str) -> str:
    return PATHS.get(cls, {}).get(name) or written(name)


def _type(hint: Any, name: str = "") -> str:
    """A type as a reader of JSON would say it."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if name in DURATIONS:
        return "integer, nanoseconds" + (" or nothing" if types.NoneType in args else "")
    if is_time(name):
        return "time"
    if hint is model.Table:
        return "table"
    if origin in (types.UnionType, typing.Union):
        return " or ".join("nothing" if a is types.NoneType else _type(a) for a in args)
    if origin is typing.Literal:
        return "one of " + ", ".join(f"`{a}`" for a in args)
    if origin is tuple:
        return f"list of {_type(args[0])}" if args[-1] is ... else " and ".join(map(_type, args))
    if origin is not None and issubclass(origin, Mapping):
        return f"object of {_type(args[1])}"
    return WORDS.get(hint) or f"[{hint.__name__}](#{hint.__name__.lower()})"


def _comments(cls: type) -> Iterator[tuple[str, str]]:
    """The remark behind each field, or that on the line above it."""
    above, name = "", ""
    for token in tokenize.generate_tokens(io.StringIO(inspect.getsource(cls)).readline):
        if token.type == tokenize.COMMENT and token.start[1] == 4:
            above = _cell(token.string.removeprefix("# "))
        elif token.type == tokenize.COMMENT:
            yield name, _cell(token.string.removeprefix("# "))
        elif token.type == tokenize.NAME and token.start[1] == 4:
            name = token.string
            if above:
                yield name, above
            above = ""
