"""`analyzer.analyze` and the report that it returns, as a notebook uses them."""

from __future__ import annotations

import pickle
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer import model
from analyzer.report import json
from analyzer.version import VERSION
from tests.api.conftest import CAPTURE
from tests.report.builders import IMEI, sample_report

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e"


def test_the_version_is_that_of_the_package() -> None:
    assert analyzer.__version__ == VERSION
    assert {"analyze", "Report", "__version__", "bundle_packets"} <= set(dir(analyzer))
    assert (Path(analyzer.__file__).parent / "py.typed").exists()


def test_importing_the_package_loads_neither_pandas_nor_numpy() -> None:
    code = (
        "import analyzer, sys; analyzer.__version__; print({'pandas', 'numpy', 'jinja2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_report_is_that_of_the_model_and_equals_it(report: analyzer.Report) -> None:
    saved = json.read(report.to_json())
    assert type(saved) is model.Report
    assert saved == report
    assert report == saved
    assert report != replace(saved, created_ns=1)
    assert type(replace(report, created_ns=1)) is type(report)
    assert pickle.loads(pickle.dumps(report)) == report


def test_the_repr_is_one_short_line_that_says_what_was_found(report: analyzer.Report) -> None:
    said = repr(report)
    assert len(said) < 200
    assert "7 pings" in said
    assert "1,512 packets" in said
    assert "reconstruction" in said
    assert repr(analyzer.Report.of(replace(report, captures=()))).startswith("<Report of no capture")


def test_the_card_has_headline_figures_and_timeline(report: analyzer.Report) -> None:
    card = report._repr_html_()
    assert "Reconstruction — not traffic of a real phone" in card
    assert "sent numbers that identify the phone itself" in card
    assert "activation payloads readable" in card
    assert "were encrypted" in card
    assert card.count('src="data:image/svg+xml;base64,') == 1
    assert "<style" not in card
    assert "<script" not in card


def test_a_card_of_hostile_text_is_harmless() -> None:
    plain = sample_report()
    pings = tuple(replace(ping, title=HOSTILE, host=HOSTILE) for ping in plain.pings)
    hostile = analyzer.Report.of(replace(plain, pings=pings, reconstruction=HOSTILE))
    card = hostile._repr_html_()
    assert "alert(1)" in card
    assert "<script" not in card
    assert not set("\x1b\u202e") & set(card + repr(hostile))


@pytest.mark.parametrize("name", ["timeline", "flow", "map"])
def test_a_figure_is_an_svg_document_that_says_what_it_shows(name: str, report: analyzer.Report) -> None:
    figure = report.figure(name)
    root = ElementTree.fromstring(figure)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert float(root.attrib["width"]) > 500
    text = " ".join(root.itertext())
    assert "Reconstruction — not traffic of a real phone" in text
    assert {"timeline": "China Telecom", "flow": "zzhc.vnet.cn", "map": "Singapore"}[name] in text
    assert figure._repr_svg_() == figure


def test_a_figure_of_what_was_recorded_has_no_such_line(report: analyzer.Report) -> None:
    assert (
        "not traffic of a real phone" not in analyzer.Report.of(replace(report, reconstruction=None)).figure()
    )


def test_figures_that_are_none_and_reports_with_nothing_to_draw_are_refused(report: analyzer.Report) -> None:
    with pytest.raises(ValueError, match="did you mean 'timeline'"):
        report.figure("time line")
    with pytest.raises(ValueError, match="nothing"):
        analyzer.Report.of(replace(report, captures=())).figure("timeline")


def test_what_is_saved_is_loaded(tmp_path: Path, report: analyzer.Report) -> None:
    report.save(tmp_path / "report.json")
    loaded = analyzer.Report.load(tmp_path / "report.json")
    assert loaded == report
    assert loaded.frames.pings.equals(report.frames.pings)
    (tmp_path / "other").write_bytes(b"\xff{}")
    with pytest.raises(ValueError, match="other: not a saved report"):
        analyzer.Report.load(tmp_path / "other")
    with pytest.raises(OSError, match="missing"):
        analyzer.Report.load(tmp_path / "missing")


def test_the_page_has_pseudonyms_unless_identifiers_are_asked_for() -> None:
    report = analyzer.Report.of(sample_report())
    assert IMEI in report.to_html(show_identifiers=True)
    assert IMEI not in report.to_html()
    assert 'lang="nb"' in report.to_html(lang="nb")
    with pytest.raises(ValueError, match="'no' is not a language"):
        report.to_html(lang="no")


def test_reports_redacted_with_one_key_share_pseudonyms() -> None:
    report = analyzer.Report.of(sample_report())
    first, second = report.redact(b"k" * 32), report.redact(b"k" * 32)
    values = set(first.frames.findings["value"])
    assert values == set(second.frames.findings["value"])
    assert IMEI not in values
    assert type(first) is analyzer.Report
    with pytest.raises(ValueError, match="32 or more"):
        report.redact(b"short")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"regoins": "CN"}, "regoins is not an option; did you mean regions?"),
        ({"xyzzy": 1}, "there are regions, device"),
        ({"regions": "CHN"}, "did you mean CN?"),
        ({"jobs": "2"}, "jobs: '2' is no number"),
        ({"jobs": 0}, "jobs: 0 is no number"),
        ({"known": "imie=1"}, "known: "),
        ({"known": {"imei": "12"}}, "known: "),
        ({"wifi": 3}, "wifi: a value of the type int"),
        ({"wifi": ["x"]}, "wifi: "),
        ({"geo_date": "March"}, "geo_date: 'March' is not a day"),
        ({"geo": "no-such.mmdb"}, "no-such.mmdb"),
    ],
)
def test_a_wrong_option_is_a_value_error_with_a_hint(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        analyzer.analyze(CAPTURE, **given)
    assert says in str(raised.value)


def test_options_come_as_text_and_mappings_too() -> None:
    report = analyzer.analyze(
        CAPTURE, known={"imei": IMEI}, regions="cn,hk", geo_date="2019-03-21", wifi="Net:passphrase"
    )
    assert report.scope.regions == ("CN", "HK")
    assert [(kind.kind, kind.seen) for kind in report.known] == [("imei", True)]


def test_progress_is_told_in_bytes() -> None:
    heard: list[Any] = []
    analyzer.analyze(CAPTURE, progress=heard.append)
    assert heard[-1].done == CAPTURE.stat().st_size == heard[-1].size
    assert heard[-1].path == str(CAPTURE)
