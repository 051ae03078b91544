"""The name of a file that is asked for → headers: the name, and an address of an interface in it."""

from __future__ import annotations

import re

from analyzer.dissectors.clear_message import Headers, text

# Telephones and boxes ask for a file named by their own address; digits alone may be a date and time.
BARE = re.compile(rb"(?:\A|[^0-9A-Za-z])(?:SEP|SIP|SPA|cfg)?([0-9A-Fa-f]{12})(?:[^0-9A-Za-z]|\Z)")
OF_SETTINGS = re.compile(
    rb"(?:(?:\A|[^0-9A-Za-z])(?:SEP|SIP|SPA)|(?:\A|[^0-9A-Za-z])(?=[0-9]*[A-Fa-f]))"
    rb"([0-9A-Fa-f]{12})[^0-9A-Za-z](?:(?i:cfg|cnf|conf|xml|boot)|.{0,16}\.(?i:cfg|cnf|conf|xml|boot))\Z"
)
SEPARATED = re.compile(
    rb"(?:\A|[^0-9A-Za-z:-])((?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})(?:[^0-9A-Za-z:-]|\Z)"
)


def file_headers(name: bytes, is_of_settings: bool = True) -> Headers:
    """Return the name of the file and the address in it; nothing where it holds no address.

    Where files are not of settings alone, an address without separators has to stand in the name of such.
    """
    found = SEPARATED.search(name) or (BARE if is_of_settings else OF_SETTINGS).search(name)
    return [("file", text(name)), ("file name MAC", text(found[1]).lower())] if found else []
