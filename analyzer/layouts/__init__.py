"""Layouts: grammars of binary and text messages that are data, in the dossier of their sender.

A layout says how a stream is cut into messages, which members each has, and what is checked before anything
is believed. Nothing here knows a sender.
"""

from __future__ import annotations

from analyzer.layouts.collection import Layouts
from analyzer.layouts.layout_reader import LayoutReader, NoRecordError, Record
from analyzer.layouts.layout_tables import LayoutError, MessageLayout, layout_of
from analyzer.layouts.structures import CutStructureError

__all__ = [
    "CutStructureError",
    "LayoutError",
    "LayoutReader",
    "Layouts",
    "MessageLayout",
    "NoRecordError",
    "Record",
    "layout_of",
]  # fmt: skip
