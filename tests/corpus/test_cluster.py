"""The same tasks on Dask: a cluster on this machine, workers that are lost, captures in buckets."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer import analyze
from analyzer.corpus.dask import WORKERLESS, Cluster
from analyzer.corpus.discovery import captures_in
from analyzer.corpus.grouping import portions, units_of
from analyzer.corpus.results_folder import prepared
from analyzer.corpus.run import Follower, report_of, run
from analyzer.corpus.storage import StorageError
from analyzer.corpus.summary import summary_of
from analyzer.session.options import Options
from tests.corpus.buckets import buckets
from tests.corpus.captures import Deadly, archive, bytes_of, deadly

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    archive(tmp_path / "captures")
    return tmp_path / "captures"


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """A cluster of two processes with a bounded memory, that is there before we come."""
    with (
        dask.config.set(WORKERLESS),  # workers that start too slowly on a busy machine fail a test, and soon
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit="1GiB", dashboard_address=None, host="127.0.0.1"
        ) as cluster,
    ):
        yield cluster


def test_a_cluster_gives_the_report_of_one_pass(scheduler: Any, folder: Path, tmp_path: Path) -> None:
    paths, options = captures_in([str(folder)]), Options()
    place = prepared(str(tmp_path / "results"), options)
    with Cluster(scheduler.scheduler_address, 2) as cluster:
        outcomes = run(paths, options, place, cluster, Follower())
    assert all(outcome.report is None for outcome in outcomes)  # they lie in the results
    assert bytes_of(report_of(outcomes, place)) == bytes_of(analyze(*paths))
    assert summary_of(str(tmp_path / "results")).captures == len(paths)


def test_a_worker_that_is_killed_in_the_middle_costs_nothing(
    scheduler: Any, folder: Path, tmp_path: Path
) -> None:
    """One of two is killed while it reads: its nanny starts another, the scheduler gives that the work."""
    started = tmp_path / "started"
    paths, options = captures_in([str(folder)]), _Slow(origin=str(started))
    place = prepared(str(tmp_path / "results"), Options())
    killed: list[int] = []

    def kill() -> None:
        for _ in range(200):
            if started.exists() and (text := started.read_text()):
                killed.append(int(text))
                os.kill(killed[0], signal.SIGKILL)
                return
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    with Cluster(scheduler.scheduler_address, 2) as cluster:
        outcomes = run(paths, options, place, cluster, Follower())
    killer.join()
    assert killed
    assert not [outcome.error for outcome in outcomes if outcome.error]
    assert sorted(path for outcome in outcomes for path in outcome.paths) == sorted(paths)
    assert summary_of(str(tmp_path / "results")).captures == len(paths)


class _Slow(Options):
    """Options with which the first worker to begin says who it is, and waits to be killed."""

    def locator(self, capture_ns: int | None) -> Any:
        try:
            descriptor = os.open(self.origin or "", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return Options().locator(capture_ns)
        os.write(descriptor, str(os.getpid()).encode())
        os.close(descriptor)
        time.sleep(30)
        return Options().locator(capture_ns)


def test_a_capture_that_kills_every_worker_is_given_up_alone(scheduler: Any, folder: Path) -> None:
    killer = deadly(folder / "deadly.pcap")
    with Cluster(scheduler.scheduler_address, 2) as cluster:
        units = units_of(captures_in([str(folder)]), cluster.apply)
        outcomes = list(cluster.outcomes(portions(units), Deadly(), None))
    assert [outcome.paths for outcome in outcomes if outcome.error] == [(str(killer),)]
    assert len(outcomes) == len(units)


def test_a_cluster_whose_workers_are_gone_is_not_waited_for(folder: Path) -> None:
    with (
        dask.config.set({"distributed.scheduler.no-workers-timeout": "1s"}),
        distributed.LocalCluster(n_workers=0, dashboard_address=None, host="127.0.0.1") as empty,
        Cluster(empty.scheduler_address, 2) as cluster,
    ):
        with pytest.raises(StorageError, match="its workers ended unexpectedly"):
            list(cluster.apply(abs, [1, 2]))
        units = units_of(captures_in([str(folder)]), lambda function, items: map(function, items))
        outcomes = list(cluster.outcomes(portions(units), Options(), None))
    assert len(outcomes) == len(units)
    assert all("the workers that read it ended unexpectedly" in str(each.error) for each in outcomes)


# ── buckets ─────────────────────────────────────────────────────────────────


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server on the loopback interface."""
    with buckets() as url:
        for name, value in (
            ("AWS_ENDPOINT_URL", url), ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1"),
        ):  # fmt: skip
            monkeypatch.setenv(name, value)
        yield "s3://captures"


def test_captures_and_results_in_a_bucket_give_the_same(bucket: str, folder: Path) -> None:
    import s3fs

    files = s3fs.S3FileSystem(skip_instance_cache=True)
    files.mkdir("captures")
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        files.put_file(str(path), f"captures/in/{path.relative_to(folder)}")
    options, paths = Options(), captures_in([f"{bucket}/in"])
    assert len(paths) == 6
    place = prepared(f"{bucket}/out", options)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as made,
        Cluster(made.scheduler_address, 2) as cluster,
    ):
        outcomes = run(paths, options, place, cluster, Follower())
        again = run(paths, options, prepared(f"{bucket}/out", options), cluster, Follower())
    assert all(outcome.was_done for outcome in again)
    report = bytes_of(report_of(outcomes, place))
    local = [str(folder / path.removeprefix(f"{bucket}/in/")) for path in paths]
    assert report.replace(f"{bucket}/in/", f"{folder}/") == bytes_of(analyze(*local))
    assert "/tmp/phonehome-" not in report
    assert summary_of(f"{bucket}/out").captures == 6
