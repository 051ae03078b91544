"""What may be done to the page by who may use it: bombs, uploads without end or number, forms sent twice."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="serve's packages are not installed")

from analyzer.serve import upload as upload_module
from analyzer.serve.jobs import MOST_KEPT
from analyzer.serve.upload import Upload, UploadError
from tests.hostile import captures
from tests.serve.running import CAPTURE, PATIENCE, Served

SMALL = captures.one(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")


def test_a_bomb_that_is_uploaded_ends_at_its_limits_and_the_page_goes_on(tmp_path: Path) -> None:
    """A quarter of a gibibyte of empty records in some 260 kB; the scan gets 15 seconds."""
    bomb = gzip.compress(SMALL) + captures.zeros(1 << 28, 31)
    assert len(bomb) < 1 << 19
    with Served(tmp_path, "--max-time", "15") as served, served.opened() as client:
        job = client.upload(("bomb.pcap.gz", bomb)).headers["location"]
        began = time.monotonic()
        while (state := client.get(f"{job}/state").json())["state"] not in ("done", "failed"):
            assert client.get("/").status_code == 200
            assert time.monotonic() - began < PATIENCE
            time.sleep(0.2)
        assert state["state"] == "done" or "longer than the 15 s" in state["error"], state
        sent = client.upload(("small.pcap", SMALL)).headers["location"]
        assert client.over(sent)["state"] == "done"
        assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 50 << 20


def test_an_upload_that_stops_is_given_up_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_module, "PATIENCE", 0.2)

    async def pieces() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nours\r\n'
        yield b'--b\r\nContent-Disposition: form-data; name="captures"; filename="a"\r\n\r\nabc'
        await asyncio.sleep(60)

    taken = Upload("multipart/form-data; boundary=b", tmp_path, 1000, lambda key: key == "ours")
    with pytest.raises(UploadError, match="Nothing more came") as caught:
        asyncio.run(taken.take(pieces()))
    assert caught.value.status == 408
    assert taken._file is None


def test_uploads_that_hang_keep_nobody_from_the_page(tmp_path: Path) -> None:
    """Beyond the places that there are, connections are told so and the page still answers."""
    with Served(tmp_path) as served, served.opened() as client:
        key, port = client.key(), int(served.base.rpartition(":")[2])
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        head = f"POST /captures HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {served.base}\r\n"
        head += f"Cookie: {cookies}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        head += "Content-Length: 999999\r\n\r\n"
        head += f'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n{key}\r\n--b\r\n'
        hanging = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(MOST_KEPT + 5)]
        for one in hanging:
            one.sendall(head.encode())
        time.sleep(1)
        assert client.get("/").status_code == 200
        refused = client.upload(("small.pcap", SMALL))
        assert refused.status_code == 429
        assert "Too many scans are under way" in refused.text
        for one in hanging:
            one.close()
        until = time.monotonic() + PATIENCE
        while (sent := client.upload(("small.pcap", SMALL))).status_code == 429:
            assert time.monotonic() < until
            time.sleep(0.2)
        assert client.over(sent.headers["location"])["state"] == "done"


def test_uploads_without_number_leave_the_last_ones_alone(tmp_path: Path) -> None:
    """Two hundred of nothing: all are answered, twenty are kept."""
    with Served(tmp_path) as served, served.opened() as client:
        key, seen = client.key(), set()
        for number in range(200):
            answer = client.upload((f"{number}.pcap", b""), key=key)
            seen.add(answer.status_code)
        assert seen <= {303, 429}
        folders = [path for path in next(tmp_path.glob("phonehome-*")).iterdir() if path.is_dir()]
        assert len(folders) <= MOST_KEPT
        assert client.get("/").text.count("/jobs/") < 20 * MOST_KEPT


def test_a_form_that_is_sent_again_is_another_scan_or_nothing(tmp_path: Path) -> None:
    """As a browser does when one goes back and forth."""
    with Served(tmp_path) as served, served.opened() as client:
        key = client.key()
        first, second = (client.upload(("a.pcap", SMALL), key=key).headers["location"] for _ in range(2))
        assert first != second
        assert {client.over(job)["state"] for job in (first, second)} == {"done"}
        for _ in range(2):  # what is removed already stays removed
            answer = client.post(f"{first}/remove", data={"key": key})
            assert answer.status_code in (303, 404)
        assert client.get(first).status_code == 404
        assert client.get(second).status_code == 200


@pytest.mark.parametrize(
    "host", ["attack.example", "127.0.0.1.attack.example", "localhost.attack.example:80", "", "[::1]@attack"]
)
def test_a_name_that_is_pointed_here_is_refused(tmp_path: Path, host: str) -> None:
    with Served(tmp_path) as served, served.opened() as client:
        answer = client.get("/", headers={"Host": host, "Origin": f"http://{host}"})
        assert answer.status_code in (400, 403, 421)
        assert "key" not in answer.text


def test_the_attacking_capture_is_served_without_a_raw_character(tmp_path: Path) -> None:
    from tests.hostile.test_hostile import UNSAFE

    with Served(tmp_path) as served, served.opened() as client:
        name = f"a{captures.BIDI}{captures.HIDDEN}.pcapng"
        job = client.upload((name, captures.attacks()), ("air.pcap", captures.air())).headers["location"]
        client.over(job)
        for path in ("/", job, f"{job}/state", f"{job}/report.html", f"{job}/report.json"):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert UNSAFE.findall(answer.text) == [], path
        assert CAPTURE.exists()
