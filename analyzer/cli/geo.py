"""`phonehome geo`: what the location databases are and say."""

from __future__ import annotations

import argparse
from typing import Any

from analyzer.cli.arguments import add_geo_choice, regions, said
from analyzer.cli.console import DONE, width, write
from analyzer.cli.output import UnusableError


def add(commands: Any) -> None:
    geo = commands.add_parser(
        "geo",
        help="list the location databases, explain an address, import a newer release",
        description="Without words: the databases. With addresses: what every database says of each. "
        "With import FILE: converts an .mmdb (MaxMind, DB-IP, IPinfo) into the user's data folder.",
    )
    geo.add_argument("words", nargs="*", metavar="ADDRESS | import FILE")
    geo.add_argument(
        "--region",
        type=said(regions),
        default=("CN",),
        metavar="CODES",
        help="regions that verdicts speak of",
    )
    add_geo_choice(geo)
    geo.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from analyzer.cli.geo_tables import geo

    try:
        write(geo(options.words, options.geo, options.geo_date, options.region, width=width()))
    except ValueError as error:
        raise UnusableError(str(error)) from None
    return DONE
