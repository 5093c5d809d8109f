"""Measure ``maxdigit score`` on this machine and on a cluster of Ray, each with a worker killed half-way.

Prints pictures per second, CPU time for each picture, and the memory of all its processes early and late; then whether
both have one row for every picture, and the same answers. The pictures are the test pictures in the repository
(64 of each kind), repeated under other names, in a folder, a ZIP archive and a Parquet file.

    python benchmarks/score.py --pictures 20000
    python benchmarks/score.py --pictures 2000 --ray auto    # on a cluster; without --ray, on one that is started here

``--at-once`` runs both at the same time, in half the time, for machines with so much other load that only CPU time and
memory are meaningful.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, islice, product
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from maxdigit import CHECKPOINTS, IMAGE_SIZE
from maxdigit.inference.exciting import PICTURES

ROOT = Path(__file__).resolve().parents[1]
EVERY = 5.0  # seconds between measurements of the processes, each of which takes some CPU time


@dataclass
class Seen:
    """The measured resources of a run and its processes."""

    seconds: float = 0.0
    cpu: dict[int, float] = field(default_factory=dict)  # by process, the last value
    megabytes: list[tuple[int, float]] = field(default_factory=list)  # after each number of parts
    killed: int = 0


def write_pictures(folder: Path, count: int) -> None:
    """Write ``count`` pictures, a third in each form."""
    with Image.open(CHECKPOINTS / PICTURES) as sheet:  # side by side, all of a size
        rows, columns = (side // IMAGE_SIZE for side in (sheet.height, sheet.width))
        corners = product(range(0, columns * IMAGE_SIZE, IMAGE_SIZE), range(0, rows * IMAGE_SIZE, IMAGE_SIZE))
        encoded = []
        for x, y in corners:
            buffer = io.BytesIO()
            sheet.convert("L").crop((x, y, x + IMAGE_SIZE, y + IMAGE_SIZE)).save(buffer, "PNG")
            encoded.append(buffer.getvalue())
    pictures = cycle(encoded)
    folder.mkdir()
    third = count // 3
    for number, content in enumerate(islice(pictures, third)):
        file = folder / "files" / f"{number // 1000}" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        for number, content in enumerate(islice(pictures, third)):
            archive.writestr(f"{number}.png", content)
    rest = list(islice(pictures, count - 2 * third))
    pq.write_table(pa.table({"image": rest}), folder / "rows.parquet")


def score(source: Path, out: Path, options: list[str], worker: str, kill_after: int) -> Seen:
    """Run the command, and kill one of its workers after ``kill_after`` parts.

    Args:
        source: the pictures.
        out: for the answers.
        options: of the command.
        worker: text in a worker's command line.
        kill_after: parts.
    """
    seen = Seen()
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "maxdigit", "score", str(source), "--out", str(out), *options],
        cwd=ROOT,
        start_new_session=True,  # Linux schedules by session: each run gets its own share
    )
    try:
        while process.poll() is None:
            megabytes, workers = 0.0, []
            with suppress(psutil.NoSuchProcess):
                for each in (psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)):
                    with suppress(psutil.Error):
                        seen.cpu[each.pid] = sum(each.cpu_times()[:2])
                        megabytes += each.memory_full_info().pss / 1e6
                        if worker in " ".join(each.cmdline()):
                            workers.append(each)
            done = len(list(out.glob("part-*")))
            seen.megabytes.append((done, megabytes))
            if done >= kill_after and workers and not seen.killed:
                seen.killed = workers[0].pid
                workers[0].kill()
            time.sleep(EVERY)
    finally:
        process.terminate()  # if this program is stopped
    if process.returncode:
        raise SystemExit(f"maxdigit score ended with status {process.returncode}")
    seen.seconds = time.perf_counter() - begin
    return seen


def report(name: str, pictures: int, parts: int, seen: Seen) -> None:
    """Print a line for a run."""
    early, late = (
        statistics.median(
            [megabytes for done, megabytes in seen.megabytes if low * parts <= done < high * parts] or [0]
        )
        for low, high in ((0.15, 0.45), (0.7, 1))
    )
    print(
        f"{name:8} {pictures / seen.seconds:7.1f} pictures/s, {1000 * sum(seen.cpu.values()) / pictures:5.1f} ms of "
        f"CPU each, memory {early:.0f} MB early, {late:.0f} MB late, process {seen.killed} killed",
        flush=True,
    )


def answers(out: Path) -> pa.Table:
    """All rows, by id."""
    return pq.read_table(out, columns=["id", "answer", "probabilities", "error"]).sort_by("id")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--part-size", type=int, default=1_000)
    parser.add_argument("--ray", default="local", metavar="ADDRESS")
    parser.add_argument("--at-once", action="store_true", help="both runs at the same time")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="score-"))
    try:
        write_pictures(folder / "in", args.pictures)
        print(f"{args.pictures} pictures; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        options = ["--model", args.model, "--workers", str(args.workers)]
        options += ["--part-size", str(args.part_size)]
        parts = -(-args.pictures // args.part_size)

        def run(name: str, more: list[str], worker: str) -> None:
            seen = score(folder / "in", folder / name, [*options, *more], worker, parts // 2)
            report(name, args.pictures, parts, seen)

        with ThreadPoolExecutor(2 if args.at_once else 1) as threads:
            runs = (
                threads.submit(run, "here", [], "spawn_main"),
                threads.submit(run, "ray", ["--ray", args.ray], "_Scorer"),
            )
        for each in runs:
            each.result()
        here, there = answers(folder / "here"), answers(folder / "ray")
        assert here["id"] == there["id"] and len(set(here["id"].to_pylist())) == args.pictures, "a row for each picture"
        same = sum(a == b for a, b in zip(here["answer"].to_pylist(), there["answer"].to_pylist(), strict=True))
        ours, theirs = (np.array(table["probabilities"].to_pylist(), float) for table in (here, there))
        print(
            f"{same} of {args.pictures} answers are the same, probabilities differ by "
            f"{np.abs(ours - theirs).max():.1e} at most; {args.pictures - here['error'].null_count} could not be read"
        )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
