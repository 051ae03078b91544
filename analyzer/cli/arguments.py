"""The command line → options, each checked, with a sentence that helps where one is wrong."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from typing import Any

from analyzer.cli.file_roles import FileOption, Role, declare


def add_geo_choice(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--geo",
        action="append",
        default=[],
        metavar="FILE.mmdb",
        help="one more location database of your own, shown beside the others; may be repeated",
    )
    command.add_argument(
        "--geo-date",
        type=said(day),
        metavar="YYYY-MM-DD",
        help="choose the databases for this day, not for the capture's",
    )
    declare(command, FileOption("geo", "--geo", Role.READ))


def megabytes(text: str) -> int:
    """A budget of memory. Raises ValueError."""
    from analyzer.session.options import LEAST_MEMORY, MOST_MEMORY

    if not text.isdecimal() or not LEAST_MEMORY <= int(text) <= MOST_MEMORY:
        raise ValueError(f"{text} is no number of megabytes from {LEAST_MEMORY} to {MOST_MEMORY}")
    return int(text)


def add_dossiers_choice(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dossiers",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder with dossiers (.toml) of your own, beside those of phonehome; may be repeated",
    )
    declare(command, FileOption("dossiers", "--dossiers", Role.DOSSIERS))


def regions(text: str) -> tuple[str, ...]:
    """ISO 3166-1 alpha-2 codes with commas between, each once; ValueError with a hint."""
    from analyzer.geo.region_codes import regions_of

    return regions_of(text)


def region(text: str) -> str:
    """One ISO 3166-1 alpha-2 code; ValueError with a hint."""
    from analyzer.geo.region_codes import region_of

    return region_of(text)


def day(text: str) -> date:
    """A day as 2019-02-20; ValueError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day such as 2019-02-20") from None


def device(text: str) -> str:
    """A MAC address as aa:bb:cc:dd:ee:ff, or an IP address in its canonical form."""
    from analyzer.conclusions.device_filter import address_of

    return address_of(text)


def said(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """`parse` with its sentence kept by argparse, which hides that of a ValueError."""

    def checked(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked
