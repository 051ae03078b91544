"""Raw geolocation databases → the arrays in `analyzer/geo/data`, with a manifest.

Run again whenever a source gets a newer release (change `geo/sources.py`), from the root of the repository:

    pip download --no-deps --dest raw iptocc==2.1.2
    pip download --no-deps --dest raw --platform manylinux2014_x86_64 --only-binary :all: iptocc==3.3.170
    python tools/build_geo.py --source DIR --source raw

`--source` names folders with the raw files that `geo/sources.py` lists; it may be given several times.
Needs numpy and maxminddb; the wheel of iptocc is asked to confirm what is read from it, so this runs on
x86-64 Linux. The same inputs give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import lzma
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import numpy as np  # noqa: E402
from geo.delegated import read_delegated  # noqa: E402
from geo.ipfire import Network, read_export, read_tor_ranges  # noqa: E402
from geo.iptocc import read_wheel  # noqa: E402
from geo.legacy_dat import read_legacy_dat  # noqa: E402
from geo.mmdb import read_mmdb  # noqa: E402
from geo.sources import SOURCES, Source  # noqa: E402

from analyzer.geo.arrays import Columns, LayerWriter, joined, ordinary_only  # noqa: E402
from analyzer.geo.iso import CODES, code_number  # noqa: E402
from analyzer.geo.ranges import disjoint  # noqa: E402

SIZES = {4: 1 << 32, 6: 1 << 128}


# ── one function a method: raw files → arrays ───────────────────────────────


def legacy_dat(files: Sequence[Path], out: LayerWriter) -> None:
    """Legacy GeoIP tries, IPv4 and IPv6."""
    for path in files:
        bits, starts, codes = read_legacy_dat(lzma.decompress(path.read_bytes()))
        family = 4 if bits == 32 else 6
        ranges = joined(zip(starts, map(code_number, codes), strict=True))
        out.family(family, ordinary_only(ranges, 0, family), {"located": int})


def mmdb_flat(files: Sequence[Path], out: LayerWriter) -> None:
    """MMDB with one `country_code` a record."""
    _mmdb(files[0], {"located": ("country_code",)}, out)


def mmdb_geolite2(files: Sequence[Path], out: LayerWriter) -> None:
    """GeoLite2 Country: location and registration."""
    keys = {"located": ("country", "iso_code"), "registered": ("registered_country", "iso_code")}
    _mmdb(files[0], keys, out)


def _mmdb(path: Path, keys: dict[str, tuple[str, ...]], out: LayerWriter) -> None:
    with tempfile.NamedTemporaryFile(suffix=".mmdb") as raw:
        raw.write(lzma.decompress(path.read_bytes()))
        raw.flush()
        families = read_mmdb(Path(raw.name), list(keys.values()))
    columns: Columns = {column: _numbered(i) for i, column in enumerate(keys)}
    for family, blocks in zip((4, 6), families, strict=True):
        _write_blocks(family, blocks, ("",) * len(keys), columns, out)


def _numbered(i: int) -> Callable[[Sequence[str]], int]:
    return lambda codes: code_number(codes[i])


def ipfire_export(files: Sequence[Path], out: LayerWriter) -> None:
    """Country, AS number and anycast flag of the innermost network; names of AS numbers."""
    with lzma.open(files[0], "rt", encoding="utf-8") as lines:
        v4, v6, names = read_export(lines)
    columns: Columns = {
        "second": lambda n: code_number(n.country),
        "asn": lambda n: n.asn,
        "anycast": lambda n: n.anycast,
    }
    for family, blocks in ((4, v4), (6, v6)):
        _write_blocks(family, blocks, Network(), columns, out)
    texts = [names[number].encode() for number in sorted(names)]
    out.array("as.number", sorted(names), np.uint32)
    out.array("as.name_end", np.cumsum([len(text) for text in texts]), np.uint32)
    out.array("as.name", np.frombuffer(b"".join(texts), np.uint8), np.uint8)


def ipfire_tor(files: Sequence[Path], out: LayerWriter) -> None:
    """Country of the innermost network, already made disjoint by Tor's converter."""
    for family, path in zip((4, 6), files, strict=True):
        with lzma.open(path, "rt", encoding="ascii") as lines:
            blocks = read_tor_ranges(lines)
        _write_blocks(family, blocks, "", {"second": code_number}, out)


