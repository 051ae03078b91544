"""What a program or a notebook gets: `analyze`, and a report with tables, pictures and packets.

`analyzer/__init__.py` shows these names; nothing of the package imports this folder.
"""
