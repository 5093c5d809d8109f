"""The initial weights of a tuned run: new, from an earlier run, or widened from half the width; and saving them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from maxdigit.errors import TrainingError
from maxdigit.models.registry import get_model
from maxdigit.models.run_folder import NARROW, remove, write_aside
from maxdigit.training.recipes import Recipe
from maxdigit.training.run_config import read_config
from maxdigit.training.states import compact, expand
from maxdigit.training.training_forms import NetworkForm, TorchCNNForm, TrainingForm
from maxdigit.training.widen import NOISE, widen


def new_form(recipe: Recipe, published: Path | None = None) -> TrainingForm:
    """The model of ``recipe`` as it is trained, with new weights or with the published ones in a folder.

    Raises:
        CheckpointError: those are missing, damaged or from another network.
    """
    form = _FORMS.get(recipe.model, _network_form)(recipe, published)
    if published is not None:
        form.load_reader(published)
    return form


def first_form(recipe: Recipe, start_from: Path | None) -> TrainingForm:
    """The model of ``recipe`` with the initial weights of its run.

    Args:
        recipe: of the run.
        start_from: folder of an earlier run, at this width or at half of it; None: new weights.

    Raises:
        TrainingError: the earlier run is of another model, or of a width that cannot be widened to this one's.
        CheckpointError: its weights are missing or damaged.
    """
    if start_from is None:
        return new_form(recipe)
    earlier = read_config(start_from).recipe
    model, width = earlier.get("model"), earlier.get("width", 1.0)
    if model != recipe.model:
        raise TrainingError(f"The run in {start_from} is of {model}: {recipe.model} cannot start from its weights.")
    if width not in (recipe.width, recipe.width / 2):
        raise TrainingError(
            f"The run in {start_from} has width {width}: a run of width {recipe.width} can start from its own width "
            "or from half of it."
        )
    if width == 1:
        return new_form(recipe, start_from)
    form = new_form(recipe)
    small = form if width == recipe.width else new_form(replace(recipe, width=width))
    path = start_from / NARROW
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{path} cannot be read ({error}). Let that run finish first.") from error
    expand(small, state, path)
    if small is not form:
        widen(small, form, noise=NOISE, seed=recipe.seed)
    return form


def save_form(form: TrainingForm, recipe: Recipe, folder: Path) -> None:
    """Write a run's weights: the published network's, or those of the training form if it is narrower."""
    if recipe.width == 1:
        form.save(folder)
        remove(folder / NARROW)
    else:
        state = compact(form)
        write_aside(folder / NARROW, lambda aside: save_file(state, aside))


def _keras_form(recipe: Recipe, published: Path | None) -> TrainingForm:
    from maxdigit.training.keras_form import KerasForm

    form = KerasForm(recipe.width, recipe.dropout or 0.0)
    if published is not None:
        form.load_published(_network(recipe, published))
    return form


def _torch_cnn_form(recipe: Recipe, published: Path | None) -> TrainingForm:
    features = get_model(recipe.model).features
    return TorchCNNForm(
        _torch_network(recipe, published), features, recipe.width, head=recipe.head, is_new=published is None
    )


def _network_form(recipe: Recipe, published: Path | None) -> TrainingForm:
    return NetworkForm(_torch_network(recipe, published), get_model(recipe.model).features, recipe.width)


def _torch_network(recipe: Recipe, published: Path | None) -> Any:
    """The published torch network with the recipe's dropout."""
    model = _network(recipe, published)
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = recipe.dropout or 0.0
    return model


def _network(recipe: Recipe, published: Path | None) -> Any:
    """The published network, new or from a folder."""
    spec = get_model(recipe.model)
    return spec.build() if published is None else spec.load_native(published).model


# The models that a tuned recipe trains in another form than the published one.
_FORMS: dict[str, Callable[[Recipe, Path | None], TrainingForm]] = {
    "keras_cnn": _keras_form,
    "torch_cnn": _torch_cnn_form,
}
