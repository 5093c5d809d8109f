"""Scoring many pictures: every one gets a row, a run that was stopped goes on, and nothing wrong is half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from scaling_support import files_below, folder_of, png
from support import REPOSITORY
from typer.testing import CliRunner, Result

from maxdigit import CHECKPOINTS
from maxdigit.cli import app
from maxdigit.inference.predict import Predictor
from maxdigit.models.reader import Reading
from maxdigit.preparation.prepare import PreparedPicture
from maxdigit.scaling import score as scoring
from maxdigit.scaling.pictures import ScoreError, Source
from maxdigit.scaling.score import ScoringRun, begin, score_here, score_part


class TenthsPredictor(Predictor):
    """Answers with the number of tenths of the columns that hold ink, and reads just that digit."""

    def prepare(self, source: Path | bytes, **_: Any) -> PreparedPicture:
        return super().prepare(source, fit_to_writing=False)

    def read(
        self, pictures: NDArray[np.uint8], model: str
    ) -> tuple[NDArray[np.float32], list[tuple[Reading, ...]] | None]:
        assert model == "torch_cnn" and len(pictures) <= 32
        digits = (10 * (pictures > 128).any(axis=1).mean(axis=1)).astype(int)
        shares = np.where(np.arange(10) == digits[:, None], 0.91, 0.01).astype(np.float32)
        return shares, [(Reading(int(digit), 0.9, 64.0, 30.0),) for digit in digits]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that need no model, in this process."""
    monkeypatch.setattr(scoring, "Predictor", TenthsPredictor)


def archive_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def score(source: Path, out: Path, *options: str) -> Result:
    arguments = ["score", str(source), "--out", str(out), "--model", "torch_cnn", "--workers", "1"]
    return CliRunner().invoke(app, [*arguments, "--part-size", "4", *options])


def answers(out: Path) -> dict[str, dict[str, Any]]:
    """The rows of all parts, by their ids, each of which comes once."""
    rows = [row for part in sorted(out.glob("part-*.parquet")) for row in pq.read_table(part).to_pylist()]
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.usefixtures("quick")
def test_folders_archives_and_parquet_files_are_classified_with_what_is_broken_told(tmp_path: Path) -> None:
    source, out = folder_of(tmp_path / "in" / "some" / "deeper").parents[1], tmp_path / "out"
    (source / "broken.png").write_bytes(b"words")
    (source / "broken.zip").write_bytes(b"PK\x03\x04")
    (source / "broken.parquet").write_bytes(b"PAR1")
    (source / "labels.csv").write_text("no picture")
    (source / ".hidden").mkdir()
    (source / ".hidden" / "1.png").write_bytes(png(1))
    archive_of(source / "a.zip", {"x/3.png": png(3), "../evil.png": png(1), "x/no.png": b"words", "x/readme.txt": b""})
    cells = [{"bytes": png(tenths), "path": "x.png"} for tenths in range(1, 8)]
    pq.write_table(pa.table({"image": [*cells, None], "label": range(8)}), source / "p.parquet", row_group_size=3)

    result = score(source, out)
    assert result.exit_code == 0 and "24 pictures classified" in result.stdout
    assert "6 could not be read" in result.stdout
    rows = answers(out)
    wrong = {name: row["error"] for name, row in rows.items() if row["error"]}
    assert set(wrong) == {
        "broken.png", "broken.zip", "broken.parquet", "a.zip/../evil.png", "a.zip/x/no.png", "p.parquet/7"
    }  # fmt: skip
    assert all(sentence.endswith(".") for sentence in wrong.values())
    for name in wrong:
        assert {name for name, value in rows[name].items() if value is not None} == {"id", "error"}
    right = {name: row["answer"] for name, row in rows.items() if not row["error"]}
    assert right == {
        **{f"some/deeper/{number}.png": 1 + number % 9 for number in range(10)},
        "a.zip/x/3.png": 3,
        **{f"p.parquet/{row}": row + 1 for row in range(7)},
    }
    row = rows["p.parquet/4"]
    assert row["probability"] == pytest.approx(0.91) and row["probabilities"][5] == row["probability"]
    assert len(row["probabilities"]) == 10 and isinstance(row["doubtful"], bool)
    (reading,) = row["readings"]
    assert reading["digit"] == 5 and reading["x"] == 64
    assert len(pq.read_table(out)) == 24, "readers of the folder see the answers alone"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ["binary", "large_binary"])
