"""Many captures give one report, whoever reads which of them when; what is finished is not read again."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.corpus import task as work_module
from analyzer.corpus.discovery import captures_in
from analyzer.corpus.fingerprint import fingerprint
from analyzer.corpus.grouping import CaptureUnit, portions, units_of
from analyzer.corpus.overview import render
from analyzer.corpus.pool import Pool
from analyzer.corpus.results_folder import Results, ResultsFolder, prepared
from analyzer.corpus.run import Follower, report_of, run
from analyzer.corpus.task import TaskResult, work
from analyzer.identifiers.owner_values import KnownValues
from analyzer.model import CaptureError
from analyzer.packets.wifi.keys import WifiKey
from analyzer.report import json
from analyzer.session.options import Options
from analyzer.system.containment import RAISE
from tests.corpus.captures import Deadly, archive, bytes_of, deadly


class Here:
    """Reads in this process, portions in any order."""

    def __init__(self, seed: int = 0, size: int | None = None) -> None:
        self._random, self._size = random.Random(seed), size

    def apply(self, function, items, /):  # type: ignore[no-untyped-def]
        return [function(item) for item in items]

    def outcomes(
        self,
        given: Sequence[tuple[CaptureUnit, ...]],
        options: Options,
        place: ResultsFolder | None,
        handed_back: bool = False,
    ) -> Iterator[TaskResult]:
        units = [unit for portion in given for unit in portion]
        self._random.shuffle(units)
        size = self._size or self._random.randint(1, len(units))
        for at in range(0, len(units), size):
            yield from work(units[at : at + size], options, place, handed_back=handed_back)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    archive(tmp_path / "captures")
    return tmp_path / "captures"


def test_captures_are_found_by_their_first_bytes(folder: Path) -> None:
    found = captures_in([str(folder)])
    assert sorted(found) == sorted(map(str, archive(folder)))
    assert found == captures_in([str(folder)])


def test_patterns_and_names_find_each_capture_once(folder: Path) -> None:
    named = str(folder / "a" / "one.dat")
    found = captures_in([named, str(folder / "**" / "*"), str(folder / "a")])
    assert found[0] == named
    assert sorted(found) == sorted(map(str, archive(folder)))


def test_a_folder_without_captures_is_told(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no capture was found there"):
        captures_in([str(tmp_path)])


def test_a_pipe_in_a_folder_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert len(captures_in([str(folder)])) == 6


@pytest.mark.parametrize("seed", range(6))
def test_any_division_gives_the_report_of_one_pass(folder: Path, seed: int) -> None:
    paths = captures_in([str(folder)])
    random.Random(seed).shuffle(paths)
    outcomes = run(paths, Options(), None, Here(seed), Follower())
    random.Random(seed).shuffle(outcomes)
    assert bytes_of(report_of(outcomes, None)) == bytes_of(analyze(*paths))
    assert sum(len(outcome.paths) > 1 for outcome in outcomes) == 1  # the rotated ones


def test_processes_give_the_report_of_one_pass_and_tell_how_far_they_are(folder: Path) -> None:
    paths = captures_in([str(folder)])
    heard: list[str] = []
    with Pool(2, lambda progress: heard.append(progress.path)) as pool:
        outcomes = run(paths, Options(), None, pool, Follower())
        assert bytes_of(report_of(outcomes, None)) == bytes_of(analyze(*paths))
    assert set(heard) <= set(paths)


def test_each_unit_is_in_exactly_one_portion_the_largest_first(folder: Path) -> None:
    units = units_of(captures_in([str(folder)]), Here().apply)
    made = portions([*units, CaptureUnit(99, units[0].looks, 50 << 20)])
    assert made[0][0].number == 99
    assert sorted(u.number for portion in made for u in portion) == [*range(len(units)), 99]


def test_one_bad_file_never_stops_the_others(folder: Path) -> None:
    paths = [*captures_in([str(folder)]), str(folder / "gone.pcap"), str(folder / "notes.pcap")]
    outcomes = run(paths, Options(), None, Here(), Follower())
    errors = [outcome.error for outcome in outcomes if outcome.error]
    assert len(errors) == 2
    assert any("can't be opened" in error for error in errors)
    shown = " ".join(render(outcomes, width=100).split())
    assert "2 captures can't be read at all" in shown
    assert "this is text" in shown
    assert "1 are damaged" in shown


def test_a_mistake_of_ours_costs_one_capture_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RAISE)
    whole = work_module.read_chain

    def broken(chain, *rest):  # type: ignore[no-untyped-def]
        if chain[0].path.endswith("one.dat"):
            raise RuntimeError("secret contents")
        yield from whole(chain, *rest)

    monkeypatch.setattr(work_module, "read_chain", broken)
    outcomes = run(captures_in([str(folder)]), Options(), None, Here(), Follower())
    (error,) = [outcome.error for outcome in outcomes if outcome.error]
    assert "RuntimeError" in error
    assert "secret" not in error


def test_a_process_that_dies_costs_only_the_capture_that_kills_it(folder: Path) -> None:
    paths = captures_in([str(folder)])
    killer = deadly(folder / "b" / "deadly.pcap")
    with Pool(2) as pool:
        units = units_of([*paths, str(killer)], pool.apply)
        outcomes = list(pool.outcomes(portions(units), Deadly(), None))
    errors = [outcome for outcome in outcomes if outcome.error]
    assert [outcome.paths for outcome in errors] == [(str(killer),)]
    assert "ended unexpectedly" in str(errors[0].error)
    assert len(outcomes) == len(units)


# ── results ─────────────────────────────────────────────────────────────────


def test_what_is_finished_is_not_read_again_and_gives_the_same(folder: Path, tmp_path: Path) -> None:
    paths = captures_in([str(folder)])
    url, options = str(tmp_path / "results"), Options()
    first = run(paths[:3], options, prepared(url, options), Here(), Follower())
    place = prepared(url, options)
    second = run(paths, options, place, Here(), Follower())
    assert [o.was_done for o in first] == [False] * 3
    assert sum(o.was_done for o in second) == 3
    assert bytes_of(report_of(second, place)) == bytes_of(analyze(*paths))


def test_an_archive_that_moved_is_not_read_again(folder: Path, tmp_path: Path) -> None:
    url, options = str(tmp_path / "results"), Options()
    run(captures_in([str(folder / "a")]), options, prepared(url, options), Here(), Follower())
    moved = folder.rename(tmp_path / "moved")
    again = run(captures_in([str(moved / "a")]), options, prepared(url, options), Here(), Follower())
    assert all(outcome.was_done for outcome in again)


def test_other_settings_are_another_result(tmp_path: Path) -> None:
    table = tmp_path / "tac.csv"
    table.write_text("tac,brand,model\n")
    made = [
        Options(), Options(regions=("HK",)), Options(origin="NO"), Options(tac=str(table)),
        *(Options(wifi=(WifiKey(passphrase=word),)) for word in ("long enough", "long enouGh")),
    ]  # fmt: skip
    assert len({fingerprint(options, b"salt") for options in made}) == len(made)
    assert fingerprint(Options(), b"salt") == fingerprint(Options(), b"salt")


def test_the_owners_identifiers_are_in_no_key(folder: Path, tmp_path: Path) -> None:
    url, options = str(tmp_path / "results"), Options(known=KnownValues.parse("imei=490154203237518"))
    prints = {prepared(url, options).fingerprint for _ in range(2)}
    assert len(prints) == 2  # a digest of fifteen digits could be tried out
    run(captures_in([str(folder / "a")]), options, prepared(url, options), Here(), Follower())
    kept = b"".join(path.read_bytes() for path in (tmp_path / "results").rglob("*") if path.is_file())
    assert b"490154203237518" not in kept


def test_a_half_written_result_is_made_again(folder: Path, tmp_path: Path) -> None:
    url, options = str(tmp_path / "results"), Options()
    paths = captures_in([str(folder / "a")])
    run(paths, options, prepared(url, options), Here(), Follower())
    kept = sorted((tmp_path / "results" / "reports").iterdir())
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    again = run(paths, options, prepared(url, options), Here(), Follower())
    assert sorted(o.was_done for o in again) == [False, True]
    assert json.read(kept[0].read_text())


def test_a_run_that_breaks_off_while_writing_leaves_no_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, options = str(tmp_path / "results"), Options()
    place = prepared(url, options)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("analyzer.corpus.results_folder.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(captures_in([str(folder)]), options, place, Here(), Follower())
    assert [path.name for path in (tmp_path / "results").rglob("*") if path.is_file()] == ["salt"]
    assert Results(place).report("0" * 32) is None
