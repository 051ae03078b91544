"""Report → one HTML file that needs nothing else: no network, no script to be read, printable on A4.

page.py      the file: sections in their order, the door for text, the Content-Security-Policy
head.py      the answer, the notice of a reconstruction, the key figures
timeline.py, map.py, flow.py   positions of what the three pictures draw
pings.py, ladder.py, quote.py  a card a ping: quoted bytes, decode steps, status
tables.py, method.py           identifiers, destinations, devices …; how it was made, what would refute it
"""

from analyzer.report.html.page import write

__all__ = ["write"]
