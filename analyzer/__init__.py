"""phonehome: what a phone sends home in clear text, with evidence.

The way of the data, one package a stage:
capture → packets → flows → streams → messages → fields → findings → report.
"""
