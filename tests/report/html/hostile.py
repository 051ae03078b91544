"""A report whose every text from a capture tries to be something else."""

from __future__ import annotations

from dataclasses import replace

from analyzer.model import (
    Association,
    Body,
    Comment,
    Finding,
    Name,
    Problem,
    Report,
    WifiClient,
)
from tests.report.builders import CAPTURE, PHONE, START, destination, sample_report

ATTACKS = (
    "<script>alert(1)</script>",
    "</style></script><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><a href='javascript:alert(1)'>x</a></svg>",
    "\"' onmouseover=alert(1) style=background:url(http://203.0.113.1/x)",
    "{{ 7 * 7 }}{% raw %}{0.__class__}%(x)s",
    "javascript:alert(1)//https://203.0.113.1/",
    "\u202eevil\u2066\u200b\x1b[31m\x00\ufeff",
    "-->]]><!--<base href=//203.0.113.1>",
)
ALL = " ".join(ATTACKS)


def hostile_report() -> Report:
    """The sample report with the attacks in hosts, targets, headers, bodies, names, networks and files."""
    report = sample_report()
    body = Body(len(ALL), "ab" * 32, ALL.encode())
    messages = tuple(
        replace(m, host=ALL, target=f"/{ALL}", reason=ALL, headers=((ALL, ALL),), body=body)
        for m in report.messages
    )
    pings = tuple(
        replace(
            ping,
            host=ALL,
            title=ALL,
            client=ALL,
            encoding=ALL,
            reasons=(ALL,),
            status_reasons=(ALL,),
            fields=tuple(replace(field, key=ALL, value=ALL, means=ALL) for field in ping.fields),
        )
        for ping in report.pings
    )
    rows = tuple(
        replace(destination(f"192.0.2.{i}", "NO", "NO"), names=(Name(attack, "dns", 1),), kinds={attack: 1})
        for i, attack in enumerate(ATTACKS, 1)
    )
    event = Association("d", PHONE, ALL, "log", 3, 1, 1, 10, 1, 0, 0, ALL, (START,))
    return replace(
        report,
        captures=(replace(CAPTURE, path=f"/tmp/{ALL}.pcap", format=ALL, comments=(Comment(ALL, ALL, 1),)),),
        devices=tuple(replace(d, id=ALL, vendor=ALL, names=(Name(ALL, "dhcp", 1),)) for d in report.devices),
        destinations=(*report.destinations, *rows),
        messages=messages,
        pings=pings,
        findings=tuple(hostile(finding) for finding in report.findings),
        problems=(Problem("gap", ALL, 1),),
        wifi=(WifiClient(PHONE, PHONE, ALL, ALL, 1, 1, ALL, ALL),),
        associations=(event,),
        blind_spots=(ALL,),
        geo_note=ALL,
        reconstruction=ALL,
        version=ALL,
    )


def hostile(finding: Finding) -> Finding:
    return replace(finding, kind=ALL, value=ALL, raw=ALL, name=ALL, reasons=(ALL,), details={ALL: ALL})
