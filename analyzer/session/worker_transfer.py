"""What one of our processes hands to another, as bytes: a pickle in which the model's objects are made anew.

Dataclasses pickled as they are take twice as long, and the process that makes the report waits for it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import is_dataclass
from io import BytesIO
from typing import Any

from analyzer import model

Reduced = tuple[type, tuple[Any, ...]]


def packed(value: Any) -> bytes:
    """The bytes of a value."""
    data = BytesIO()
    pickler = pickle.Pickler(data, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCERS
    pickler.dump(value)
    return data.getvalue()


def unpacked(data: bytes) -> Any:
    """The value again. Of bytes that came from elsewhere this would run what they ask for."""
    return pickle.loads(data)


def _reducer(kind: type) -> Callable[[Any], Reduced]:
    """An object → its class and what to call that with."""
    values = model.values_of(kind)
    return lambda part: (kind, values(part))


_REDUCERS: dict[type, Callable[[Any], Reduced]] = {
    kind: _reducer(kind) for kind in vars(model).values() if isinstance(kind, type) and is_dataclass(kind)
}
