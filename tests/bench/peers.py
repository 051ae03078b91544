"""The question "which hosts got an IMEI?", asked of the same capture in several programs.

    python tests/bench/peers.py          # prints the rows of the table in docs/python.md

Each way is one that its users would write, told that bodies may be base64; each runs in a process of its own.
pyshark is left out where it is not installed. The time is the processor time of the process and of what it
starts, the least of three runs; `lines` are those of the function.
"""

from __future__ import annotations

import base64
import inspect
import re
import resource
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
CAPTURE = str(ROOT / "captures" / "nokia7plus-reconstruction.pcap")


def has_imei(body: bytes) -> bool:
    """Return whether a body, or its decoded base64, holds fifteen digits with a valid check digit."""
    from stdnum import imei

    try:
        texts = [body, base64.b64decode(body)]
    except ValueError:
        texts = [body]
    return any(imei.is_valid(n.decode()) for t in texts for n in re.findall(rb"(?<!\d)\d{15}(?!\d)", t))


def phonehome() -> set[str]:
    import analyzer

    found = analyzer.analyze(CAPTURE).frames.findings
    return set(found.loc[found["kind"] == "imei", "host"])


def scapy() -> set[str]:
    from scapy.all import TCPSession, load_layer, sniff

    load_layer("http")
    from scapy.layers.http import HTTPRequest

    hosts = set()
    for packet in sniff(offline=CAPTURE, session=TCPSession, quiet=True):
        if HTTPRequest in packet and has_imei(bytes(packet[HTTPRequest].payload)):
            hosts.add(packet[HTTPRequest].Host.decode())
    return hosts


def pyshark() -> set[str]:
    import pyshark

    hosts = set()
    with pyshark.FileCapture(CAPTURE, display_filter="http.request") as capture:
        for packet in capture:
            if has_imei(getattr(packet.http, "file_data", "").encode()):
                hosts.add(packet.http.host)
    return hosts


WAYS = {way.__name__: way for way in (phonehome, scapy, pyshark)}


def main() -> None:
    for name, way in WAYS.items():
        if name != "phonehome" and find_spec(name) is None:
            print(f"| {name} | not installed |")
            continue
        runs = [measured(name) for _ in range(3)]
        lines = len([line for line in inspect.getsource(way).splitlines()[1:] if line.strip()])
        print(f"| {name} | {lines} | {min(float(seconds) for seconds, _ in runs):.1f} | {runs[0][1]} |")


def measured(name: str) -> tuple[str, str]:
    """Return processor seconds and the answer."""
    done = subprocess.run(
        [sys.executable, __file__, name], capture_output=True, text=True, check=True, cwd=ROOT
    )
    seconds, _, answer = done.stdout.strip().partition(" ")
    return seconds, answer


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        sys.path[0] = str(ROOT)  # not this folder, whose modules have names of others
        hosts = WAYS[sys.argv[1]]()
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        print(sum(u.ru_utime + u.ru_stime for u in used), ", ".join(sorted(hosts)) or "none")
