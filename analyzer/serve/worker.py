"""One scan in a process of its own: reads its task from standard input and says how far it is.

    python -m analyzer.serve.worker < task.json

The task is JSON: `files` [[name, label], …] in the working directory, `regions`, `documents` [[name, module,
function, redacted], …], `memory` and `seconds`. Each line of the output is JSON: {"done": …, "size": …,
"frames": …}, {"writes": name}, {"answer": {…}} and {"error": sentence}. Documents appear as files of their
names.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from analyzer.model import CaptureError, Report
from analyzer.session.capture_session import Progress
from analyzer.system.containment import is_whole

PAUSE_NS = 200_000_000  # between two lines of progress
LONGEST_NAME = 60


def limit(memory: int, seconds: int) -> None:
    """Bound the memory that this process may ask for, in bytes, and its processor time."""
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        with contextlib.suppress(ValueError, OSError):  # a bound below the system's own can't be raised
            resource.setrlimit(kind, (most, most))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(task: dict[str, Any]) -> None:
    """Scan or compare, and write; CaptureError where nothing can be read."""
    if "compare" in task:
        from analyzer.serve.results import comparison

        _say({"writes": "comparison"})
        _say({"answer": {"text": comparison(*task["compare"])}})
        return
    from analyzer.redaction.redaction import redact

    labels = dict(task["files"])
    original = _scanned(task, labels)
    report = labelled(original, labels)
    hidden = redact(report) if any(is_redacted for *_, is_redacted in task["documents"]) else report
    for name, module, function, is_redacted in task["documents"]:
        _say({"writes": name})
        try:
            content = getattr(import_module(module), function)(hidden if is_redacted else report)
        except ModuleNotFoundError as error:  # what is optional and not installed is left out
            _say({"left_out": f"{name}: needs the package {error.name}"})
            continue
        whole = content if isinstance(content, bytes) else "".join(content).encode()
        Path(name).write_bytes(whole)
    for name, is_redacted in task["bundles"]:
        _say({"writes": name})
        if why := _bundled(name, is_redacted, original, report):
            _say({"left_out": f"{name}: {why}"})
    _say({"answer": answer(report)})


def _bundled(name: str, is_redacted: bool, original: Report, report: Report) -> str:
    """Write a bundle; why there is none, in words."""
    from analyzer.serve.results import SelectionError, evidence

    try:
        Path(name).write_bytes(evidence(original, report, is_redacted))
    except (SelectionError, CaptureError) as error:
        return str(error)
    except ModuleNotFoundError as error:
        return f"needs the package {error.name}"
    return ""


def _scanned(task: dict[str, Any], labels: dict[str, str]) -> Report:
    from analyzer.pipeline import analyze

    last = [0]

    def progress(now: Progress) -> None:
        if time.monotonic_ns() - last[0] >= PAUSE_NS:
            last[0] = time.monotonic_ns()
            _say({"done": now.done, "size": now.size, "frames": now.frames, "file": now.path})

    try:
        return analyze(*labels, regions=task["regions"], progress=progress)
    except CaptureError as error:
        raise CaptureError(_labelled(str(error), labels)) from None


def labelled(report: Report, labels: dict[str, str]) -> Report:
    """The report with the files' names as their owner knows them."""
    infos = tuple(replace(info, path=labels.get(info.path, info.path)) for info in report.captures)
    problems = tuple(replace(p, what=_labelled(p.what, labels)) for p in report.problems)
    notice = report.reconstruction
    if notice is None and any("reconstruction" in label.lower() for label in labels.values()):
        notice = "the capture's file name calls it a reconstruction, not a recording of a real phone"
    return replace(report, captures=infos, problems=problems, reconstruction=notice)


def answer(report: Report) -> dict[str, Any]:
    """What a list of scans shows of a report."""
    from analyzer.report.summary import answer as sentences

    return {
        "sentences": sentences(report),
        "reconstruction": report.reconstruction,
        "complete": is_whole(report),
        "frames": sum(info.frames for info in report.captures),
    }


def _labelled(sentence: str, labels: dict[str, str]) -> str:
    for name in sorted(labels, key=len, reverse=True):
        sentence = sentence.replace(f"{name}:", f"{labels[name]}:")
    return sentence


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def main() -> int:
    task = json.loads(sys.stdin.read())
    limit(task["memory"], task["seconds"])
    try:
        run(task)
    except CaptureError as error:
        _say({"error": str(error)})
        return 2
    except MemoryError:
        _say({"error": f"the scan needs more than the {task['memory'] / 1e9:.1f} GB of memory it may use"})
        return 2
    except OSError as error:
        _say({"error": f"a result can't be written ({error.strerror})"})
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
