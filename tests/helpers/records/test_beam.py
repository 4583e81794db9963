"""With Beam the same files are written; where there is no Beam, a stand-in calls the worker."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from helpers import beam_runner
from helpers.errors import DataError, SetupError
from helpers.records import beam
from helpers.records.cli import main
from helpers.records.converters import from_coco
from tests.helpers.records.annotated import annotation, coco_set, rectangle

needs_beam = pytest.mark.skipif(
    not beam_runner.installed(), reason=f"Apache Beam is not installed: {beam_runner.INSTALL}"
)


def seven_pictures(folder: Path) -> list[Path]:
    items = [
        annotation(k, k, [rectangle(2 + k, 3, 20 + k, 30)], [2 + k, 3, 18, 27]) for k in range(1, 8)
    ]
    return coco_set(folder, items, pictures=7)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class OneByOne:
    """Stands in for Beam: a pipeline that applies the function to each shard's name, last first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple] = []
        monkeypatch.setattr(beam_runner, "activate", lambda: self)
        monkeypatch.setattr(beam_runner, "pipeline", self.pipeline)

    def pipeline(self, runner, *, workers, options):
        self.asked.append((runner, workers, list(options)))
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def __or__(self, step):
        return step(self) if callable(step) else self

    def Create(self, names):
        self.names = names
        return Labelled(lambda _: self)

    def Reshuffle(self):
        return Labelled(lambda _: self)

    def Map(self, function):
        return Labelled(lambda _: [function(name) for name in reversed(self.names)])


class Labelled:
    def __init__(self, apply):
        self.apply = apply

    def __rrshift__(self, label):
        return self

    def __call__(self, source):
        return self.apply(source)


def test_shards_made_in_any_order_are_the_same_files(monkeypatch, tmp_path):
    source = seven_pictures(tmp_path / "set")
    here = from_coco(*source, tmp_path / "here" / "a.tfrecord", shards=3)
    stand_in = OneByOne(monkeypatch)
    with_beam = from_coco(
        *source, tmp_path / "beam" / "a.tfrecord", shards=3, runner="X", runner_options=["--y"]
    )
    assert stand_in.asked == [("X", 1, ["--y"])]
    assert with_beam == here
    assert files(tmp_path / "beam") == files(tmp_path / "here")


def test_a_bad_picture_is_named_or_left_out_as_without_beam(monkeypatch, tmp_path):
    source = seven_pictures(tmp_path / "set")
    (source[1] / "5.jpg").write_bytes(b"no picture")
    OneByOne(monkeypatch)
    out = tmp_path / "beam" / "a.tfrecord"
    with pytest.raises(DataError, match=r"5\.jpg: .*expected a complete JPEG or PNG"):
        from_coco(*source, out, shards=3, runner="X")
    assert list(out.parent.iterdir()) == []
    manifest = from_coco(*source, out, shards=3, runner="X", skip_bad=True)
    assert manifest["left_out"] == ["5"]
    assert manifest["counts"]["pictures_left_out"] == 1
    assert [shard["records"] for shard in manifest["shards"]] == [2, 2, 2]


def test_what_a_runner_raises_becomes_one_of_the_courses_errors(monkeypatch, tmp_path):
    source = seven_pictures(tmp_path / "set")
    OneByOne(monkeypatch)
    monkeypatch.setattr(beam, "convert_shard", lambda name, **_: 1 / 0)
    with pytest.raises(DataError, match="--runner X: expected the pipeline's end, found ZeroDiv"):
        from_coco(*source, tmp_path / "a.tfrecord", runner="X")


def test_without_beam_the_command_says_how_to_get_it(monkeypatch, tmp_path, capsys):
    source = seven_pictures(tmp_path / "set")

    def missing():
        raise SetupError("Apache Beam: expected it, found nothing. Run this.")

    monkeypatch.setattr(beam_runner, "activate", missing)
    out = tmp_path / "a.tfrecord"
    assert main(["from-coco", *map(str, source), str(out), "--runner", "DirectRunner"]) == 1
    assert "error: Apache Beam" in capsys.readouterr().err
    assert not out.exists()


@needs_beam
@pytest.mark.parametrize("workers", [1, 2])
def test_the_direct_runner_writes_the_same_files(tmp_path, workers, capsys):
    source = seven_pictures(tmp_path / "set")
    from_coco(*source, tmp_path / "here" / "a.tfrecord", shards=4)
    out = tmp_path / "beam" / "a.tfrecord"
    command = ["from-coco", *map(str, source), str(out), "--shards", "4", "--workers", str(workers)]
    assert main([*command, "--runner", "DirectRunner"]) == 0
    assert files(tmp_path / "beam") == files(tmp_path / "here")
    manifest = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert Counter(manifest["counts"])["objects"] == 7
