"""What `scaling.py` measured → its part of docs/performance.md: the figures, and what follows on paper."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

PETABYTE, WORKERS = 10**15, 1_000
DAY = 86_400
HEADING = "## Several processes, many captures, a cluster"


def seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def row(name: str, of: dict[str, float], size: int) -> str:
    rate = size / of["cpu"] / 1e6
    return f"| {name} | {seconds(of['wall'])} | {seconds(of['cpu'])} | {rate:.1f} | {of['load']:.1f} |"


def page(found: dict[str, Any]) -> str:
    """The page; every number is measured or computed from one that is."""
    corpus, copies, one = found["corpus"], found["copies"], found["one_capture"]
    loop, dask = found["tshark"], found["dask"]
    small, text = corpus["bytes"] / corpus["one"]["cpu"], copies["bytes"] / copies["one"]["cpu"]
    cpu_ratio = loop["cpu"] / corpus["two"]["cpu"]
    wall_ratio = loop["wall"] / corpus["two"]["wall"]
    days = {name: PETABYTE / rate / WORKERS / DAY for name, rate in (("small", small), ("text", text))}
    per_task, turns = dask["task"], len(found["rounds"]["corpus"]["1"])
    gigabytes = PETABYTE // 10**9
    return f"""{HEADING}

Made by `tests/bench/scaling.py` on {found["machine"]}. Beside each figure stands the load of the machine (one-minute
average at the end), in which the measured processes themselves count.

| captures | wall, s | processor, s | MB a processor second | load |
|---|---|---|---|---|
{row(f"corpus of {loop['captures']:,} captures, reports and Parquet, 1 process", corpus["one"], corpus["bytes"])}
{row("… 2 processes", corpus["two"], corpus["data"])}
{row("… 2 processes of a Dask cluster, its start included", dask["two"], corpus["data"])}
{row("8 captures of nothing but plain HTTP, 1 process", copies["one"], copies["data"])}
{row("… 2 processes", copies["two"], copies["data"])}
{row("one capture of nothing but plain HTTP, 1 process", one["one"], one["data"])}
{row("… its flows divided between 2 processes, beside the one that makes the report", one["two"], one["data"])}

**Two processes** were measured by turns with one, {turns} rounds each, of which the quickest counts: the corpus took
{best_of(found["rounds"]["corpus"])}, the eight captures {best_of(found["rounds"]["copies"])}.
Reports of at most twelve captures are made one at the end, by one process, which the corpus is spared. The one capture
was read {faster(one):.2f} times as fast: all processes decode each of its packets.
What two processes add is {added(corpus):.0%} of processor time on the corpus, {added(copies):.0%} on the eight captures
and {added(one):.0%} on the one.

**Beside tshark.** A shell loop that asks `tshark` for the requests of each of the {loop["captures"]:,} captures took
{seconds(loop["wall"])} s (load {loop["load"]:.1f}) and {seconds(loop["cpu"])} s of processor time. phonehome with two
processes, which also locates, decodes, searches and writes reports and tables, took {cpu_ratio:.0f} times less
processor time; its wall time at load {corpus["two"]["load"]:.1f} was {wall_ratio:.0f} times shorter. The loop starts a
program for each capture, on one core at a time; that is what a loop does, and no measure of tshark itself.

**Dask.** A task that does nothing costs {per_task * 1000:.1f} ms from here to there and back, one after the other at the
scheduler: some {1 / per_task:,.0f} tasks a second.

### A petabyte on a thousand workers, on paper

Nobody has run this. At the rates above, a worker a core and no waiting for storage:

| what it holds | MB a second and core | days on {WORKERS:,} workers |
|---|---|---|
| small captures like the corpus | {small / 1e6:.1f} | {days["small"]:.1f} |
| nothing but plain HTTP | {text / 1e6:.1f} | {days["text"]:.1f} |

Captures of mostly encrypted traffic are read many times faster than either.

Where the next limit is:

- **Storage.** {WORKERS:,} workers at {text / 1e6:.1f} MB/s ask for {text * WORKERS / 1e9:.1f} GB/s. Captures in buckets are
  copied to the worker's disk first, so that a worker needs room for its largest capture. Results are a small part.
- **The scheduler.** In portions of a gigabyte there are {gigabytes:,} tasks, {gigabytes * per_task / 60:.0f} minutes of the
  scheduler's time. Small captures go 64 to a portion, so that tasks stay large.
- **Grouping.** The first megabyte of every capture is looked at, and files that may belong to one recording are
  read twice, once record by record. Plan folder by folder.
- **Skew of one huge capture.** A recording is read on one machine. Where many of its exchanges are plain HTTP, the
  flows are divided among processes of that machine; all of them read and decode the whole file, which costs about a
  second a gigabyte. `editcap -c` does not help, since rotated files are read as one.

### What is the same whoever reads

Captures are grouped before anybody reads, each recording is read whole by one worker, and the reports are merged in
the order of one pass. So portions, processes, clusters, interruptions and the order in which workers finish change
nothing: the report is the same to the byte but for the moment at which it was made. Tests prove that with random
divisions of generated captures and of the corpus, and with helpers that examine exchanges.

**One capture is divided by flow.** What costs time is the reading of HTTP: streams, messages, what stands in them.
Each process decodes all packets and numbers all flows as one pass does, and reads the HTTP of its share of the flows
only; a flow belongs to one process, so it does not matter by which rule they are dealt out, by client host or by
number. The process that makes the report puts what they found in the place of its own reading, flow by flow in the
order of one pass, before it goes on to the next batch. So whatever knows of all hosts stays in one process and sees
what it would see alone: names from DNS answers, numbers of flows, copies of packets, round trips, and the bounds on
what is listed. Tests divide generated flows at random and compare bytes, as `tests/bench/divided_corpus.py` does with
every capture of a folder.

Three bounds lie where processes can't see each other's share: more than 65,536 flows; readers that hold more than
96 MiB or are more than 8,192; and bytes that came again after so many others (16 MiB) that one pass would have
forgotten the first copy. Where one of them is met, or a process is lost, the capture is read again in one pass, which
standard error says; the report does not differ. Read by one process are captures from standard input, those searched
for the owner's identifiers or read for their bodies, and clear text other than HTTP; encrypted Wi-Fi is opened by each.
"""


def added(found: dict[str, Any]) -> float:
    return float(found["two"]["cpu"] / found["one"]["cpu"] - 1)


def faster(found: dict[str, Any]) -> float:
    return float(found["one"]["wall"] / found["two"]["wall"])


def best_of(rounds: dict[str, list[dict[str, float]]]) -> str:
    """The quickest of several rounds by turns, which what else the machine does disturbs least."""
    one, two = (min(entry["wall"] for entry in rounds[jobs]) for jobs in ("1", "2"))
    return f"{one:.1f} s with one process and {two:.1f} s with two, {one / two:.2f} times as fast"
