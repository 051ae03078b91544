"""One set of addresses asked of several layers, each layer searched at most once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.geo.addresses import Addresses
from analyzer.geo.databases import Layer, LayerRows

Codes = NDArray[np.uint8]


class Lookup:
    """Columns of layers for these addresses, in the addresses' own order."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._rows: dict[str, LayerRows] = {}

    def column(self, layer: Layer, column: str) -> NDArray[Any]:
        """The layer's value for each address."""
        if layer.id not in self._rows:
            self._rows[layer.id] = layer.rows(self._addresses)
        return layer.take(column, self._rows[layer.id])

    def codes(self, layer: Layer, claim: str) -> Codes:
        """Positions in `iso.CODES` of the countries that the layer names, 0 for none."""
        return self.column(layer, claim)

    def holders(self, networks: Layer, holders: Layer) -> Codes:
        """The same for the registration of the network's AS number."""
        return holders.holder_codes(self.column(networks, "asn"))
