"""Each layer imports only lower ones, so that any of them can be read, tested and replaced alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "analyzer"

# layer → the layers below it that it may import; every layer may import itself.
BELOW = {
    "community": set(),
    "model": {"community"},  # in Report.to_pandas alone
    "version": set(),
    "native": set(),
    "compiling": {"native"},
    "processes": set(),
    "containment": {"model"},
    "files": set(),
    "capture": {"model", "compiling"},
    "packets": {"model", "compiling", "capture"},
    "flows": {"model", "compiling", "capture", "packets"},
    "protocols": {"model", "containment", "compiling", "capture", "packets", "flows"},
    "decode": {"model"},
    "detect": {"model"},
    "dossiers": {"model"},
    "locate": {"model", "files", "processes"},
    "report": {"model", "community", "compare"},
    "triggers": {"model", "packets", "dossiers"},
    "context": {"model", "detect", "locate", "flows", "protocols"},
    "evidence": {"model", "version", "files", "capture", "packets", "flows", "decode", "detect", "report"},
    "conclude": {"model", "dossiers", "triggers", "version"},
    "compare": {"model", "conclude"},
    "scan": {
        *("model", "version", "capture", "packets", "flows", "protocols", "decode", "detect", "dossiers"),
        *("locate", "triggers", "context", "conclude", "processes", "containment"),
    },
    "live": {
        *("model", "version", "capture", "flows", "protocols", "dossiers", "locate", "scan"),
        *("report", "compiling", "files"),
    },
    "pipeline": {"model", "capture", "packets", "detect", "locate", "triggers", "conclude", "scan"},
    "serve": {"model", "containment", "version", "scan", "pipeline", "report", "evidence", "compare"},
}
BELOW["pipeline"] = {*BELOW["scan"], "scan"}
BELOW["archive"] = {*BELOW["pipeline"], "pipeline", "report", "files"}
TOP = {"__init__", "cli"}  # with the single modules beside them (pipeline …) these tie everything together


def layer_of(module: str) -> str:
    """`analyzer.flows.ledger` → `flows`; the package itself → `__init__`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imported_modules(source: str, module: str, is_package: bool) -> Iterator[str]:
    """The absolute names of all modules of `analyzer` that a source text imports, anywhere in it."""
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
    """Each import of a module that its layer must not know, as a sentence."""
    layer = layer_of(module)
    if layer in TOP or (layer not in BELOW and not is_package and module.count(".") == 1):
        return []
    if layer not in BELOW:
        return [f"{module}: the layer {layer!r} has no place in the order; add it to BELOW"]
    allowed = BELOW[layer] | {layer}
    names = imported_modules(source, module, is_package)
    return [f"{module} imports {name}" for name in names if layer_of(name) not in allowed]


def modules() -> list[tuple[str, Path]]:
    """Every module of the package with its file."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("analyzer", *path.relative_to(PACKAGE).with_suffix("").parts)
        found.append((".".join(parts).removesuffix(".__init__"), path))
    return found


@pytest.mark.parametrize(("module", "path"), [pytest.param(*found, id=found[0]) for found in modules()])
def test_a_layer_imports_only_lower_ones(module: str, path: Path) -> None:
    assert violations(path.read_text(), module, path.name == "__init__.py") == []


def test_the_order_has_no_cycle() -> None:
    for layer, below in BELOW.items():
        assert all(layer not in BELOW[other] for other in below)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("analyzer.capture.pcap", "from analyzer.flows.ledger import Ledger"),
        ("analyzer.capture.pcap", "from analyzer import flows"),
        ("analyzer.capture.pcap", "from ..protocols import http1"),
        ("analyzer.capture.pcap", "import analyzer.pipeline"),
        ("analyzer.model", "import analyzer.capture.pcap"),
        ("analyzer.packets.table", "def later():\n    from analyzer.flows import streams"),
        ("analyzer.decode.json", "from analyzer.protocols.http1 import Message"),
        ("analyzer.detect.imei", "from analyzer.decode import fields_in"),
        ("analyzer.report.html", "from analyzer.locate import places"),
        ("analyzer.locate.special", "from analyzer import cli"),
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
        ("analyzer.flows.ledger", "from .streams import Stream\nfrom ..packets import table"),
        ("analyzer.report.html", "from analyzer.report.text import plain\nimport json"),
        ("analyzer.cli", "from analyzer import pipeline, report"),
    ],
)
def test_an_import_downwards_or_within_the_layer_is_allowed(module: str, source: str) -> None:
    assert violations(source, module) == []
