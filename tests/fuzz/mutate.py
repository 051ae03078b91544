"""Seeds to inputs: bytes flipped, cut, repeated, joined. The same seed number gives the same inputs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

TOKENS = (
    b"\r\n", b"\n", b"\r", b" ", b":", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"GET / HTTP/1.1\r\n", b"\0",
    b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"ffffffff\r\n", b"\x1f\x8b\x08",
    b"\xff" * 4,
)  # fmt: skip
LONGEST = 1 << 14


def inputs(seeds: Sequence[bytes], number: int) -> Iterator[bytes]:
    """Without end: inputs grown out of the seeds and of each other."""
    chance = random.Random(number)
    pool = list(seeds)
    while True:
        data = bytearray(chance.choice(pool))
        for _ in range(chance.choice((1, 1, 2, 4, 8))):
            data = _mutated(data, pool, chance)
        data = data[:LONGEST]
        if chance.random() < 0.05 and len(pool) < 200:
            pool.append(bytes(data))
        yield bytes(data)


def _mutated(data: bytearray, pool: Sequence[bytes], chance: random.Random) -> bytearray:
    at = chance.randrange(len(data) + 1)
    how = chance.randrange(7)
    if how == 0 and data:
        data[at % len(data)] = chance.randrange(256)
    elif how == 1 and data:
        data[at % len(data)] ^= 1 << chance.randrange(8)
    elif how == 2:
        data[at:at] = chance.choice(TOKENS)
    elif how == 3:
        del data[at : at + chance.randrange(1, 30)]
    elif how == 4:
        data[at:at] = data[at : at + chance.randrange(1, 60)] * chance.randrange(1, 4)
    elif how == 5:
        other = chance.choice(pool)
        data[at:] = other[chance.randrange(len(other) + 1) :]
    else:
        data[at:at] = chance.randbytes(chance.randrange(1, 12))
    return data
