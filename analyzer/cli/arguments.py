"""The command line → options, each checked, with a sentence that helps where one is wrong."""

from __future__ import annotations

import argparse
import difflib
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import Any, NoReturn

_EPILOG = """\
exit codes: 0 done; 2 usage, unreadable input or unwritable output; 3 results complete up to damage.
The report for people goes to standard output (with --json - the JSON alone); progress goes to
standard error, and only when that is a terminal. Nothing is sent anywhere: the tool works offline."""

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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        from analyzer.report.text import visible

        super().error(visible(message))


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from analyzer.version import VERSION

        print(f"phonehome {VERSION}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    top = _Parser(
        prog="phonehome",
        description="Shows what a phone sends home in clear text, to whom and where, with evidence.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and leave")
    commands = top.add_subparsers(dest="command", title="commands", metavar="COMMAND", required=True)
    _add_scan(commands)
    _add_report(commands)
    _add_geo(commands)
    _add_dossiers(commands)
    return top


def _add_scan(commands: Any) -> None:
    scan = commands.add_parser("scan", help="read captures and print the report")
    scan.add_argument(
        "captures",
        nargs="*",
        metavar="CAPTURE",
        help="pcap, pcapng or snoop, plain or compressed; - is stdin",
    )
    scan.add_argument("-r", dest="file", action="append", default=[], metavar="FILE", help="one more capture")
    scan.add_argument(
        "--region",
        type=_said(regions),
        default=("CN",),
        metavar="CODES",
        help="regions of the scope, ISO 3166-1 alpha-2, comma between (default CN; never summed)",
    )
    scan.add_argument(
        "--device", type=_said(device), metavar="MAC|IP", help="the phone, where several devices appear"
    )
    scan.add_argument(
        "--known",
        metavar="KIND=VALUE,...|FILE",
        help="the owner's own identifiers (imei=...,iccid=...,mac=...): looked for, matched, never kept",
    )
    scan.add_argument(
        "--wifi",
        type=_said(_wifi_key),
        action="append",
        default=[],
        metavar="SSID:PASSPHRASE",
        help="opens WPA/WPA2 frames captured in the air; also 64 hex digits, or wep:DIGITS; repeatable",
    )
    scan.add_argument(
        "--from",
        dest="origin",
        type=_said(region),
        metavar="CODE",
        help="the country where the capture was made: round trips are held against what databases say",
    )
    _add_geo_choice(scan)
    _add_dossiers_choice(scan)
    scan.add_argument(
        "--events",
        metavar="FILE.csv",
        help="a log of what was done to the phone, lines of time,event: sends are set against it",
    )
    scan.add_argument(
        "--tac",
        metavar="FILE.csv",
        help="tells maker and model of a phone by its IMEI: columns tac, brand, model, or tac.csv in the "
        "user's data folder; none is shipped",
    )
    scan.add_argument(
        "--bodies",
        metavar="DIR",
        help="write the bodies of all messages into an empty folder, under safe names, with an index",
    )
    _add_output(scan)


def _wifi_key(text: str) -> Any:
    from analyzer.packets.wifi.keys import wifi_key

    return wifi_key(text)


def _add_geo_choice(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--geo",
        action="append",
        default=[],
        metavar="FILE.mmdb",
        help="one more location database of your own, shown beside the others; may be repeated",
    )
    command.add_argument(
        "--geo-date",
        type=_said(day),
        metavar="YYYY-MM-DD",
        help="choose the databases for this day, not for the capture's",
    )


def _add_geo(commands: Any) -> None:
    geo = commands.add_parser(
        "geo",
        help="list the location databases, explain an address, import a newer release",
        description="Without words: the databases. With addresses: what every database says of each. "
        "With import FILE: converts an .mmdb (MaxMind, DB-IP, IPinfo) into the user's data folder.",
    )
    geo.add_argument("words", nargs="*", metavar="ADDRESS | import FILE")
    geo.add_argument(
        "--region",
        type=_said(regions),
        default=("CN",),
        metavar="CODES",
        help="regions that verdicts speak of",
    )
    _add_geo_choice(geo)


def _add_dossiers_choice(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dossiers",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder with dossiers (.toml) of your own, beside those of phonehome; may be repeated",
    )


def _add_dossiers(commands: Any) -> None:
    command = commands.add_parser("dossiers", help="list the known senders, or explain one of them")
    command.add_argument("ids", nargs="*", metavar="ID")
    _add_dossiers_choice(command)


def _add_report(commands: Any) -> None:
    report = commands.add_parser("report", help="print a saved report again, without the capture")
    report.add_argument("saved", metavar="SAVED.json", help="what scan --json wrote; - is stdin")
    _add_output(report)


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", metavar="FILE|-", help="write the whole report as JSON; - is stdout")
    command.add_argument("-q", "--quiet", action="store_true", help="no progress and no warnings")
    command.add_argument("-v", "--verbose", action="store_true", help="leave nothing out")


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


def _said(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """`parse` with its sentence kept by argparse, which hides that of a ValueError."""

    def checked(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked
