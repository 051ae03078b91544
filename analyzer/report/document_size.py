"""A file that claims to be a JSON document → its bytes, read within bounds that no document of ours breaks.

A parsed document takes ten times its size, one of empty objects twenty-five times. What is small is read
whatever its form; what is large has to be of the form that `json.write` gives it, an entry a line.
"""

from __future__ import annotations

import re
from typing import BinaryIO

FREE = 16 << 20  # bytes of a document of any form
LARGEST = 2 << 30  # bytes of a document
LONGEST_LINE = 64 << 20  # bytes of an entry, or of a column of a table
LEAST_A_CONTAINER = 5  # bytes: the pairs of numbers of a message's spans have six
CHECKED = 1 << 20  # bytes below which nothing can take much memory
HEAD = b'{\n"schema": "phonehome-'
STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
CONTAINERS = re.compile(rb"[\[{]")


def bounded(file: BinaryIO, largest: int = LARGEST) -> bytes:
    """Return the whole of a file. ValueError, one sentence, where it can be no document of that size."""
    data = file.read(FREE + 1)
    if len(data) <= FREE:
        return _sparse(data)
    if largest <= FREE or not data.startswith(HEAD):
        raise ValueError(
            f"not a saved report: it has more than {FREE >> 20} MiB and is not written an entry a line, as "
            "phonehome writes large ones"
        )
    lines = data.split(b"\n")
    made = [_sparse(line) for line in lines[:-1]]
    rest, size = lines[-1], len(data)
    while line := rest + file.readline(LONGEST_LINE):
        size += len(line) - len(rest)
        if len(line) > LONGEST_LINE or size > largest:
            raise ValueError(f"not a saved report: a line of it has more than {LONGEST_LINE >> 20} MiB")
        made.append(_sparse(line.removesuffix(b"\n")))
        rest = b""
    return b"\n".join([*made, b""])


def _sparse(data: bytes) -> bytes:
    """Return the bytes, unless nearly all of them open lists and objects. Raises ValueError."""
    if len(data) > CHECKED:
        count = sum(1 for _ in CONTAINERS.finditer(STRING.sub(b'""', data)))
        if count * LEAST_A_CONTAINER > len(data):
            raise ValueError("not a saved report: nested too deeply, or of too many empty lists and objects")
    return data
