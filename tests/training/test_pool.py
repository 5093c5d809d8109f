"""The pool of training pictures, and how they are distorted while they are learned from."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from maxdigit.data.pictures import generate
from maxdigit.data.splits import TRAIN
from maxdigit.errors import TrainingError
from maxdigit.training.batches import GeneratedData, Shard
from maxdigit.training.pool import BLOCK, Pool, PoolData, make_pool
from maxdigit.training.recipes import Recipe, get_recipe
from maxdigit.training.run import train
from maxdigit.training.warp import warp

CPU = torch.device("cpu")
TEXTURED = {"textured": 0.75, "blank": 0.25}


def _recipe(**changes: object) -> Recipe:
    small = {"train_pictures": 64, "batch_size": 16, "validation_pictures": 4, "kinds": TEXTURED, "epochs": 1}
    return replace(get_recipe("torch_cnn", "tuned"), **(small | changes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pool")
    make_pool(_recipe(), path, BLOCK + 1, workers=1)
    return path


def test_a_pool_holds_whole_blocks_of_the_recipes_own_pictures(folder: Path) -> None:
    pool = Pool.open(folder)
    assert pool.about.pictures == len(pool.pixels) == 2 * BLOCK and pool.made.all()
    first = next(GeneratedData(_recipe(batch_size=BLOCK, train_pictures=BLOCK)).train(0, Shard(), CPU))
    batch = pool.batch(np.arange(BLOCK), CPU)
    assert torch.equal(batch.labels, first.labels)
    assert (batch.pixels.int() - first.pixels.int()).abs().max() <= 1  # made on another number of threads
    assert torch.equal(batch.digits, first.digits)
    assert (batch.centres - first.centres).abs().max() < 0.1
    assert (batch.labels == -1).sum() == BLOCK // 4  # as many without a digit as the recipe says


def test_fresh_batches_are_drawn_at_random_and_again_the_same(folder: Path) -> None:
    data = PoolData(_recipe(), Pool.open(folder))
    batches = list(data.train(0, Shard(), CPU))
    assert [len(batch.labels) for batch in batches] == [16] * 4
    assert not torch.equal(batches[0].pixels, batches[1].pixels)
    again = next(data.train(0, Shard(), CPU, start=3))
    assert torch.equal(again.pixels, batches[3].pixels)
    halves = [next(data.train(0, Shard(rank, 2), CPU, start=3)).pixels for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), again.pixels)


def test_a_recipe_of_the_same_pictures_sees_each_once_an_epoch_in_an_order_of_its_own(folder: Path) -> None:
    data = PoolData(_recipe(fresh=False), Pool.open(folder))
    epochs = [torch.cat([batch.pixels for batch in data.train(epoch, Shard(), CPU)]) for epoch in (0, 1)]
    assert not torch.equal(*epochs)
    first = Pool.open(folder).pixels[:64]
    for epoch in epochs:
        assert sorted(row.tobytes() for row in epoch.numpy()) == sorted(row.tobytes() for row in first)


def test_only_pictures_that_are_made_are_drawn(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    np.load(tmp_path / "made.npy", mmap_mode="r+")[0] = 0
    rows = Pool.open(tmp_path).draw(np.random.default_rng(1), 1_000)
    assert rows.min() >= BLOCK and rows.max() < 2 * BLOCK


def test_a_pool_that_was_interrupted_is_gone_on_with(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    arrays = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r+") for name in ("made", "pixels")}
    arrays["made"][1] = 0
    arrays["pixels"][BLOCK:] = 0
    arrays["pixels"][0] = 7  # a mark that making the block again would wipe out
    make_pool(_recipe(), tmp_path, BLOCK + 1, workers=1)
    pool = Pool.open(tmp_path)
    assert pool.made.all() and (pool.pixels[0] == 7).all()
    assert np.array_equal(pool.pixels[BLOCK:], Pool.open(folder).pixels[BLOCK:])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kinds": {"textured": 1.0}}, "kinds"),
        ({"balance": 0.1}, "balance"),
        ({"fresh": False, "train_pictures": 100_000}, "holds 1,024 pictures"),
    ],
)
def test_a_pool_of_other_pictures_than_the_recipes_is_refused(folder: Path, changes: dict, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        PoolData(_recipe(**changes), Pool.open(folder))


def test_what_is_no_pool_or_another_one_is_refused_in_words(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="There is no pool of pictures in"):
        Pool.open(tmp_path)
    with pytest.raises(TrainingError, match="holds another pool"):
        make_pool(_recipe(seed=2), folder, BLOCK + 1, workers=1)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(TrainingError, match="cannot be written"):
        make_pool(_recipe(), file / "pool", BLOCK, workers=1)


def test_a_pool_that_is_no_longer_filled_is_not_waited_for(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    np.load(tmp_path / "made.npy", mmap_mode="r+")[:] = 0
    monkeypatch.setattr("maxdigit.training.pool._PATIENCE_S", 0.1)
    with pytest.raises(TrainingError, match="no longer being filled: 0 pictures"):
        next(PoolData(_recipe(), Pool.open(tmp_path)).train(0, Shard(), CPU))


def test_a_run_from_a_pool_says_so(folder: Path, tmp_path: Path) -> None:
    recipe = _recipe(train_pictures=16, batch_size=8)
    train(recipe, tmp_path / "run", pool_folder=folder, test_pictures=1)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["data"] == "generated" and config["pool"] == asdict(Pool.open(folder).about)


def test_distortion_moves_strokes_a_little_and_leaves_the_other_share_alone() -> None:
    torch.manual_seed(1)
    pixels = generate(TRAIN, 0, 32, kind="drawn").pixels
    warped = warp(pixels, 0.5)
    assert warped.dtype == torch.uint8 and warped.shape == pixels.shape
    changed = (warped != pixels).flatten(1).any(1)
    assert 8 <= changed.sum() <= 24
    before, after = (pictures[changed].float().flatten(1) for pictures in (pixels, warped))
    assert ((after.sum(1) / before.sum(1) - 1).abs() < 0.25).all()  # as much ink
    alike = torch.nn.functional.cosine_similarity(before, after)
    assert (alike < 0.999).all() and alike.mean() > 0.7
    assert torch.equal(warp(pixels, 0.0), pixels)
