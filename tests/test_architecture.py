"""Folders import only lower ones, without circles, so that each can be read, tested and replaced alone."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "analyzer"

# The house from top to bottom. A folder imports itself and whatever stands below it.
LAYERS = (
    *("__main__", "api", "cli", "serve", "bundle", "corpus", "live", "pipeline", "session"),
    *(
        "export",
        "compare",
        "redaction",
        "report",
        "conclusions",
        "inspection",
        "dossiers",
        "identifiers",
        "codecs",
    ),
    *("dissectors", "layouts", "flows", "packets", "capture", "core", "geo", "system", "model", "version"),
)
# Folders that know only these, however many stand below them.
ALONE = {
    "report": {"dossiers", "model"},  # of dossiers, the purposes of requests
    "export": {"model", "report"},
    "dossiers": {"layouts", "model"},
    "identifiers": {"model"},
    "codecs": {"model"},
    "geo": {"model", "system"},
    "core": set(),
    "system": {"model"},
    "model": set(),
    "version": set(),
    "inspection": {"codecs", "dossiers", "identifiers", "layouts", "model", "system"},
    "conclusions": {"dossiers", "identifiers", "model", "version"},
    "compare": {"conclusions", "model", "report"},
    "redaction": {"codecs", "identifiers", "inspection", "model", "report"},
    "layouts": set(),
    "dissectors": {"capture", "core", "flows", "layouts", "model", "packets", "system"},
    "flows": {"capture", "core", "model", "packets"},
    "packets": {"capture", "core", "model"},
    "capture": {"core", "model", "system"},
}
# The same role in each of these folders, and so the same name.
SAME_ROLE = {
    "json.py": {"codecs", "report"},  # an encoding; the document
    "kernel.py": {"packets", "packets/wifi", "flows"},  # the compiled part of each layer
    "tunnels.py": {"packets", "flows", "report/terminal"},
    "method.py": {"report/html", "report/terminal"},  # the section on how a report was made
}


def allowed(layer: str) -> set[str]:
    """Return the folders that a folder may import beside itself."""
    return ALONE.get(layer, set(LAYERS[LAYERS.index(layer) + 1 :]))


def layer_of(module: str) -> str:
    """Return the folder of a module, `flows` for `analyzer.flows.ledger`; `__init__` for the package."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imported_modules(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Yield the absolute names of all modules of `analyzer` that a source text imports, anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "analyzer")
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            if base == "analyzer":
                yield from (f"analyzer.{name.name}" for name in node.names)
            elif base.startswith("analyzer."):
                yield base


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    package = module.split(".") if is_package else module.split(".")[:-1]
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """Return a sentence for each import of a module that stands higher."""
    layer = layer_of(module)
    if layer == "__init__":
        return []
    if layer not in LAYERS:
        return [f"{module}: the folder {layer!r} has no place in the order; add it to LAYERS"]
    names = imported_modules(source, module, is_package)
    return [f"{module} imports {name}" for name in names if layer_of(name) not in allowed(layer) | {layer}]


@cache
def modules() -> dict[str, Path]:
    """Return every module of the package with its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("analyzer", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def test_a_folder_imports_only_lower_ones() -> None:
    assert [
        sentence
        for module, path in modules().items()
        for sentence in violations(path.read_text(), module, path.name == "__init__.py")
    ] == []


def test_what_stands_alone_stands_above_what_it_knows() -> None:
    for layer, known in ALONE.items():
        assert known <= set(LAYERS[LAYERS.index(layer) + 1 :])


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(graph()) == []


def graph() -> dict[str, set[str]]:
    """Return the modules that each module imports at its top level or inside a function."""
    found = {}
    for module, path in modules().items():
        source = path.read_text()
        names = set(_named(source, module, path.name == "__init__.py"))
        found[module] = {name for name in names if name in modules() and name != module}
    return found


def _named(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Yield what is imported: of `from package import module` the module, not the package."""
    tree = ast.parse(source)
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            yield from (
                inner if (inner := f"{base}.{name.name}") in modules() else base for name in node.names
            )


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that reach each other (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(arrows[module]):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(arrows):
        if module not in index:
            visit(module)
    return found


def test_each_class_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for module, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(module)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_modules_share_a_name_only_where_their_role_is_the_same() -> None:
    places = defaultdict(set)
    for path in modules().values():
        if path.name not in ("__init__.py", "__main__.py"):
            places[path.name].add(path.parent.relative_to(PACKAGE).as_posix())
    shared = {name: found for name, found in places.items() if len(found) > 1 and "cli" not in found}
    assert {name: found for name, found in shared.items() if not found <= SAME_ROLE.get(name, set())} == {}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("analyzer.capture.pcap", "from analyzer.flows.ledger import Ledger"),
        ("analyzer.capture.pcap", "from analyzer import flows"),
        ("analyzer.capture.pcap", "from ..dissectors import http1"),
        ("analyzer.capture.pcap", "import analyzer.pipeline"),
        ("analyzer.model.report", "import analyzer.capture.pcap"),
        ("analyzer.packets.table", "def later():\n    from analyzer.flows import reassembly"),
        ("analyzer.codecs.json", "from analyzer.dissectors.http1 import Message"),
        ("analyzer.identifiers.imei", "from analyzer.inspection.decode import fields_of"),
        ("analyzer.report.html.page", "from analyzer.geo import places"),
        ("analyzer.geo.special", "from analyzer import cli"),
        ("analyzer.novelty.thing", ""),
    ],
)
def test_an_import_upwards_or_sideways_is_found(module: str, source: str) -> None:
    assert len(violations(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "analyzer.flows.ledger",
            "from analyzer.packets.table import PacketTable\nfrom analyzer import model",
        ),
        ("analyzer.flows.ledger", "from .reassembly import Stream\nfrom ..packets import table"),
        ("analyzer.report.html.page", "from analyzer.report.text import plain\nimport json"),
        ("analyzer.cli.scan", "from analyzer import pipeline, report"),
    ],
)
def test_an_import_downwards_or_within_the_folder_is_allowed(module: str, source: str) -> None:
    assert violations(source, module) == []


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
