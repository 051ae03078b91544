"""MaxMind DB files of the makers' schemas, made for tests with mmdb_writer, which is not ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

MAXMIND = {
    "1.0.0.0/24": {
        "city": {"names": {"en": "Zurich"}},
        "country": {"iso_code": "CH", "names": {"en": "Switzerland"}},
        "registered_country": {"iso_code": "AU"},
        "traits": {"is_anycast": True},
    },
    "49.51.0.0/16": {"country": {"iso_code": "US"}, "registered_country": {"iso_code": "CN"}},
    "2400:3200::/32": {"country": {"iso_code": "CN"}},
}
MAXMIND_ASN = {
    "49.51.0.0/16": {"autonomous_system_number": 132203, "autonomous_system_organization": "Example Cloud"},
    "2400:3200::/32": {"autonomous_system_number": 37963, "autonomous_system_organization": "Other"},
}
FLAT = {"49.51.0.0/16": {"country_code": "US"}, "223.5.5.0/24": {"country_code": "CN"}}
IPINFO = {
    "49.51.0.0/16": {
        "country": "United States",
        "country_code": "US",
        "asn": "AS132203",
        "as_name": "Example",
    },
    "223.5.5.0/24": {"country": "CN", "country_name": "China"},
}


def mmdb(
    path: Path, records: dict[str, Any], kind: str, *, version: int = 6, epoch: int | None = None
) -> Path:
    """The file; `epoch` is its build time in seconds."""
    writer = MMDBWriter(version, kind, ipv4_compatible=version == 6, description=f"{kind} made for a test")
    for network, record in records.items():
        if version == 6 or ":" not in network:
            writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    if epoch is not None:
        data = path.read_bytes()
        at = data.rindex(b"build_epoch") + len(b"build_epoch")
        size = data[at] & 0x1F  # the control bytes of an unsigned 64-bit value, then its length
        path.write_bytes(data[: at + 2] + epoch.to_bytes(size, "big") + data[at + 2 + size :])
    return path
