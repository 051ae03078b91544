"""The command line → options, each checked, with a sentence that helps where one is wrong."""

from __future__ import annotations

import argparse
import difflib
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from analyzer.cli.claims import Named, Role, declare

# What people write for the regions that are asked for most; ISO 3166-1 alpha-3 among it.
_MEANT = {
    **dict.fromkeys(("CHINA", "CHN", "PRC"), "CN"),
    **dict.fromkeys(("HONGKONG", "HONG KONG", "HKG"), "HK"),
    **dict.fromkeys(("MACAO", "MACAU", "MAC"), "MO"),
    **dict.fromkeys(("TAIWAN", "TWN", "ROC"), "TW"),
    **dict.fromkeys(("SINGAPORE", "SGP"), "SG"),
    **dict.fromkeys(("USA", "AMERICA"), "US"),
    **dict.fromkeys(("UK", "GBR"), "GB"),
    **dict.fromkeys(("RUSSIA", "RUS"), "RU"),
    **dict.fromkeys(("NORWAY", "NOR"), "NO"),
    "EL": "GR",
}


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
    declare(command, Named("geo", "--geo", Role.READ))


def add_dossiers_choice(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dossiers",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder with dossiers (.toml) of your own, beside those of phonehome; may be repeated",
    )
    declare(command, Named("dossiers", "--dossiers", Role.DOSSIERS))


def regions(text: str) -> tuple[str, ...]:
    """ISO 3166-1 alpha-2 codes with commas between, each once; ValueError with a hint."""
    codes = tuple(dict.fromkeys(part.strip().upper() for part in text.split(",")))
    for code in codes:
        _check_code(code)
    return codes


def region(text: str) -> str:
    """One ISO 3166-1 alpha-2 code; ValueError with a hint."""
    code = text.strip().upper()
    _check_code(code)
    return code


def day(text: str) -> date:
    """A day as 2019-02-20; ValueError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day such as 2019-02-20") from None


def device(text: str) -> str:
    """A MAC address as aa:bb:cc:dd:ee:ff, or an IP address in its canonical form."""
    digits = re.sub(r"[:.-]", "", text).lower()
    if re.fullmatch(r"[0-9a-f]{12}", digits) and not re.fullmatch(r"[\d.]+", text):
        return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is neither a MAC nor an IP address") from None


def _check_code(code: str) -> None:
    from analyzer.locate.iso import ASSIGNED, NOT_ASSIGNED

    if code in ASSIGNED:
        return
    said = f"{code or 'an empty text'} is not an ISO 3166-1 code"
    if near := difflib.get_close_matches(code, _MEANT, n=1, cutoff=0.85):
        raise ValueError(f"{said}; did you mean {_MEANT[near[0]]}?")
    why = NOT_ASSIGNED[code][1] if code in NOT_ASSIGNED else "a code has two letters, such as CN, HK, MO, TW"
    raise ValueError(f"{said} ({why})")


def said(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """`parse` with its sentence kept by argparse, which hides that of a ValueError."""

    def checked(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked
