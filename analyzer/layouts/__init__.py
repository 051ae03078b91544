"""Layouts: grammars of binary and text messages that are data, in the dossier of their sender.

A layout says how a stream is cut into messages, which members each has, and what is checked before anything is
believed. Nothing here knows a sender.
"""

from __future__ import annotations

from analyzer.layouts.collection import Layouts
from analyzer.layouts.records import CutError, LayoutReader, NoRecordError, Record
from analyzer.layouts.schema import Layout, LayoutError, layout_of

__all__ = [
    "CutError", "Layout", "LayoutError", "LayoutReader", "Layouts", "NoRecordError", "Record", "layout_of",
]  # fmt: skip
