"""Batches: their pictures, their parts for several processes, and their targets."""

from __future__ import annotations

import pytest
import torch
from training_support import CPU, tiny

from maxdigit.errors import TrainingError
from maxdigit.training.batches import (
    GeneratedData,
    Shard,
    kind_ranges,
    locate_targets,
    place_targets,
    target_probabilities,
)


def test_pictures_that_an_earlier_run_has_seen_are_left_out():
    recipe = tiny("torch_cnn", fresh=True)
    seen = [batch.pixels for epoch in (0, 1) for batch in GeneratedData(recipe).train(epoch, Shard(), CPU)]
    skip = recipe.train_pictures
    after = [batch.pixels for batch in GeneratedData(recipe, skip=skip).train(0, Shard(), CPU)]
    assert all(torch.equal(a, b) for a, b in zip(seen[len(after) :], after, strict=True))


def test_shards_divide_a_batch_without_gap_or_overlap():
    for processes in (1, 2, 4):
        rows = [Shard(rank, processes).rows(16) for rank in range(processes)]
        assert rows[0][0] == 0 and rows[-1][1] == 16
        assert all(left[1] == right[0] for left, right in zip(rows, rows[1:], strict=False))
    with pytest.raises(TrainingError, match="cannot be divided among 3 processes"):
        Shard(0, 3).rows(16)


def test_fresh_epochs_bring_new_pictures_and_fixed_ones_the_same():
    for fresh in (True, False):
        data = GeneratedData(tiny("torch_cnn", fresh=fresh))
        first, second = (
            {batch.pixels[i].numpy().tobytes() for batch in data.train(epoch, Shard(), CPU) for i in range(8)}
            for epoch in (0, 1)
        )
        assert (first == second) is not fresh and (first.isdisjoint(second)) is fresh


def test_a_batch_holds_the_recipes_mix_of_kinds():
    recipe = tiny("torch_cnn", kinds={"textured": 0.5, "drawn": 0.5})
    batch = next(GeneratedData(recipe).train(0, Shard(), CPU))
    plain = (batch.pixels == 0).float().mean((1, 2)) > 0.5
    assert plain.sum() == 4


def test_small_batches_still_give_every_kind_its_share():
    kinds = {"textured": 0.25, "crowded": 0.35, "drawn": 0.15, "forms": 0.1, "photo": 0.12, "blank": 0.03}
    steps = [kind_ranges(kinds, 12, step) for step in range(100)]
    for kind, share in kinds.items():
        assert all(a[kind][1] == b[kind][0] for a, b in zip(steps, steps[1:], strict=False))  # no gap, no repeat
        assert steps[-1][kind][1] == pytest.approx(1200 * share, abs=1)
    assert all(sum(end - start for start, end in ranges.values()) == 12 for ranges in steps)


def test_two_processes_see_the_batch_that_one_sees():
    data = GeneratedData(tiny("torch_cnn", kinds={"textured": 0.4, "drawn": 0.4, "blank": 0.2}))
    whole = [batch.pixels for batch in data.train(0, Shard(), CPU)]
    halves = zip(*(data.train(0, Shard(rank, 2), CPU) for rank in (0, 1)), strict=True)
    for batch, parts in zip(whole, halves, strict=True):
        assert torch.equal(batch, torch.cat([part.pixels for part in parts]))


def test_where_there_is_no_digit_the_target_is_flat():
    target = target_probabilities(torch.tensor([3, -1]), smoothing=0.1)
    assert target[0].tolist() == pytest.approx([0.01] * 3 + [0.91] + [0.01] * 6)
    assert target[1].tolist() == pytest.approx([0.1] * 10)


def test_locate_targets_name_the_digit_in_its_cell_and_leave_close_calls_out():
    digits = torch.tensor([[7, 2, -1]])
    centres = torch.tensor([[[20.0, 58.0], [126.0, 2.0], [64.0, 64.0]]])
    target = locate_targets(digits, centres, first=7.5, step=16, cells=8)[0]
    assert target[3, 1] == 7  # row 58 px, column 20 px
    assert target[0, 7] == 2  # past the outermost cell: still its own
    assert target[4, 4] == 10  # an absent digit leaves no trace
    assert target[3, 0] == -1 and target[2, 1] == -1  # next door
    assert (target == 7).sum() == 1 and (target == 2).sum() == 1


def test_place_targets_tell_how_far_off_the_nearest_digit_lies_wherever_one_is_not_far():
    digits = torch.tensor([[3, 8, -1]])
    centres = torch.tensor([[[2.0, 60.0], [58.5, 58.0], [100.0, 100.0]]])
    geometry = {"first": 20.0, "step": 10.0, "cells": 6}
    places = place_targets(digits, centres, **geometry)[0]
    assert places[:, 4, 0].tolist() == [-18, 0], "past the outermost cells it is theirs, as far off as it lies"
    assert places[:, 3, 1].tolist() == [-28, 10], "as near as to the cell that it belongs to"
    assert places[:, 4, 4].tolist() == [-1.5, -2] and places[:, 3, 3].tolist() == [8.5, 8]
    empty = locate_targets(digits, centres, **geometry)[0] == 10
    assert empty.any() and torch.equal(places.isnan(), empty.expand(2, -1, -1))
    assert place_targets(torch.tensor([[-1]]), torch.zeros(1, 1, 2), **geometry).isnan().all()
