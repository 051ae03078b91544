"""Captures of one session → a report: packets followed, text extracted, state bounded, the whole assembled.

`reading` tells the story; `scanning` follows flows step by step, `extraction` turns text into messages,
fields and findings, and `assembly` makes the report of what both left.
"""
