"""A pool of training pictures on disk, made once by all cores, from which several runs can draw at the same time.

A GPU trains faster than a run can make pictures. Runs may start while the pool is still being filled: they draw from
the pictures made so far.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from maxdigit.data.picture_batch import MAX_DIGITS, SIZE
from maxdigit.data.pictures import VERSION
from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import read_json, remove, write_json
from maxdigit.training.batches import Batch, GeneratedData, Shard
from maxdigit.training.recipes import Recipe
from maxdigit.training.run_config import PoolSettings

BLOCK = 512  # pictures that are made at a time, mixed by the recipe
_BLOCKS_A_TASK = 8  # consecutive blocks made by one process: they share the plans of their chunks
_ENOUGH = 4 * BLOCK  # pictures that a run needs to start
_PATIENCE_S = 180.0  # without a new block, after which making the pool counts as stopped
_ABOUT = "pool.json"
_NOT_A_POOL = "There is no pool of pictures in {folder} ({reason}). Make one with: python -m maxdigit pool {folder}"


@dataclass(frozen=True)
class Pool:
    """Pictures on disk, one row of each array for a picture. The arrays are mapped, not read."""

    about: PoolSettings
    pixels: NDArray[np.uint8]  # (N, 128, 128)
    digits: NDArray[np.int8]  # (N, 8), 0..9, -1 where there is none
    centres: NDArray[np.float16]  # (N, 8, 2), x and y of each digit in pixels
    made: NDArray[np.uint8]  # (N / BLOCK,): 1 for each finished block

    @classmethod
    def open(cls, folder: Path, mode: Literal["r", "r+"] = "r") -> Pool:
        """The pool in ``folder``.

        Raises:
            TrainingError: there is none, or a file of it is missing or damaged.
        """
        try:
            about = PoolSettings(**read_json(folder / _ABOUT))
            arrays = [np.load(folder / f"{name}.npy", mmap_mode=mode) for name in _LAYOUT]
        except (TrainingError, OSError, ValueError, TypeError) as error:
            raise TrainingError(_NOT_A_POOL.format(folder=folder, reason=error)) from error
        for array, (shape, dtype) in zip(arrays, _layout(about.pictures).values(), strict=True):
            if array.shape != shape or array.dtype != dtype:
                reason = "a file of it has another size"
                raise TrainingError(_NOT_A_POOL.format(folder=folder, reason=reason))
        return cls(about, *arrays)

    def check(self, recipe: Recipe) -> None:
        """Make sure that these are the pictures a recipe asks for.

        Raises:
            TrainingError: they are of other kinds or another version, or too few.
        """
        asked = {"kinds": recipe.kinds, "balance": recipe.balance, "version": VERSION}
        for key, value in asked.items():
            if (own := getattr(self.about, key)) != value:
                raise TrainingError(f"The pool has {key} {own}, but the recipe asks for {value}.")
        needed = recipe.batch_size if recipe.fresh else recipe.train_pictures
        if self.about.pictures < needed:
            raise TrainingError(f"The pool holds {self.about.pictures:,} pictures, but the recipe asks for {needed:,}.")

    def wait_for(self, count: int) -> None:
        """Wait until this many pictures are made, or all.

        Raises:
            TrainingError: none has been added for three minutes.
        """
        blocks = min(-(-count // BLOCK), len(self.made))
        before, since = -1, time.monotonic()
        while (now := int(self.made.sum())) < blocks:
            if now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() - since > _PATIENCE_S:
                raise TrainingError(
                    f"The pool is no longer being filled: {now * BLOCK:,} pictures are there. Run "
                    "python -m maxdigit pool again, which continues where it stopped."
                )
            time.sleep(0.2)

    def draw(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Rows of ``count`` pictures at random among those made so far."""
        blocks = np.flatnonzero(np.array(self.made))  # a copy, as other processes may be adding to it
        return blocks[rng.integers(0, len(blocks), count)] * BLOCK + rng.integers(0, BLOCK, count)

    def batch(self, rows: NDArray[np.int64], device: torch.device) -> Batch:
        """These pictures, on a device."""
        pixels = torch.from_numpy(self.pixels[rows]).to(device)
        digits = torch.from_numpy(self.digits[rows].astype(np.int64)).to(device)
        return Batch(pixels, digits.amax(1), digits, torch.from_numpy(self.centres[rows].astype(np.float32)).to(device))