def test_a_parquet_file_or_an_archive_alone_has_plain_ids(tmp_path: Path, kind: str) -> None:
    parquet = tmp_path / "x.parquet"
    columns = {"a": pa.array([png(1)] * 9, kind), "b": pa.array([png(t) for t in range(1, 10)], kind)}
    pq.write_table(pa.table(columns), parquet)
    refused = score(parquet, tmp_path / "out")
    assert refused.exit_code == 1 and "2 columns" in refused.stderr and not (tmp_path / "out").exists()
    assert score(parquet, tmp_path / "out", "--column", "b").exit_code == 0
    assert {name: row["answer"] for name, row in answers(tmp_path / "out").items()} == {str(t): t + 1 for t in range(9)}
    packed = archive_of(tmp_path / "x.zip", {"a/b.png": png(4)})
    assert score(packed, tmp_path / "zip").exit_code == 0
    assert answers(tmp_path / "zip")["a/b.png"]["answer"] == 4


@pytest.mark.usefixtures("quick")
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_unicode_are_read_and_written_with_a_mark(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    with open(os.fsencode(source) + b"/caf\xe9.png", "wb") as file:
        file.write(png(2))
    assert score(source, tmp_path / "out").exit_code == 0
    assert answers(tmp_path / "out")["caf\N{REPLACEMENT CHARACTER}.png"]["answer"] == 2


@pytest.mark.usefixtures("quick")
def test_a_run_that_was_stopped_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    source, out = folder_of(tmp_path / "in"), tmp_path / "out"
    assert score(source, out).exit_code == 0
    whole = answers(out)
    first, second, third = sorted(out.glob("part-*"))
    before = first.stat().st_mtime_ns, third.stat().st_mtime_ns
    second.unlink()
    (out / ".part-000001-0123abcd").write_bytes(b"half")  # of a worker that was killed
    result = score(source, out)
    assert result.exit_code == 0 and "4 pictures classified" in result.stdout and "6 were done before" in result.stdout
    assert (first.stat().st_mtime_ns, third.stat().st_mtime_ns) == before
    assert answers(out) == whole and not list(out.glob(".*"))


@pytest.mark.usefixtures("quick")
def test_a_part_that_cannot_be_written_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = folder_of(tmp_path / "in"), tmp_path / "out"

    def full(_table: pa.Table, path: Path, **_: Any) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(scoring.pq, "write_table", full)
        result = score(source, out)
    assert result.exit_code == 1 and "No space left on device" in result.stderr and "Traceback" not in result.output
    assert not list(out.glob("*part-*"))
    assert score(source, out).exit_code == 0 and len(answers(out)) == 10


@pytest.mark.usefixtures("quick")
def test_another_model_or_other_pictures_are_refused_and_what_is_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = folder_of(tmp_path / "in"), tmp_path / "out"
    assert score(source, out).exit_code == 0
    kept = {path.name: path.read_bytes() for path in out.iterdir()}

    def refused(said: str, *options: str, source: Path = source) -> None:
        result = score(source, out, *options)
        assert result.exit_code == 1 and said in result.stderr
        assert {path.name: path.read_bytes() for path in out.iterdir()} == kept

    refused("answers of torch_cnn, not of resnet18", "--model", "resnet18")
    refused("answers to the pictures of", source=folder_of(tmp_path / "others"))
    (source / "3.png").write_bytes(png(3) + b"more")
    refused("have changed since")
    (source / "3.png").unlink()
    refused("have changed since")
    monkeypatch.setattr(scoring, "weight_digests", lambda folder: {"model": f"another for {folder}"})
    refused("has other weights")


@pytest.mark.usefixtures("quick")
def test_nonsense_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    source, empty = folder_of(tmp_path / "in", 1), tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "plain.png").write_bytes(png(1))
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    pq.write_table(pa.table({"label": [1]}), tmp_path / "labels.parquet")
    full = tmp_path / "full"
    full.mkdir()
    (full / "notes.txt").touch()
    out = tmp_path / "out"
    before = files_below(tmp_path)
    for said, where, to, options in (
        ("cannot be read", tmp_path / "nowhere", out, ()),
        ("no pictures", empty, out, ()),
        ("no folder, ZIP archive", tmp_path / "plain.png", out, ()),
        ("as a ZIP archive", tmp_path / "broken.zip", out, ()),
        ("one is needed", tmp_path / "labels.parquet", out, ()),
        ("no column 'x'", tmp_path / "labels.parquet", out, ("--column", "x")),
        ("no run of maxdigit score", source, full, ()),
        ("among the pictures", source, source / "out", ()),
        ("Cannot write to", source, tmp_path / "plain.png" / "out", ()),
        ("no model called 'magic'", source, out, ("--model", "magic")),
        ("has no trained weights", source, out, ("--checkpoints", str(empty))),
    ):
        result = score(where, to, *options)
        assert (result.exit_code, said in result.stderr) == (1, True), (said, result.output)
        assert "Traceback" not in result.output and files_below(tmp_path) == before
    assert score(source, out, "--workers", "0").exit_code == 2


