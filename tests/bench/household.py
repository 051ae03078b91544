"""The devices of a home, the servers they talk to, and the flows between them."""

from __future__ import annotations

import ipaddress

import numpy as np
from frames import Flow

ROUTER_MAC = bytes.fromhex("02005e100001")  # locally administered
DEVICES = 9
HOME_V6 = ipaddress.ip_address("2001:db8:7:1::")  # documentation prefix (RFC 3849)
# Blocks of large networks, and how often they are met: content, clouds, a little of CN, HK and SG.
BLOCKS = (
    ("142.250.0.0/15", 22), ("31.13.64.0/18", 10), ("23.32.0.0/11", 12), ("104.16.0.0/13", 12),
    ("52.208.0.0/13", 10), ("54.169.0.0/16", 4), ("160.68.0.0/16", 4), ("202.96.192.0/18", 1),
    ("47.88.0.0/14", 2), ("220.181.0.0/16", 1), ("2a00:1450:4000::/37", 12), ("2606:4700::/32", 8),
    ("2408:4000::/22", 1), ("2a03:2880::/32", 1),
)  # fmt: skip


def mac(device: int) -> bytes:
    """A locally administered MAC address."""
    return bytes.fromhex("02005e2000") + bytes([device])


class Household:
    """Hands out flows with distinct five-tuples between devices and a fixed set of servers."""

    def __init__(self, rng: np.random.Generator, servers: int = 900) -> None:
        self.rng = rng
        shares = np.array([share for _, share in BLOCKS], float)
        picks = rng.choice(len(BLOCKS), servers, p=shares / shares.sum())
        self.servers = [self._address_in(BLOCKS[pick][0]) for pick in picks]
        self.popularity = 1.0 / np.arange(1, servers + 1) ** 0.8
        self.popularity /= self.popularity.sum()
        self.flows: list[Flow] = []

    def _address_in(self, block: str) -> bytes:
        network = ipaddress.ip_network(block)
        low = int(self.rng.integers(1, 1 << min(62, network.max_prefixlen - network.prefixlen)))
        return ipaddress.ip_address(int(network.network_address) + low).packed

    def flow(self, protocol: int, port: int) -> int:
        """A new flow to some server; its number."""
        server = self.servers[self.rng.choice(len(self.servers), p=self.popularity)]
        return self.flow_to(server, protocol, port)

    def flow_to(self, server: bytes, protocol: int, port: int) -> int:
        """A new flow of a random device to this server."""
        device = int(self.rng.integers(DEVICES))
        version = 4 if len(server) == 4 else 6
        number = len(self.flows)
        client_port = 20000 + number % 45000
        client = self._client(device, version)
        self.flows.append(Flow(version, protocol, client, server, client_port, port, mac(device), ROUTER_MAC))
        return number

    def _client(self, device: int, version: int) -> bytes:
        if version == 4:
            return bytes([192, 168, 1, 20 + device])
        return ipaddress.ip_address(int(HOME_V6) + 0x1000 + device).packed
