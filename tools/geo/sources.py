"""What is shipped: each source with its date, licence, raw files and the way it is converted."""

from __future__ import annotations

from dataclasses import dataclass

CC_BY = "CC BY 4.0"
CC_BY_SA = "CC BY-SA 4.0"
DBIP = "IP Geolocation by DB-IP, https://db-ip.com"
IPFIRE = "IPFire Location Database, IPFire Project, https://www.ipfire.org/location, CC BY-SA 4.0"
MAXMIND = (
    "This product includes GeoLite2 data created by MaxMind, available from https://www.maxmind.com, "
    "CC BY-SA 4.0; it includes GeoNames data, https://www.geonames.org, CC BY 4.0"
)
RIR = "Delegation statistics of AFRINIC, APNIC, ARIN, LACNIC and RIPE NCC"
LOCATED = "where the address is believed to be"
SECOND = "registry records and feeds; leans to the registration on clouds"
REGISTERED = "which country's registry entry holds the block; never a location"


@dataclass(frozen=True, slots=True)
class Source:
    """One layer to be made."""

    id: str
    name: str
    short: str
    date: str  # as exact as the source gives it: a day or a month
    licence: str
    attribution: str
    url: str
    says: str
    claims: tuple[str, ...]
    files: tuple[str, ...]  # raw inputs
    method: str


SOURCES = (
    Source(
        id="dbip-2026-10",
        name="DB-IP Country Lite",
        short="DB-IP",
        date="2026-10",
        licence=CC_BY,
        attribution=DBIP,
        url="https://db-ip.com/db/download/ip-to-country-lite",
        says=LOCATED,
        claims=("located",),
        files=("dbip-country-lite-2026-10.GeoIP.dat.xz", "dbip-country-lite-2026-10.GeoIPv6.dat.xz"),
        method="legacy_dat",
    ),
    Source(
        id="dbip-2026-06",
        name="DB-IP Country Lite",
        short="DB-IP",
        date="2026-06",
        licence=CC_BY,
        attribution=DBIP,
        url="https://db-ip.com/db/download/ip-to-country-lite",
        says=LOCATED,
        claims=("located",),
        files=("dbip-country-lite-2026-06.mmdb.xz",),
        method="mmdb_flat",
    ),
    Source(
        id="ipfire-2026-08",
        name="IPFire Location Database",
        short="IPFire",
        date="2026-08-22",
        licence=CC_BY_SA,
        attribution=IPFIRE,
        url="https://location.ipfire.org/",
        says=f"{SECOND}; AS number and name, anycast flag",
        claims=("second", "network"),
        files=("ipfire-location-2026-08-22.txt.xz",),
        method="ipfire_export",
    ),
    Source(
        id="ipfire-2023-01",
        name="IPFire Location Database",
        short="IPFire",
        date="2023-01-12",
        licence=CC_BY_SA,
        attribution=IPFIRE,
        url="https://location.ipfire.org/",
        says=SECOND,
        claims=("second",),
        files=("ipfire-2023-01-12.geoip.xz", "ipfire-2023-01-12.geoip6.xz"),
        method="ipfire_tor",
    ),
    Source(
        id="geolite2-2019-12",
        name="GeoLite2 Country",
        short="GeoLite2",
        date="2019-12-24",
        licence=CC_BY_SA,
        attribution=MAXMIND,
        url="https://www.maxmind.com",
        says=f"{LOCATED}; {REGISTERED}",
        claims=("located", "registered"),
        files=("geolite2-country-2019-12-24.mmdb.xz",),
        method="mmdb_geolite2",
    ),
    Source(
        id="rir-2026-10",
        name="RIR delegations, as in iptocc 3.3.170",
        short="RIR",
        date="2026-10",
        licence="registry statistics, free to use; iptocc MIT OR Apache-2.0",
        attribution=f"{RIR}, through iptocc (Ronie Martinez), https://pypi.org/project/iptocc/",
        url="https://pypi.org/project/iptocc/3.3.170/",
        says=REGISTERED,
        claims=("registered",),
        files=("iptocc-3.3.170-cp310-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",),
        method="iptocc_tables",
    ),
    Source(
        id="rir-2018-10",
        name="RIR delegations, as in iptocc 2.1.2",
        short="RIR",
        date="2018-10-14",
        licence="registry statistics, free to use; iptocc MIT",
        attribution=f"{RIR}, through iptocc (Ronie Martinez), https://pypi.org/project/iptocc/",
        url="https://pypi.org/project/iptocc/2.1.2/",
        says=f"{REGISTERED}; which country's registry entry holds an AS number",
        claims=("registered", "operated"),
        files=("iptocc-2.1.2-py3-none-any.whl",),
        method="iptocc_delegated",
    ),
)
