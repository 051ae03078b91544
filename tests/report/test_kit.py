"""What an article needs: pictures that need nothing else, a fact box, alternative texts and credits."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from analyzer.model import Report
from analyzer.report import kit
from analyzer.report.language import language
from analyzer.report.summary import answer
from tests.cli.conftest import Run, run
from tests.report.builders import quiet_report, sample_report
from tests.report.first_screens import disputed, many_senders
from tests.report.html.hostile import hostile_report

__all__ = ["run"]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return kit.write(sample_report())


def texts(content: bytes) -> list[str]:
    """All that a picture writes."""
    return ["".join(text.itertext()) for text in ElementTree.fromstring(content).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", ["flow", "map", "timeline"])
def test_a_picture_stands_alone_and_says_what_it_is(name: str, made: dict[str, bytes]) -> None:
    content = made[f"{name}.svg"].decode()
    root = ElementTree.fromstring(content)
    title, alt = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert alt is not None
    assert "Reconstruction — not traffic of a real phone" in str(alt.text)
    assert "var(" not in content
    assert not re.search(r"(?:href|src)=|url\((?!#)|@import|<script", content)
    assert "Reconstruction — not traffic of a real phone" in texts(made[f"{name}.svg"])
    assert any("Made with phonehome" in text for text in texts(made[f"{name}.svg"]))


def test_the_credits_that_licences_ask_for_are_on_the_map(made: dict[str, bytes]) -> None:
    said = " ".join(texts(made["map.svg"]))
    assert "Natural Earth" in said
    assert all(source.attribution in said for source in sample_report().geo_sources)


def test_alternative_texts_say_what_the_pictures_show(made: dict[str, bytes]) -> None:
    said = made["alt-texts.txt"].decode()
    assert "In red, where identifiers" in said
    assert "Phone-7 (02:00:5e:10:00:01) → host-15.example" in said
    assert "China" in said
    assert "Example self-registration: 3" in said


def test_the_fact_box_is_the_answer_with_its_words_explained(made: dict[str, bytes]) -> None:
    said = made["fact-box.txt"].decode()
    assert said.startswith("RECONSTRUCTION — NOT TRAFFIC OF A REAL PHONE")
    assert all(sentence in said for sentence in answer(sample_report()))
    assert "IMEI: Serial number of a phone" in said
    assert "captures/example.pcap: SHA-256 abab" in said


def test_a_disputed_place_is_no_country_of_the_flow() -> None:
    content = kit.write(disputed())["flow.svg"]
    assert "location disputed" in texts(content)
    assert not any("China" in text for text in texts(content))


def test_the_finding_is_seen_beside_a_video_stream() -> None:
    first, *others = sample_report().destinations
    video = replace(others[0], bytes_down=10**12)
    report = replace(sample_report(), destinations=(first, video, *others[1:]))
    root = ElementTree.fromstring(kit.write(report)["flow.svg"])
    (path,) = [p for p in root.iter(f"{SVG}path") if p.get("class") == "finding"][:1]
    edges = re.search(r"([\d.]+)V([\d.]+)C", path.get("d", ""))
    assert edges is not None
    assert float(edges[2]) - float(edges[1]) >= 9.9


@pytest.mark.parametrize(
    "report", [quiet_report(), many_senders(), hostile_report()], ids=["quiet", "many", "hostile"]
)
def test_any_report_has_a_kit_of_bounded_size_and_well_formed_pictures(report: Report) -> None:
    files = kit.write(report)
    for name, content in files.items():
        assert len(content) < 400_000, name
        if name.endswith(".svg"):
            assert all(text.isprintable() for text in texts(content))


def test_a_kit_speaks_norwegian() -> None:
    with language("nb"):
        files = kit.write(sample_report())
    assert "Laget med phonehome" in files["alt-texts.txt"].decode()
    assert "Hvor pakkene gikk" in texts(files["map.svg"])


def test_pixels_are_made_where_the_package_is_there_and_else_it_is_said(made: dict[str, bytes]) -> None:
    try:
        import resvg_py  # noqa: F401
    except ModuleNotFoundError:
        assert "flow.png" not in made
        assert "resvg-py" in made["alt-texts.txt"].decode()
    else:
        assert struct.unpack(">I", made["flow.png"][16:20]) == (kit.PIXELS,)


def test_the_command_writes_a_kit_with_pseudonyms(run: Run, tmp_path: Path) -> None:
    from analyzer.report import json

    (tmp_path / "saved.json").write_text(json.write(sample_report()))
    assert run("report", "saved.json", "-q", "--kit", "kit").returncode == 0
    said = (tmp_path / "kit" / "fact-box.txt").read_text("utf-8")
    assert "pseudonym" in said
    assert "02:00:5e:10:00:01" not in said
