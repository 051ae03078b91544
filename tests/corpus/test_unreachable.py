"""Storage that can't be reached, refuses or holds nothing: one sentence, whatever the library raises."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("s3fs")

from analyzer.corpus.storage import StorageError, reached
from tests.corpus.buckets import buckets

ROOT = Path(__file__).parents[2]
# Nothing of this computer's owner is looked for or asked.
ALONE = {
    "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
    "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}  # fmt: skip
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
NOBODY = "http://127.0.0.1:9"  # the discard port, where nothing listens


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An S3 server on the loopback interface, with the bucket `there`."""
    pytest.importorskip("moto.server")
    import s3fs

    with buckets() as url, pytest.MonkeyPatch.context() as patch:
        for name, value in {**ALONE, **KEYS, "AWS_ENDPOINT_URL": url}.items():
            patch.setenv(name, value)
        files = s3fs.S3FileSystem(skip_instance_cache=True)
        files.mkdir("there")
        files.pipe("there/x/readme.txt", b"no capture")
        patch.undo()
        yield url


def phonehome(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "analyzer", *words], capture_output=True, text=True, check=False, timeout=120,
        env={**kept, **ALONE, **settings, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("words", "keys", "said"),
    [
        (["scan", "s3://no-such-bucket/a.pcap"], KEYS, "is not there, or may not be listed"),
        (["scan", "s3://there/none/"], KEYS, "is not there, or may not be listed"),
        (["scan", "s3://there/x/"], KEYS, "no capture was found there"),
        (["summary", "s3://no-such-bucket/out"], KEYS, "is not there, or may not be listed"),
        (["scan", "s3://there/x/"], {}, "can't be reached or read (Unable to locate credentials)"),
        (["summary", "s3://there/x"], {}, "can't be reached or read (Unable to locate credentials)"),
    ],
)
def test_a_bucket_that_refuses_or_is_not_there_is_one_sentence(
    server: str, words: list[str], keys: dict[str, str], said: str
) -> None:
    done = phonehome(*words, AWS_ENDPOINT_URL=server, **keys)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [f"phonehome: {words[1]}: {said}"]


@pytest.mark.parametrize(
    "words",
    [
        ["scan", "s3://there/x"],
        ["summary", "s3://there/x"],
        ["scan", str(ROOT / "captures"), "--results", "s3://there/out"],
    ],
)
def test_without_a_network_it_is_one_sentence(words: list[str]) -> None:
    done = phonehome(*words, AWS_ENDPOINT_URL=NOBODY, **KEYS)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("phonehome: s3://there/")
    assert "can't be reached or read (Could not connect to the endpoint URL" in line


def test_what_a_library_says_is_one_bounded_line_and_mistakes_of_ours_stay_mistakes() -> None:
    with pytest.raises(StorageError) as caught, reached("s3://a"):
        raise RuntimeError("first\nsecond" + "x" * 5000)
    assert "first second" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    with pytest.raises(AttributeError), reached("s3://a"):
        raise AttributeError("no such thing")
