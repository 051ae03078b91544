"""One payload asked for its form."""

from __future__ import annotations

import numpy as np

from analyzer.dissectors.byte_forms import forms_of
from analyzer.dissectors.first_payloads import TCP, UDP, firsts_of
from analyzer.dissectors.payload_forms import FORMS


def form_of(payload: bytes, is_tcp: bool, ports: tuple[int, int] = (40000, 40001)) -> str:
    """The name of the first form that fits, "" where none does; `ports` are source and destination."""
    firsts = firsts_of(
        np.frombuffer(payload + b"behind", np.uint8), np.array([0]), np.array([len(payload)]),
        np.array([TCP if is_tcp else UDP]), np.array([ports]),
    )  # fmt: skip
    found = int(forms_of(firsts)[0])
    return FORMS[found - 1].name if found else ""
