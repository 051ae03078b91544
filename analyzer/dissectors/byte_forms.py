"""The first payload of each flow, either way, to the protocol whose form it has; of the rest, a sample."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analyzer.capture.batch import Batch
from analyzer.dissectors.first_payloads import ANY, TCP, UDP, FirstPayloads, firsts_of
from analyzer.dissectors.payload_forms import FORMS
from analyzer.flows.entropy import Samples
from analyzer.flows.flow_ids import New, moved_column
from analyzer.flows.flow_table import KIND, NOTHING, OPAQUE, PROTOCOL, QUIC, TEXT, TLS, UNDECIDED, Flows
from analyzer.flows.tracker import FlowIds
from analyzer.packets.batch_summary import PAYLOAD as PAYLOAD_MARK
from analyzer.packets.batch_summary import BatchSummary
from analyzer.packets.packet_table import DESTINATION_PORT, PAYLOAD, PAYLOAD_CAPTURED, SOURCE_PORT, Packets
from analyzer.packets.packet_table import KIND as PACKET_KIND

T = TypeVar("T", bound=np.generic)

# Bits of a flow's state: whose first payload was looked at, whether a sample is wanted, or was taken.
LOOKED_A, LOOKED_B, WANTED, TAKEN = 1, 2, 4, 8
LOOKED = LOOKED_A | LOOKED_B
# States in which a further payload may matter, for either direction.
MATTERS = np.array([state & WANTED or state & LOOKED != LOOKED for state in range(16)], np.bool_)


class ByteForms:
    """Looks at each flow once a direction; all else is done a column at a time."""

    def __init__(self) -> None:
        self.samples = Samples()
        self._forms: NDArray[np.uint8] = np.zeros(0, np.uint8)  # 1 + position in FORMS, 0 for none
        self._state: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def watch(
        self, batch: Batch, packets: Packets, outline: BatchSummary, ids: FlowIds, flows: Flows, count: int
    ) -> None:
        """Rows of a batch once they are assigned; `count` is the number of flows now."""
        self._forms, self._state = _grown(self._forms, count), _grown(self._state, count)
        # Flow -1, of rows in no flow, finds the last entry.
        matters = np.append(MATTERS[self._state], False)
        rows = ((outline.marks & PAYLOAD_MARK) & matters[ids.flow]).nonzero()[0]
        if not len(rows):
            return
        flow, side = ids.flow[rows], ids.direction[rows]
        fresh = (self._state[flow] >> side.astype(np.uint8) & 1) == 0
        if fresh.any():
            self._look(batch, packets, flows, rows[fresh], flow[fresh], side[fresh])
            self._choose(flows, flow[fresh])
        wanted = (self._state[flow] & WANTED) != 0
        if wanted.any():
            self._sample(batch, packets, rows[wanted], flow[wanted])

    def forms(self, count: int) -> list[str | None]:
        """The form of each flow: "" where none fits, None where no payload was captured."""
        state, forms = _grown(self._state, count), _grown(self._forms, count)
        names = ["", *(form.name for form in FORMS)]
        return [
            names[form] if looked else None
            for form, looked in zip(forms.tolist(), (state & LOOKED).tolist(), strict=True)
        ]

    def codes(self, count: int) -> NDArray[np.uint8]:
        """A number for each flow's form."""
        return _grown(self._forms, count)

    def renumber(self, new: New, count: int) -> None:
        """Go on with new numbers of flows (`flows.renumbering`); there are `count` of them."""
        self._forms, self._state = (
            moved_column(self._forms, new, count),
            moved_column(self._state, new, count),
        )
        self.samples.renumber(new)

    def _look(
        self, batch: Batch, packets: Packets, flows: Flows, rows: NDArray[np.intp],
        flow: NDArray[np.int64], side: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """The first payload of each flow and direction among the rows."""
        _, first = np.unique(flow * 2 + side, return_index=True)
        first.sort()  # in the order of capture
        rows, flow, side = rows[first], flow[first], side[first]
        for direction, looked in ((0, LOOKED_A), (1, LOOKED_B)):
            self._state[flow[side == direction]] |= looked
        unnamed = ~self._is_named(batch, packets, flows, rows, flow)
        if not unnamed.any():
            return
        rows, flow, side = rows[unnamed], flow[unnamed], side[unnamed]
        columns = packets.numbers[rows]
        firsts = firsts_of(
            batch.array, columns[:, PAYLOAD], columns[:, PAYLOAD_CAPTURED], columns[:, PACKET_KIND],
            columns[:, [SOURCE_PORT, DESTINATION_PORT]],
        )  # fmt: skip
        forms = forms_of(firsts)
        for direction in (1, 0):  # what the first sender shows counts more
            mine = (side == direction) & (forms > 0)
            free = mine & ((self._forms[flow] == 0) | (direction == 0))
            self._forms[flow[free]] = forms[free]

    def _is_named(
        self, batch: Batch, packets: Packets, flows: Flows, rows: NDArray[np.intp], flow: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Whether the kernel has told what the payload is: TLS, QUIC, or the first line of HTTP."""
        kind, first = flows.numbers[flow, KIND], batch.array[packets.payload[rows]]
        http = (kind == TEXT) & (first >= ord("A")) & (first <= ord("Z"))
        return np.asarray((kind == TLS) | (kind == QUIC) | http)

    def _choose(self, flows: Flows, flow: NDArray[np.int64]) -> None:
        """Of flows that have no form and no kind, a sample is wanted."""
        kind, protocol = flows.numbers[flow, KIND], flows.numbers[flow, PROTOCOL]
        unknown = np.where(protocol == 6, (kind == UNDECIDED) | (kind == OPAQUE), kind == NOTHING)
        unknown &= (self._forms[flow] == 0) & (self._state[flow] & TAKEN == 0)
        self._state[flow[unknown]] |= WANTED
        self._state[flow[~unknown]] &= LOOKED | TAKEN

    def _sample(
        self, batch: Batch, packets: Packets, rows: NDArray[np.intp], flow: NDArray[np.int64]
    ) -> None:
        columns = packets.numbers[rows]
        done = self.samples.add(batch.array, flow, columns[:, PAYLOAD], columns[:, PAYLOAD_CAPTURED])
        self._state[done] = self._state[done] & LOOKED | TAKEN


def forms_of(firsts: FirstPayloads) -> NDArray[np.uint8]:
    """For each payload 1 + the position in FORMS of the first form that fits, 0 where none does."""
    found = np.zeros(len(firsts), np.uint8)
    for transport in (TCP, UDP):
        rows = (firsts.transport == transport).nonzero()[0]
        rest = firsts.take(rows)
        for number, form in enumerate(FORMS, 1):
            if form.transport not in (transport, ANY) or not len(rows):
                continue
            fits = form.fits(rest)
            if fits.any():
                found[rows[fits]] = number
                rows, rest = rows[~fits], rest.take(~fits)
    return found


def _grown(array: NDArray[T], count: int) -> NDArray[T]:
    if count <= len(array):
        return array
    return np.concatenate([array, np.zeros(count - len(array), array.dtype)])
