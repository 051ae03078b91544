"""Frame numbers while several captures are read as one session: number and capture in one integer.

A frame of the first capture has its own number, so that nothing changes where one capture is read alone.
"""

from __future__ import annotations

# The capture's position stands above these bits: no file holds 2^40 frames.
CAPTURE_SHIFT = 40


def in_session(frame: int, capture: int) -> int:
    """The number of a frame of the session's capture at this position."""
    return (capture << CAPTURE_SHIFT) + frame


def capture_of(frame: int) -> int:
    """The position of the capture that a frame is of."""
    return frame >> CAPTURE_SHIFT


def number_of(frame: int) -> int:
    """The frame's number in its own capture."""
    return frame & ((1 << CAPTURE_SHIFT) - 1)