@pytest.mark.usefixtures("quick")
def test_pictures_are_read_a_few_at_a_time_wherever_they_lie(tmp_path: Path) -> None:
    """A row group of a hundred rows, read in parts that workers take in any order."""
    parquet = tmp_path / "x.parquet"
    pq.write_table(pa.table({"image": [png(1 + row % 9) for row in range(100)]}), parquet)
    run = begin(Source(parquet), tmp_path / "out", "torch_cnn", CHECKPOINTS, 4)
    for number in (20, 3, 4, 24, 0):
        score_part(run, number)
    found = answers(run.out)
    assert len(found) == 20 and all(row["answer"] == 1 + int(name) % 9 for name, row in found.items())
    assert run.size_of(run.missing()) == 80


def test_processes_that_die_over_the_same_pictures_are_not_started_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ScoringRun(Source(tmp_path), tmp_path, "torch_cnn", CHECKPOINTS, 8, 4)
    starts = []

    def broken(*_: Any) -> Any:
        starts.append(1)
        raise scoring.BrokenProcessPool

    monkeypatch.setattr(scoring, "_in_processes", broken)
    with pytest.raises(ScoreError, match="fewer --workers"):
        list(score_here(run, run.missing(), 2))
    assert len(starts) == 3


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes in its own ways")
def test_a_killed_worker_and_a_killed_run_lose_nothing(tmp_path: Path) -> None:
    source, out = folder_of(tmp_path / "in", 24), tmp_path / "out"
    options = ["--out", str(out), "--model", "torch_cnn", "--workers", "2", "--part-size", "4"]
    command = [sys.executable, "-m", "maxdigit", "score", str(source), *options]

    def started() -> subprocess.Popen[str]:
        return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
        return [each for each in psutil.Process(process.pid).children() if "spawn_main" in " ".join(each.cmdline())]

    stopped = started()
    while not list(out.glob("part-*")) and stopped.poll() is None:
        time.sleep(0.02)
    left = workers(stopped)
    stopped.kill()
    stopped.communicate()
    psutil.wait_procs(left, timeout=60)
    assert left and not any(each.is_running() for each in left), "workers end with the process that started them"

    going_on = started()
    while not (found := workers(going_on)) and going_on.poll() is None:
        time.sleep(0.02)
    if found:
        os.kill(found[0].pid, signal.SIGKILL)
    said, errors = going_on.communicate(timeout=300)
    assert going_on.returncode == 0, errors
    assert "24 pictures" in errors + said
    assert set(answers(out)) == {f"{number}.png" for number in range(24)} and not list(out.glob(".*"))
