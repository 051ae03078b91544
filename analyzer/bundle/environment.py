"""The running program → what its results depend on: Python, libraries, and phonehome's own files.

Nothing here names the machine or its user, since it is written into bundles that are given to others.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.core.kernels import MODULE, is_compiled

# What the package depends on, by the names under which the libraries are installed.
LIBRARIES = (
    "ahocorasick-rs", "brotli", "cbor2", "communityid", "cryptography", "dissect.cstruct", "dpkt", "hpack",
    "hyperframe", "idna", "jinja2", "lz4", "maxminddb", "msgpack", "multipart", "numpy", "pandas",
    "phonenumberslite", "publicsuffixlist", "python-stdnum", "rfc3161-client", "rich", "xxhash", "zstandard",
)  # fmt: skip
COMPILED = MODULE.rpartition(".")[2]
KEYS = frozenset(("python", "system", "code", "kernels", "libraries", "wheels"))


@cache
def environment() -> Mapping[str, Any]:
    """Return versions, the SHA-256 of phonehome's own files and, where known, of wheels."""
    installed = {name: found for name in LIBRARIES if (found := _distribution(name))}
    wheels = {name: digest for name, found in installed.items() if (digest := _wheel(found))}
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "code": code_sha256(),
        "kernels": "compiled" if is_compiled() else "not compiled",
        "libraries": {name: found.version for name, found in installed.items()},
        "wheels": wheels,
    }


def _distribution(name: str) -> importlib.metadata.Distribution | None:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _wheel(found: importlib.metadata.Distribution) -> str | None:
    """Return the SHA-256 of the archive that was installed, as pip keeps it (PEP 610)."""
    try:
        told = json.loads(found.read_text("direct_url.json") or "{}")
        return str(told["archive_info"]["hashes"]["sha256"])
    except (ValueError, KeyError, TypeError):
        return None


@cache
def code_sha256() -> str:
    """Return the SHA-256 of the names and sums of phonehome's own files: code, tables and databases.

    The compiled kernels are left out: each C compiler makes other bytes of the same source.
    """
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.name.split(".")[0] != COMPILED:
            with path.open("rb") as file:
                sum_of_file = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{sum_of_file}  {path.relative_to(root).as_posix()}\n".encode())
    return digest.hexdigest()
