"""Training forms fold exactly into the published models."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn
from training_support import tiny

from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import TrainingError
from maxdigit.models.registry import MODELS, get_model
from maxdigit.models.run_folder import write_json
from maxdigit.training.composed import composed_kernel, paired_convolution
from maxdigit.training.folding import is_hidden, set_norms
from maxdigit.training.largest_linear import LargestLinear
from maxdigit.training.run import train
from maxdigit.training.starts import first_form, new_form
from maxdigit.training.training_forms import TrainingForm
from maxdigit.training.widen import widen

FORMS = [(name, head) for name, spec in MODELS.items() for head in spec.heads]
HIDDEN_KERNELS = {"resnet18": 19, "torch_cnn": 5, "keras_cnn": 6}


@pytest.fixture(scope="module")
def pixels():
    return generate(VALIDATION, 0, 8, kind="drawn").pixels


def probabilities(form: nn.Module, pixels: torch.Tensor) -> np.ndarray:
    form.eval()
    with torch.inference_mode():
        found = form(pixels)
    return (found[0] if isinstance(found, tuple) else found).softmax(1).numpy()


def trained(model: str, head: str, width: float = 1.0) -> TrainingForm:
    """A form whose norms have moments, scales and offsets of their own."""
    torch.manual_seed(3)
    form = new_form(tiny(model, head=head, width=width))
    with torch.no_grad():
        for part in form.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                part.weight.uniform_(0.5, 1.5)
                part.bias.normal_(std=0.3)
        sample = generate(VALIDATION, 100, 8, kind="drawn").pixels
        for _ in range(3):
            form(sample)
        # So that each picture gets an answer of its own.
        kind = LargestLinear if head == "largest" else nn.Linear
        layer = [part for part in form.modules() if isinstance(part, kind)][-1]
        form.eval()
        matrix = layer.combine if head == "largest" else layer.weight
        matrix.div_(form(sample)[0].std(0).mean())
        layer.bias.sub_(form(sample)[0].mean(0))
    return form


@pytest.mark.parametrize(("model", "head"), FORMS)
def test_what_is_saved_is_the_published_model_with_the_training_forms_probabilities(model, head, pixels):
    form = trained(model, head)
    expected = probabilities(form, pixels)
    assert expected.std(0).max() > 0.01
    published = form.published()
    if model == "keras_cnn":
        assert published.count_params() == get_model(model).parameters
        found = published.predict(pixels.numpy()[..., None], verbose=0)
    else:
        built = get_model(model).build().state_dict()
        shapes = {name: value.shape for name, value in published.state_dict().items()}
        assert shapes == {name: value.shape for name, value in built.items()}
        found = probabilities(published, pixels)
    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize(("model", "head"), FORMS)
def test_a_form_begins_with_what_a_published_model_answers(model, head, pixels, tmp_path):
    form = trained(model, "plain")
    form.save(tmp_path)
    write_json(tmp_path / "config.json", {"recipe": asdict(tiny(model))})
    again = first_form(tiny(model, head=head), tmp_path)
    expected = get_model(model).load(tmp_path).predict(pixels.numpy())
    assert np.abs(probabilities(again, pixels) - expected).max() < 1e-4
    assert torch.equal(again.locate.weight, form.locate.weight)  # the reader comes along


@pytest.mark.parametrize(("model", "head"), FORMS)
def test_setting_kernels_to_muons_norm_changes_no_answer(model, head, pixels):
    form = trained(model, head)
    before = probabilities(form, pixels)
    set_norms(form.normed())
    assert np.abs(probabilities(form, pixels) - before).max() < 1e-4
    kernels = [layer.weight for part in form.normed() for layer in part.layers if is_hidden(layer.weight)]
    assert len(kernels) == HIDDEN_KERNELS.get(model, len(kernels)) > 0
    for kernel in kernels:
        assert kernel.norm().item() == pytest.approx(len(kernel) ** 0.5, rel=1e-4)


@pytest.mark.parametrize(("model", "head"), FORMS)
def test_widening_changes_no_answer_but_for_the_noise(model, head, pixels):
    small, large, noisy = trained(model, head, 0.5), *(new_form(tiny(model, head=head)) for _ in range(2))
    widen(small, large, noise=0.0)
    before = probabilities(small, pixels)
    assert before.std(0).max() > 0.01
    assert np.abs(probabilities(large, pixels) - before).max() < 1e-4
    widen(small, noisy)
    difference = np.abs(probabilities(noisy, pixels) - before).mean()
    assert 0 < difference < 0.02
    twins = noisy.normed()[-1].layers[-1].weight.chunk(2)
    assert not torch.allclose(*twins)
    with pytest.raises(TrainingError, match="half the width"):
        widen(large, small)


def test_two_convolutions_with_nothing_between_are_the_one_that_is_computed():
    torch.manual_seed(1)
    first, second = nn.Conv2d(4, 6, 3), nn.Conv2d(6, 5, 3)
    maps = torch.randn(2, 4, 14, 11)
    assert composed_kernel(first, second)[0].shape == (5, 4, 5, 5)
    plain, composed = second(first(maps)), paired_convolution(first, second, maps)
    assert torch.allclose(plain, composed, atol=1e-5)
    parameters = [*first.parameters(), *second.parameters()]
    direction = torch.randn_like(plain)
    for ours, theirs in zip(
        torch.autograd.grad(composed, parameters, direction),
        torch.autograd.grad(plain, parameters, direction),
        strict=True,
    ):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_run_at_half_width_is_widened_by_the_next_and_can_not_be_served(tmp_path, pixels):
    half = tiny("keras_cnn", width=0.5, epochs=1)
    train(half, tmp_path / "half")
    metrics = json.loads((tmp_path / "half" / "metrics.json").read_text())
    assert metrics["training"]["pictures_seen"] == 16 and "test" not in metrics
    assert not list((tmp_path / "half").glob("model*"))
    small = first_form(half, tmp_path / "half")
    large = first_form(replace(half, width=1.0), tmp_path / "half")
    assert np.abs(probabilities(small, pixels) - probabilities(large, pixels)).mean() < 0.02
    with pytest.raises(TrainingError, match="is of keras_cnn: torch_cnn cannot start"):
        first_form(tiny("torch_cnn"), tmp_path / "half")
    write_json(tmp_path / "config.json", {"recipe": asdict(tiny("keras_cnn"))})
    with pytest.raises(TrainingError, match="has width 1.0: a run of width 0.5 can start"):
        first_form(half, tmp_path)
    (tmp_path / "half" / "narrow.safetensors").write_bytes(b"cut")
    with pytest.raises(TrainingError, match="cannot be read"):
        first_form(half, tmp_path / "half")
