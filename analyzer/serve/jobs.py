"""Uploads, the processes that scan them, and what they wrote: one folder, nobody else's, gone at the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyzer.report.text import visible
from analyzer.serve.upload import UploadedFile

# Scans at a time, scans that are kept (the oldest finished one goes), bytes of a line of a worker.
AT_ONCE, MOST_KEPT, LONGEST_LINE = 2, 20, 1 << 20


@dataclass(frozen=True, slots=True)
class JobLimits:
    """What one scan may take: bytes of an upload, bytes of memory, seconds."""

    upload: int = 8_000_000_000
    memory: int = 3_000_000_000
    seconds: int = 1800


@dataclass(frozen=True, slots=True)
class Kind:
    """A document that each scan writes: its name, the function that makes it, what it is called."""

    name: str  # "report.html"
    module: str
    function: str
    title: str
    media: str
    redacted: bool = False  # with pseudonyms for identifiers


# What is made beside the documents of a report, and what a comparison of two scans gives.
BUNDLES = (
    Kind("evidence-redacted.zip", "", "", "the packets behind each finding, identifiers replaced",
         "application/zip", redacted=True),
    Kind("evidence.zip", "", "", "the packets behind each finding, as they were", "application/zip"),
)  # fmt: skip
COMPARISONS = (
    Kind("comparison.txt", "", "", "the comparison as text", "text/plain"),
    Kind("comparison.json", "", "", "the comparison, for programs", "application/json"),
)


@dataclass
class Job:
    """One upload and its scan. `state` is "uploading", "waiting", "reading", "done" or "failed"."""

    id: str
    folder: Path
    state: str = "uploading"
    files: tuple[UploadedFile, ...] = ()
    progress: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    notes: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    title: str = ""  # of a comparison

    @property
    def label(self) -> str:
        if self.title:
            return self.title
        names = ", ".join(taken.label for taken in self.files[:3])
        more = f" and {len(self.files) - 3} more" if len(self.files) > 3 else ""
        return f"{names}{more}"

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "failed")

    def view(self) -> dict[str, Any]:
        """What the page shows of it, as JSON."""
        return {
            "id": self.id, "state": self.state, "label": self.label, "says": self.says(),
            "share": self.share(), "error": self.error, "answer": self.answer,
        }  # fmt: skip

    def says(self) -> str:
        """How far it is, in a few words."""
        if self.state == "uploading":
            return "being uploaded"
        if self.state == "waiting":
            return "waits for another scan to end"
        if self.state == "reading":
            if writes := self.progress.get("writes"):
                return f"writing {writes}"
            return f"reading: {self.progress.get('frames', 0):,} packets so far"
        return "done" if self.state == "done" else f"could not be read: {self.error}"

    def share(self) -> int | None:
        """Percent of the file that is read; None where that is not known."""
        if self.state == "done":
            return 100
        done, size = self.progress.get("done"), self.progress.get("size")
        return min(100 * done // size, 99) if done is not None and size else None


class Jobs:
    """All jobs of a run."""

    def __init__(self, limits: JobLimits, kinds: Sequence[Kind], regions: Sequence[str]) -> None:
        self.limits, self.kinds, self.regions = limits, tuple(kinds), tuple(regions)
        self.folder = Path(tempfile.mkdtemp(prefix="phonehome-"))  # mode 0700
        self._jobs: dict[str, Job] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Any:
        return iter(list(self._jobs.values()))

    def get(self, name: str) -> Job | None:
        return self._jobs.get(name)

    def new(self) -> Job:
        """A job with a folder of its own, to upload into."""
        over = [job for job in self._jobs.values() if job.is_over]
        for old in over[: max(len(self._jobs) - MOST_KEPT + 1, 0)]:
            self.remove(old)
        name = secrets.token_hex(8)
        job = Job(name, self.folder / name)
        job.folder.mkdir(mode=0o700)
        self._jobs[name] = job
        return job

    def has_room(self) -> bool:
        return sum(not job.is_over for job in self._jobs.values()) < MOST_KEPT

    def remove(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        shutil.rmtree(job.folder, ignore_errors=True)

    def start(self, job: Job, files: Sequence[UploadedFile]) -> None:
        """Scan what was uploaded, as soon as it is its turn."""
        job.files = tuple(files)
        self._begin(job, self._task(job))

    def compare(self, first: Job, second: Job) -> Job:
        """Compare two scans that are done: a job of its own."""
        job = self.new()
        job.title = f"{first.label} compared with {second.label}"
        reports = [str(one.folder / "report.json") for one in (first, second)]
        self._begin(job, {"compare": reports, **self._bounds()})
        return job

    def _begin(self, job: Job, task: dict[str, Any]) -> None:
        job.state = "waiting"
        running = asyncio.create_task(self._run(job, task))
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    def document(self, job: Job, name: str) -> tuple[Kind, Path] | None:
        """A document that the job has written; `name` is one of the kinds' or it is nothing."""
        kind = next((kind for kind in self.every_kind if kind.name == name), None)
        if kind is None or job.state != "done" or not (job.folder / kind.name).is_file():
            return None
        return kind, job.folder / kind.name

    @property
    def every_kind(self) -> tuple[Kind, ...]:
        return (*self.kinds, *BUNDLES, *COMPARISONS)

    async def close(self) -> None:
        """End all scans and remove everything."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ── a scan ──────────────────────────────────────────────────────────

    async def _run(self, job: Job, task: dict[str, Any]) -> None:
        try:
            async with self._turn:
                job.state = "reading"
                await asyncio.wait_for(self._work(job, task), self.limits.seconds)
        except TimeoutError:
            job.error = f"the scan took longer than the {self.limits.seconds:,} s that it may take"
        except OSError as error:
            job.error = f"the scan can't be run ({error.strerror})"
        except asyncio.CancelledError:
            job.error = "the scan was ended"
            raise
        finally:
            job.state = "failed" if job.error or not job.answer else "done"
            job.error = job.error or ("" if job.answer else "the scan ended without a result")
            for taken in job.files:  # what was uploaded is not needed any more, and may be large
                with contextlib.suppress(OSError):
                    (job.folder / taken.name).unlink()

    async def _work(self, job: Job, task: dict[str, Any]) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "analyzer.serve.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            cwd=job.folder, env=_environment(), limit=LONGEST_LINE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(task).encode())
            await process.stdin.drain()
            process.stdin.close()
            async for line in process.stdout:
                self._heed(job, json.loads(line))
            code = await process.wait()
            if code and not job.error:
                job.error = _ending(code)
        except (ValueError, ConnectionError):
            job.error = "the scan broke off"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _task(self, job: Job) -> dict[str, Any]:
        return {
            "files": [[taken.name, taken.label] for taken in job.files],
            "regions": self.regions,
            "documents": [[kind.name, kind.module, kind.function, kind.redacted] for kind in self.kinds],
            "bundles": [[kind.name, kind.redacted] for kind in BUNDLES],
            **self._bounds(),
        }

    def _bounds(self) -> dict[str, int]:
        return {"memory": self.limits.memory, "seconds": self.limits.seconds * 2}  # two threads

    def _heed(self, job: Job, line: Mapping[str, Any]) -> None:
        if "error" in line:
            job.error = visible(str(line["error"]))[:1000]
        elif "answer" in line:
            job.answer = dict(line["answer"])
        elif "left_out" in line:
            job.notes.append(visible(str(line["left_out"]))[:300])
        else:
            job.progress |= line


def _ending(code: int) -> str:
    """Why a process without a last word ended."""
    if code < 0:
        return f"the scan was ended by the system (signal {-code}), most likely for a limit of memory or time"
    return "the scan met an error of its own; the log of the program may say more"


def _environment() -> dict[str, str]:
    """What a worker needs to find this package and its caches, and nothing that leads to a network."""
    import os

    package = str(Path(__file__).parents[2])
    kept = ("HOME", "PATH", "LANG", "LC_ALL", "XDG_CACHE_HOME", "XDG_DATA_HOME", "VIRTUAL_ENV", "TMPDIR")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")])),
        "PYTHONSAFEPATH": "1",  # nothing is imported from the folder that holds uploads
    }
