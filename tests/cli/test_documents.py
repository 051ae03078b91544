"""Documents that need a package say so before the scan."""

from __future__ import annotations

import pytest

from analyzer.cli import documents, main
from tests.cli.conftest import CAPTURE


def test_a_package_that_is_missing_is_named_before_the_scan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.setattr(documents, "find_spec", lambda _: None)
    assert main(["scan", str(CAPTURE), "--stix", f"{tmp_path}/out.json"]) == 2
    said = capsys.readouterr()
    sentence = "--stix needs the package stix2, which is not installed: pip install '.[sharing]'"
    assert sentence in said.err
    assert said.out == ""
