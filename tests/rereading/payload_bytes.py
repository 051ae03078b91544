"""A capture's TCP bytes once more, from the frames that an Evidence names, as tshark prints them.

Nothing of the analyzer takes part: tshark decodes the frames, and its relative sequence numbers give each
payload its place in the stream.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

FIELDS = ("frame.number", "tcp.seq", "tcp.flags.syn", "tcp.payload")


@dataclass(frozen=True)
class Carried:
    """What one frame carried: the offset of its first byte in the stream."""

    offset: int
    payload: bytes


def carried_in(path: Path) -> dict[int, Carried]:
    """The TCP payloads of a capture by frame number; of nested packets the innermost."""
    fields = [option for name in FIELDS for option in ("-e", name)]
    # Without its own reassembly, which hides the payload of some frames.
    command = ["tshark", "-n", "-o", "tcp.desegment_tcp_streams:FALSE", "-r", str(path), "-Y", "tcp.payload"]
    command += ["-T", "fields", "-E", "occurrence=l"]
    lines = subprocess.run([*command, *fields], capture_output=True, text=True, check=False).stdout
    found = {}
    for line in lines.splitlines():
        frame, sequence, syn, payload = line.split("\t")
        # Relative numbers count the SYN, or begin at 1 where none was seen.
        offset = int(sequence) - (0 if syn in ("1", "True") else 1)
        found[int(frame)] = Carried(offset, bytes.fromhex(payload.replace(":", "")))
    return found


@dataclass(frozen=True)
class Stretch:
    """Bytes of a stream; `shift` is what tshark's offsets are beyond those of the Evidence."""

    data: bytes
    shift: int


def stretch_at(
    carried: dict[int, Carried], frames: tuple[int, ...], start: int, end: int, begins: bytes
) -> Stretch | None:
    """The bytes of the stream from `start` to `end`, out of these frames alone; None where some are missing.

    Of two copies of a byte the one in the earlier frame counts. Where the start of a connection was not
    captured, tshark counts from another byte: then the stretch is where `begins` stands.
    """
    data: dict[int, int] = {}
    for frame in sorted(frames):
        piece = carried.get(frame)
        if piece is not None:
            for place, byte in enumerate(piece.payload, piece.offset):
                data.setdefault(place, byte)
    for shift in (0, *_shifts(data, start, begins)):
        found = [data.get(place + shift, -1) for place in range(start, end)]
        if -1 not in found and bytes(found).lstrip(b"\r\n\t \0").upper().startswith(begins.upper()):
            return Stretch(bytes(found), shift)
    return None


def _shifts(data: dict[int, int], start: int, begins: bytes) -> list[int]:
    """Where else the stretch may begin."""
    first = begins[0] if begins else -1
    places = (place for place, byte in data.items() if byte == first)
    wanted = list(begins)
    return [p - start for p in places if [data.get(p + k) for k in range(len(begins))] == wanted]
