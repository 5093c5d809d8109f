"""Scoring: every picture of a folder, archive or Parquet file classified, into Parquet files, a part at a time.

A part is written to a temporary file and renamed, so that a file that exists is complete: an interrupted run, for
whatever reason, is continued with the missing parts.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import secrets
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from maxdigit.engine.runtime import limit_cores
from maxdigit.inference.bulk import Answered, answer_batch
from maxdigit.inference.predict import Predictor
from maxdigit.models.calibration import weight_digests
from maxdigit.models.run_folder import CALIBRATION, ENSEMBLE, INK_FINDER, READER, READER_SETTINGS, write_json
from maxdigit.scaling.pictures import PictureReader, ScoreError, Source

ANSWERS = pa.schema(
    [
        (
            "id",
            pa.string(),
        ),  # the path, followed by the name in an archive or the row of a Parquet file
        ("answer", pa.int8()),  # the largest digit; null, as all but the error, if the picture could not be read
        ("probability", pa.float32()),  # of that answer
        ("probabilities", pa.list_(pa.float32())),  # of the digits 0 to 9
        ("doubtful", pa.bool_()),  # no writing was found, or something was left out that may be a digit
        (
            "readings",  # the digits that the model reads, with their centres in 128 x 128; null without a reader
            pa.list_(
                pa.struct(
                    [("digit", pa.int8()), ("probability", pa.float32()), ("x", pa.float32()), ("y", pa.float32())]
                )
            ),
        ),
        ("error", pa.string()),  # a sentence
    ]
)

# Names that readers of a folder of Parquet files ignore.
_LIST, _RUN = "_pictures.parquet", "_run.json"
_FORM = 1  # of the two
_BREAKS = 3  # consecutive deaths of workers without a finished part, after which the pictures are taken to be the cause


@dataclass(frozen=True)
class _Parameters:
    """``_run.json``: what the answers in a folder depend on, and the size of its parts."""

    form: int
    model: str
    weights: str  # a digest
    source: str  # its path
    column: str | None
    files: str  # a digest of the source's files
    part_size: int  # pictures in one part
    pictures: int


@dataclass(frozen=True)
class Part:
    """The result of a part of the pictures."""

    pictures: int
    errors: int  # of them could not be read


@dataclass(frozen=True)
class ScoringRun:
    """A run that is ready: its folder holds the list of pictures. It is pickled and sent to workers."""

    source: Source
    out: Path
    model: str
    checkpoints: Path
    pictures: int
    part_size: int

    def part(self, number: int) -> Path:
        """The file of a part."""
        return self.out / f"part-{number:06d}.parquet"

    def size_of(self, numbers: Sequence[int]) -> int:
        """How many pictures these parts have together."""
        last = (self.pictures - 1) // self.part_size
        return sum(self.pictures - last * self.part_size if each == last else self.part_size for each in numbers)

    def missing(self) -> list[int]:
        """The parts that have yet to be computed."""
        return [number for number in range(-(-self.pictures // self.part_size)) if not self.part(number).exists()]

    def clean(self) -> None:
        """Delete the temporary files of workers that were killed. For when no worker is running any more."""
        for leftover in self.out.glob(".part-*"):
            leftover.unlink(missing_ok=True)


def begin(source: Source, out: Path, model: str, checkpoints: Path, part_size: int) -> ScoringRun:
    """Create a folder for the answers, or continue the run in it, whose parts keep their size.

    Raises:
        UnknownModelError: there is no such model; CheckpointError: it cannot answer.
        ScoreError: there are no pictures, or the folder cannot be used, or holds answers of another model or to other
            pictures. The folder is then left as it was.
    """
    predictor = Predictor(checkpoints)
    predictor.folder(model)
    if (trouble := predictor.troubles().get(model)) is not None:
        raise trouble
    source, out = Source(source.path.absolute(), source.column), out.absolute()
    if source.path.is_dir() and out.resolve().is_relative_to(source.path.resolve()):
        raise ScoreError(f"{out} lies among the pictures. Choose a folder outside of {source.path}.")
    asked = _Parameters(
        form=_FORM,
        model=model,
        weights=_weights(predictor, model),
        source=str(source.path),
        column=source.column,
        files=source.fingerprint(),
        part_size=part_size,
        pictures=0,  # not counted yet
    )
    try:
        kept = _kept(out)
        if kept is None:
            is_new = not out.exists()
            out.mkdir(parents=True, exist_ok=True)
            try:
                kept = replace(asked, pictures=_list_pictures(source, out, part_size))
                write_json(out / _RUN, asdict(kept))
            except BaseException:
                (out / _LIST).unlink(missing_ok=True)
                if is_new:
                    out.rmdir()
                raise
        _check_same(kept, asked, out)
        return ScoringRun(source, out, model, checkpoints.absolute(), kept.pictures, kept.part_size)
    except OSError as error:
        raise ScoreError(f"Cannot write to {out} ({error.strerror or error}). Choose another folder.") from error


def score_part(run: ScoringRun, number: int) -> Part:
    """Compute a part, unless another worker has finished it.

    Raises:
        ScoreError: its file cannot be written.
    """
    target = run.part(number)
    if target.exists():
        answers = pq.read_table(target, columns=["error"])
        return Part(len(answers), len(answers) - answers["error"].null_count)
    predictor, reader, pictures = _opened(run)
    rows = [
        _row(answered, run.model)
        for group in answer_batch(predictor, reader.read(pictures.read_row_group(number)), [run.model])
        for answered in group
    ]
    aside = run.out / f".{target.stem}-{secrets.token_hex(4)}"
    try:
        pq.write_table(pa.Table.from_pylist(rows, ANSWERS), aside, compression="zstd")
        aside.replace(target)
    except OSError as error:
        raise ScoreError(
            f"Cannot write to {run.out} ({error.strerror or error}). Make room there, then start again."
        ) from None
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
    return Part(len(rows), sum(row["error"] is not None for row in rows))


def score_here(run: ScoringRun, numbers: Sequence[int], workers: int) -> Iterator[Part]:
    """Compute parts on this machine, in so many processes of one core each; one takes all cores.

    Raises:
        ScoreError: a part cannot be written, or its pictures end every process that reads them.
    """
    if workers == 1:
        yield from (score_part(run, number) for number in numbers)
        return
    left, breaks = list(numbers), 0
    while left:
        try:
            for part in _in_processes(run, left, workers):
                breaks = 0
                yield part
            return
        except BrokenProcessPool:  # one of them was killed, perhaps by the system, because memory ran out
            breaks += 1
            left = [number for number in left if not run.part(number).exists()]
            if breaks == _BREAKS:
                raise ScoreError(
                    f"The processes were killed {_BREAKS} times in a row, perhaps because memory ran out. Finished "
                    "parts are kept: start again with fewer --workers."
                ) from None


def _in_processes(run: ScoringRun, numbers: Sequence[int], workers: int) -> Iterator[Part]:
    waiting, running = iter(numbers), set[Future[Part]]()
    # Not forked: OpenVINO's threads would be missing in the copies.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, _start_worker) as pool:
        try:
            while True:
                running |= {pool.submit(score_part, run, each) for each in islice(waiting, 2 * workers - len(running))}
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once and silently: its part is not written yet
    limit_cores(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    signal.raise_signal(signal.SIGTERM)


@lru_cache(maxsize=1)
def _opened(run: ScoringRun) -> tuple[Predictor, PictureReader, pq.ParquetFile]:
    """The objects that a worker reuses from part to part."""
    predictor = Predictor(run.checkpoints)
    return predictor, PictureReader(predictor, run.source), pq.ParquetFile(run.out / _LIST)


def _row(answered: Answered, model: str) -> dict[str, Any]:
    entry = answered.entry
    if model not in answered.probabilities:
        return {"id": entry.name, "error": str(entry.error)}
    probabilities, readings = answered.probabilities[model], answered.readings.get(model)
    answer = int(probabilities.argmax())
    return {
        "id": entry.name,
        "answer": answer,
        "probability": probabilities[answer],
        "probabilities": probabilities,
        "doubtful": entry.is_doubtful,
        "readings": None if readings is None else [vars(reading) for reading in readings],
        "error": None,
    }


def _weights(predictor: Predictor, model: str) -> str:
    """A digest of every file that the answers depend on."""
    weights = predictor.weights() if model == ENSEMBLE else {model: 1.0}
    folders = [predictor.checkpoints / INK_FINDER, *(predictor.folder(name) for name in weights)]
    found: list[Any] = [weights, *(weight_digests(folder) for folder in folders)]
    for folder in folders:
        for name in (CALIBRATION, READER, READER_SETTINGS):
            with suppress(OSError):
                found.append([name, hashlib.sha256((folder / name).read_bytes()).hexdigest()])
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _list_pictures(source: Source, out: Path, part_size: int) -> int:
    count = source.write_list(out / _LIST, part_size)
    if not count:
        raise ScoreError(f"There are no pictures in {source.path}.")
    return count


def _kept(out: Path) -> _Parameters | None:
    """The parameters of the folder's run; None if the folder is missing or empty.

    Raises:
        ScoreError: it holds anything else.
        OSError: it cannot be read.
    """
    if not out.exists() or not any(out.iterdir()):
        return None
    try:
        kept = _Parameters(**json.loads((out / _RUN).read_text(encoding="utf-8")))
        if kept.form == _FORM and int(kept.pictures) > 0 < int(kept.part_size) and (out / _LIST).is_file():
            return kept
    except (FileNotFoundError, ValueError, TypeError):
        pass
    raise ScoreError(f"{out} holds files, but no run of maxdigit score to continue. Choose a new folder.")


def _check_same(kept: _Parameters, asked: _Parameters, out: Path) -> None:
    new = "Choose a new folder for --out."
    if kept.model != asked.model:
        raise ScoreError(f"{out} holds answers of {kept.model}, not of {asked.model}. {new}")
    if kept.weights != asked.weights:
        raise ScoreError(f"{asked.model} has other weights than when {out} was begun. {new}")
    if (kept.source, kept.column) != (asked.source, asked.column):
        raise ScoreError(f"{out} holds answers to the pictures of {kept.source}, or of another column. {new}")
    if kept.files != asked.files:
        raise ScoreError(f"The pictures in {asked.source} have changed since {out} was begun. {new}")
