"""A router and a phone as network namespaces, with real DNS, DHCP and HTTP servers, and the recipes tried.

The phone gets its address from dnsmasq, asks it for a name, and registers at nginx, all inside of one
computer. It needs root for the namespaces; the program under test runs as root there only because of that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.report.json import read
from tests.live.running import BODY, PATIENCE, Watch

ROUTER, PHONE = f"phr{os.getpid()}", f"php{os.getpid()}"
SERVER = "202.96.192.0"  # an address of this computer's own router, for the time of the test


def found(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


def can_make_namespaces() -> bool:
    if os.geteuid() != 0 or found("ip") is None:
        return False
    name = f"pht{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return made


pytestmark = pytest.mark.skipif(not can_make_namespaces(), reason="no right to make network namespaces")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def inside(namespace: str, *words: str) -> list[str]:
    return ["ip", "netns", "exec", namespace, *words]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Two namespaces with a cable between them; the router serves names, addresses and a page."""
    dnsmasq, nginx = found("dnsmasq"), found("nginx")
    if dnsmasq is None or nginx is None:
        pytest.skip("dnsmasq and nginx are not installed")
    running: list[subprocess.Popen[bytes]] = []
    try:
        for name in (ROUTER, PHONE):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "lan0", "netns", ROUTER, "type", "veth", "peer", "name", "wlan0", "netns", PHONE)
        ip("-n", PHONE, "link", "set", "wlan0", "address", "00:00:5e:00:53:a7")
        for name, link in ((ROUTER, "lan0"), (PHONE, "wlan0")):
            ip("-n", name, "link", "set", link, "up")
        ip("-n", ROUTER, "addr", "add", "192.168.10.1/24", "dev", "lan0")
        ip("-n", ROUTER, "addr", "add", f"{SERVER}/32", "dev", "lo")
        running.append(_start(ROUTER, dnsmasq, *_dns(tmp_path)))
        running.append(_start(ROUTER, nginx, "-p", str(tmp_path), "-c", str(_nginx(tmp_path))))
        yield tmp_path
    finally:
        for process in running:
            process.terminate()
            process.wait(PATIENCE)
        for name in (ROUTER, PHONE):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _start(namespace: str, *words: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(inside(namespace, *words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(0.3)
    assert process.poll() is None, process.stderr and process.stderr.read()
    return process


def _dns(folder: Path) -> list[str]:
    return [
        "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--interface=lan0",
        "--bind-interfaces",
        f"--address=/zzhc.vnet.cn/{SERVER}", "--dhcp-range=192.168.10.50,192.168.10.60,1h", "--user=root",
        f"--dhcp-leasefile={folder}/leases", f"--pid-file={folder}/dnsmasq.pid",
    ]  # fmt: skip


def _nginx(folder: Path) -> Path:
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; worker_processes 1; user root; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        "events { worker_connections 64; }\n"
        f"http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"server {{ listen {SERVER}:80; location / {{ default_type application/json;\n"
        'return 200 \'{"resultCode":"0","resultDesc":"Success"}\'; } } }\n'
    )
    return path


# What the phone does: asks for an address (RFC 2131), takes it, asks for the name, registers.
PHONE_ACTS = """
import random, socket, struct, subprocess, sys, time
mac = bytes.fromhex("00005e0053a7")
def dhcp(kind, *options):
    head = struct.pack(">BBBBIHH", 1, 1, 6, 0, 0x1234, 0, 0x8000) + bytes(16) + mac + bytes(10 + 192)
    told = b"".join(bytes([code, len(value)]) + value for code, value in options)
    cookie = bytes.fromhex("63825363")
    return head + cookie + bytes([53, 1, kind]) + told + b"\\x0c\\x08my-phone\\x3c\\x0eandroid-dhcp-9\\xff"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.setsockopt(socket.SOL_SOCKET, 25, b"wlan0\\0")
    s.bind(("0.0.0.0", 68)); s.settimeout(20)
    s.sendto(dhcp(1), ("255.255.255.255", 67))
    offered = s.recv(2000)[16:20]
    s.sendto(dhcp(3, (50, offered), (54, bytes([192, 168, 10, 1]))), ("255.255.255.255", 67))
    s.recv(2000)
own = socket.inet_ntoa(offered)
subprocess.run(["ip", "addr", "add", own + "/24", "dev", "wlan0"], check=True)
subprocess.run(["ip", "route", "add", "default", "via", "192.168.10.1"], check=True)
query = struct.pack(">HHHHHH", 7, 256, 1, 0, 0, 0)
query += b"\\x04zzhc\\x04vnet\\x02cn\\0" + struct.pack(">HH", 1, 1)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(20); s.sendto(query, ("192.168.10.1", 53)); server = socket.inet_ntoa(s.recv(2000)[-4:])
body = sys.argv[1].encode()
head = ("POST / HTTP/1.1\\r\\nHost: zzhc.vnet.cn\\r\\nContent-Type: application/encrypted-json\\r\\n"
        f"Connection: close\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n").encode()
with socket.create_connection((server, 80), 20) as s:
    s.sendall(head + body)
    while s.recv(4096): pass
"""


def act() -> None:
    words = inside(PHONE, sys.executable, "-c", PHONE_ACTS, BODY.decode())
    done = subprocess.run(words, capture_output=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr.decode()


def check(watch: Watch, folder: Path) -> None:
    """What is told while it happens, and the report of it."""
    told = watch.event(lambda e: e["event"]["action"] == "ping" and e["phonehome"]["status"] == "accepted")
    assert told["destination"]["domain"] == "zzhc.vnet.cn"
    assert watch.interrupt() == 0
    report = read((folder / "report.json").read_text())
    (ping,) = report.pings
    assert (ping.status, ping.host, ping.device) == ("accepted", "zzhc.vnet.cn", "00:00:5e:00:53:a7")
    names = {name.name for device in report.devices for name in device.names}
    assert "my-phone" in names
    row = next(row for row in report.destinations if row.address == SERVER)
    assert ("zzhc.vnet.cn", "dns") in {(name.name, name.how) for name in row.names}


@pytest.mark.parametrize("program", ["tcpdump", "dumpcap"])
def test_the_router_s_own_program_is_watched(home: Path, program: str) -> None:
    """As `ssh router tcpdump -U -w -` does it, with the namespace in place of the way by ssh."""
    path = found(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    words = ["-U", "-n", "-i", "lan0", "-w", "-"] if program == "tcpdump" else ["-q", "-i", "lan0", "-w", "-"]
    user = ["-Z", "root"] if program == "tcpdump" else []
    arguments = ["--json", "report.json", "--", *inside(ROUTER, path, *user, *words)]
    with Watch(*arguments, stdin=subprocess.DEVNULL, cwd=home) as watch:
        time.sleep(2)  # until it listens; what comes earlier is in no capture of anybody
        act()
        check(watch, home)


def test_an_interface_of_this_computer_is_watched(home: Path) -> None:
    """As on a laptop that is the hotspot."""
    if found("dumpcap") is None and found("tcpdump") is None:
        pytest.skip("neither dumpcap nor tcpdump is installed")
    words = ["--interface", "lan0", "--filter", "not arp", "--json", "report.json"]
    before = inside(ROUTER)
    with Watch(*words, stdin=subprocess.DEVNULL, cwd=home, before=before) as watch:
        time.sleep(3)  # until it listens
        act()
        check(watch, home)
