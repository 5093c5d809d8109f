"""What the tests of training share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from maxdigit.models.registry import get_model
from maxdigit.training.batches import GeneratedData
from maxdigit.training.recipes import Recipe, get_recipe
from maxdigit.training.starts import first_form, new_form
from maxdigit.training.torch_loop import train_torch
from maxdigit.training.tuned_loop import train_tuned

CPU = torch.device("cpu")


class InterruptedData(GeneratedData):
    """Data that stops a run, as Ctrl-C would, in the middle of an epoch, and remembers the pictures that it gave."""

    can_travel = False

    def __init__(self, recipe: Recipe, epoch: int | None = None) -> None:
        super().__init__(recipe)
        self._stop_at = epoch
        self.given: list[tuple[int, torch.Tensor]] = []  # epoch, pixels

    def train(self, epoch, shard, device, start=0):
        for step, batch in enumerate(super().train(epoch, shard, device, start)):
            if epoch == self._stop_at and step == 1:
                raise KeyboardInterrupt
            self.given.append((epoch, batch.pixels))
            yield batch


def copied(recipe: Recipe) -> GeneratedData:
    """The recipe's pictures, made in this process, which is faster for a few."""
    data = GeneratedData(recipe)
    data.can_travel = False
    return data


def learn(recipe: Recipe, folder: Path, data=None, *, resume: bool = False, start_from: Path | None = None) -> None:
    """Train by the recipe's own loop, in this process alone."""
    folder.mkdir(exist_ok=True)
    data = data or GeneratedData(recipe)
    if recipe.loop == "tuned":
        data.can_travel = False
        form = new_form(recipe) if resume else first_form(recipe, start_from)
        train_tuned(recipe, form, data, folder, resume=resume)
    elif recipe.loop == "torch":
        train_torch(recipe, data, folder, resume=resume, start_from=start_from)
    else:
        from maxdigit.training.keras_loop import train_keras  # loads TensorFlow

        train_keras(recipe, data, folder, resume=resume, start_from=start_from)


def weights(model: str, folder: Path) -> dict[str, np.ndarray]:
    if get_model(model).framework == "torch":
        return {
            key: value.float().numpy()
            for path in folder.glob("model*.safetensors")
            for key, value in load_file(path).items()
        }
    return dict(enumerate(get_model(model).load_native(folder).model.get_weights()))


def tiny(model: str, name: str = "tuned", **changes) -> Recipe:
    """A run of seconds: the same 16 textured pictures again and again."""
    settings = {
        "kinds": {"textured": 1.0},
        "fresh": False,
        "schedule": "constant",
        "warp": 0.0,  # each process distorts its part of a batch in its own way
        "epochs": 3,
        "train_pictures": 16,
        "validation_pictures": 8,
        "batch_size": 8,
    }
    if name == "paper":
        settings["fits"] = 1
    return get_recipe(model, name, **{**settings, **changes})
