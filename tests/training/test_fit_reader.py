"""A reader that is fitted anew: each zone learns what its own cells see, and the file serves the app and training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reader_support import head, put_run
from safetensors.numpy import load_file

from maxdigit.models.reader import NOTHING, ZONES, zones_of
from maxdigit.models.reading_classifier import load_trained
from maxdigit.models.registry import get_model
from maxdigit.models.run_folder import READER, READER_SETTINGS
from maxdigit.training.fit_reader import fit, fit_places, write_reader
from maxdigit.training.training_forms import TorchCNNForm


def test_zones_are_corners_edges_and_the_inside():
    assert zones_of(4).tolist() == [[0, 1, 1, 2], [3, 4, 4, 5], [3, 4, 4, 5], [6, 7, 7, 8]]


def test_each_zone_learns_what_its_own_cells_see():
    """On the top edge what means 3 elsewhere means 5, so one head for all cells could not be right."""
    zones = torch.from_numpy(zones_of(4))
    targets = torch.randint(0, NOTHING + 1, (80, 4, 4), generator=torch.Generator().manual_seed(1))
    seen = targets.clone()
    top = zones < 3
    seen[:, top] = torch.where(targets[:, top] == 3, 5, torch.where(targets[:, top] == 5, 3, targets[:, top]))
    maps = 10 * torch.nn.functional.one_hot(seen, 11).movedim(-1, 1).half()
    targets[0, 0, 0] = -1  # too close to call: whatever is read there costs nothing
    weight, bias = fit(maps, targets, zones, torch.zeros(ZONES, 11, 11), torch.zeros(ZONES, 11))
    logits = torch.einsum("nchw,hwkc->nhwk", maps.float(), weight[zones]) + bias[zones]
    known = targets >= 0
    assert (logits.argmax(-1) == targets)[known].all()
    assert weight.dtype == bias.dtype == torch.float32 and weight.is_contiguous()


def test_a_fit_without_pictures_that_differ_stays_near_what_it_began_with():
    zones, start = torch.from_numpy(zones_of(3)), torch.full((ZONES, 11, 2), 0.5)
    maps, targets = torch.zeros(4, 2, 3, 3), torch.full((4, 3, 3), NOTHING)
    weight, bias = fit(maps, targets, zones, start, torch.zeros(ZONES, 11))
    assert torch.equal(weight, start) and (bias.argmax(1) == NOTHING).all()


def test_each_zone_learns_where_the_digits_lie_that_its_cells_see():
    """Two channels tell how far right and below a digit lies, on the left edge mirrored; a third is noise."""
    zones = torch.from_numpy(zones_of(4))
    random = torch.Generator().manual_seed(2)
    places = 6 * torch.randn(60, 2, 4, 4, generator=random)
    seen = torch.cat([places, torch.randn(60, 1, 4, 4, generator=random)], 1)
    left = zones % 3 == 0
    seen[:, 0, left] *= -1
    places[:, :, 0, 1] = torch.nan  # no digit there
    weight, bias = fit_places(seen + 3, places, zones)
    assert weight.shape == (ZONES, 2, 3) and bias.shape == (ZONES, 2)
    found = torch.einsum("nchw,hwkc->nkhw", seen + 3, weight[zones]) + bias[zones].permute(2, 0, 1)
    known = places.isfinite()
    assert (found - places)[known].abs().max() < 0.6
    nowhere = torch.full((3, 2, 4, 4), torch.nan)
    assert not any(part.any() for part in fit_places(torch.zeros(3, 3, 4, 4), nowhere, zones))


@pytest.mark.slow
@pytest.mark.parametrize("before", [None, head()], ids=["no reader", "one head"])
def test_a_fitted_reader_serves_the_app_and_training(tmp_path, before, caplog):
    put_run(tmp_path, before)
    write_reader("torch_cnn", tmp_path, 12)
    assert READER_SETTINGS not in caplog.text, "nobody has to be told that settings are missing before they are chosen"
    state = load_file(tmp_path / READER)
    assert state["weight"].shape == (ZONES, 13, 128) and state["bias"].shape == (ZONES, 13)
    _, readings = load_trained("torch_cnn", tmp_path).read(np.zeros((1, 128, 128), np.uint8))
    assert readings is not None
    form = TorchCNNForm(get_model("torch_cnn").build(), get_model("torch_cnn").features)
    form.load_reader(tmp_path)
    assert torch.equal(form.locate.weight[:, :, 0, 0], torch.from_numpy(state["weight"][4, :11])), "the inside's"
