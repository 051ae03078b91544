"""The version of phonehome, as its package metadata has it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("phonehome")
except PackageNotFoundError:  # run from a source tree that was never installed
    VERSION = "0+unknown"