def iptocc_tables(files: Sequence[Path], out: LayerWriter) -> None:
    """The tables compiled into the wheel, confirmed by the module itself."""
    for family, blocks in zip((4, 6), read_wheel(files[0]), strict=True):
        _write_blocks(family, blocks, "", {"registered": code_number}, out)


def iptocc_delegated(files: Sequence[Path], out: LayerWriter) -> None:
    """The registries' own files, which early wheels carry; addresses and AS numbers."""
    blocks: dict[str, list[tuple[int, int, str]]] = {"ipv4": [], "ipv6": [], "asn": []}
    with zipfile.ZipFile(files[0]) as wheel:
        for member in sorted(name for name in wheel.namelist() if "/delegated-" in name):
            with io.TextIOWrapper(wheel.open(member), encoding="latin-1") as lines:
                for kind, found in read_delegated(lines).items():
                    blocks[kind] += found
    for family in (4, 6):
        _write_blocks(family, blocks[f"ipv{family}"], "", {"registered": code_number}, out)
    starts, codes = disjoint(blocks["asn"], "", 1 << 32)
    out.array("as.start", starts, np.uint32)
    out.array("as.operated", [code_number(code) for code in codes], np.uint8)


def _write_blocks(family: int, blocks: list[Any], blank: Any, columns: Columns, out: LayerWriter) -> None:
    ranges = ordinary_only(disjoint(blocks, blank, SIZES[family]), blank, family)
    rows = joined(
        (start, tuple(of(value) for of in columns.values())) for start, value in zip(*ranges, strict=True)
    )
    by_position: Columns = {column: _item(i) for i, column in enumerate(columns)}
    out.family(family, rows, by_position)


def _item(i: int) -> Callable[[Sequence[int]], int]:
    return lambda row: row[i]


METHODS: dict[str, Callable[[Sequence[Path], LayerWriter], None]] = {
    method.__name__: method
    for method in (
        legacy_dat,
        mmdb_flat,
        mmdb_geolite2,
        ipfire_export,
        ipfire_tor,
        iptocc_tables,
        iptocc_delegated,
    )
}


# ── the run ─────────────────────────────────────────────────────────────────


def build(source: Source, folders: Sequence[Path], data: Path) -> dict[str, Any]:
    """Make one layer; its part of the manifest."""
    files = [_find(name, folders) for name in source.files]
    out = LayerWriter(data / source.id)
    METHODS[source.method](files, out)
    entry = asdict(source)
    del entry["files"]
    entry["how"] = (METHODS[source.method].__doc__ or "").strip()
    entry["inputs"] = [{"file": path.name, "sha256": _sha256(path)} for path in files]
    entry["outputs"] = out.files
    return entry


def _find(name: str, folders: Sequence[Path]) -> Path:
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise SystemExit(f"{name}: in none of the folders given with --source")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Build every layer, or only those named with --only, and write the manifest."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--source", type=Path, action="append", required=True, metavar="DIR")
    parser.add_argument("--data", type=Path, default=ROOT / "analyzer" / "locate" / "data", metavar="DIR")
    parser.add_argument("--only", action="append", metavar="LAYER")
    args = parser.parse_args()
    path = args.data / "manifest.json"
    known = json.loads(path.read_text(encoding="utf-8"))["layers"] if path.exists() else []
    entries = {entry["id"]: entry for entry in known}
    for source in SOURCES:
        if not args.only or source.id in args.only:
            entries[source.id] = build(source, args.source, args.data)
            print(source.id, sum(f["rows"] for f in entries[source.id]["outputs"]), file=sys.stderr)
    manifest = {
        "format": "phonehome-geo/1",
        "codes": CODES,
        "layers": [entries[source.id] for source in SOURCES if source.id in entries],
    }
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