class PoolData:
    """Batches drawn from a pool; held-out pictures are generated.

    Where the recipe asks for fresh pictures, each batch is drawn at random, so a picture may be repeated. Otherwise
    each epoch uses the first ``recipe.train_pictures``, each once, in a new order.
    """

    can_travel = False  # the pictures are mapped here already

    def __init__(self, recipe: Recipe, pool: Pool) -> None:
        pool.check(recipe)
        self._recipe, self._pool = recipe, pool
        self.validation = GeneratedData(recipe).validation

    def train(self, epoch: int, shard: Shard, device: torch.device, start: int = 0) -> Iterator[Batch]:
        recipe, size = self._recipe, self._recipe.batch_size
        low, high = shard.rows(size)
        self._pool.wait_for(max(size, _ENOUGH) if recipe.fresh else recipe.train_pictures)
        order = None if recipe.fresh else np.random.default_rng((recipe.seed, epoch)).permutation(recipe.train_pictures)
        for step in range(start, recipe.train_pictures // size):
            if order is None:
                rows = self._pool.draw(np.random.default_rng((recipe.seed, epoch, step)), size)
            else:
                rows = order[step * size : (step + 1) * size]
            yield self._pool.batch(rows[low:high], device)


def make_pool(recipe: Recipe, folder: Path, pictures: int, workers: int | None = None) -> None:
    """Fill a pool with training pictures mixed as ``recipe`` says; pictures already made for the same pool are kept.

    Args:
        recipe: its kinds, balance and seed.
        folder: made if it is not there.
        pictures: how many; rounded up to whole blocks.
        workers: processes; None: one for each core.

    Raises:
        TrainingError: there is another pool in ``folder``, it cannot be written, or a process was killed.
    """
    count = -(-pictures // BLOCK) * BLOCK
    about = PoolSettings(pictures=count, kinds=recipe.kinds, balance=recipe.balance, seed=recipe.seed, version=VERSION)
    if not (folder / _ABOUT).exists():
        try:
            _allocate(folder, count)
        except OSError as error:
            reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
            raise TrainingError(f"The pool cannot be written to {folder} ({reason}). Choose another folder.") from error
        write_json(folder / _ABOUT, asdict(about))
    pool = Pool.open(folder)
    if pool.about != about:
        raise TrainingError(
            f"{folder} holds another pool ({asdict(pool.about)}). Choose another folder, or delete that one."
        )
    todo = np.flatnonzero(pool.made == 0).tolist()
    tasks = [todo[start : start + _BLOCKS_A_TASK] for start in range(0, len(todo), _BLOCKS_A_TASK)]
    processes = min(workers or os.cpu_count() or 1, max(len(tasks), 1))
    with (
        ProcessPoolExecutor(processes, get_context("spawn"), initializer=_one_thread) as executor,
        tqdm(total=count, initial=count - len(todo) * BLOCK, unit="picture", unit_scale=True, mininterval=2) as bar,
    ):
        jobs = [executor.submit(_fill, recipe, folder, blocks) for blocks in tasks]
        try:
            for job in as_completed(jobs):
                bar.update(job.result() * BLOCK)
        except BrokenProcessPool as error:
            raise TrainingError(
                "A process that made pictures was killed, perhaps because memory ran out: run the command again, with "
                "fewer --workers. It continues where it stopped."
            ) from error
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


_LAYOUT: dict[str, tuple[tuple[int, ...], str]] = {
    "pixels": ((SIZE, SIZE), "uint8"),
    "digits": ((MAX_DIGITS,), "int8"),
    "centres": ((MAX_DIGITS, 2), "float16"),
    "made": ((), "uint8"),
}


def _layout(pictures: int) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shape and type of each array."""
    return {
        name: ((pictures // BLOCK if name == "made" else pictures, *shape), np.dtype(dtype))
        for name, (shape, dtype) in _LAYOUT.items()
    }


def _allocate(folder: Path, pictures: int) -> None:
    """Allocate the space on disk at once: writing to a mapped file on a full disk would kill the process."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name, (shape, dtype) in _layout(pictures).items():
            path = folder / f"{name}.npy"
            np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except OSError:
        for name in _LAYOUT:
            remove(folder / f"{name}.npy")
        raise


def _fill(recipe: Recipe, folder: Path, blocks: list[int]) -> int:
    """Make some blocks of the pool in ``folder``; returns how many."""
    pool = Pool.open(folder, "r+")
    end = max(blocks) + 1
    data = GeneratedData(replace(recipe, batch_size=BLOCK, train_pictures=end * BLOCK, fresh=True))
    for block in blocks:
        batch = next(data.train(0, Shard(), torch.device("cpu"), start=block))
        rows = slice(block * BLOCK, (block + 1) * BLOCK)
        assert batch.digits is not None and batch.centres is not None
        pool.pixels[rows] = batch.pixels.numpy()
        pool.digits[rows] = batch.digits.numpy()
        pool.centres[rows] = batch.centres.numpy()
        pool.made[block] = 1
    return len(blocks)


def _one_thread() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
