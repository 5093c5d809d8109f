"""Fits a trained network's reader again, with a head for each zone of the feature map; the network is not changed.

During training one head serves all cells. It performs poorly in the outermost cells of networks without padding, which
also have to read the digits past them: the Keras CNN's first cell is centred at pixel 29.5, and digits begin at the
edge. ``python -m maxdigit fit-reader`` fits a head for each zone, by logistic regression on the features of training
pictures, and one that predicts where the digit lies relative to the cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from maxdigit.models.reader import NOTHING, ZONES, zones_of
from maxdigit.models.reading_classifier import load_head
from maxdigit.models.registry import NUM_CLASSES, Classifier, FeatureMap, get_model
from maxdigit.models.run_folder import READER, write_aside
from maxdigit.training.batches import GeneratedData, Shard, locate_targets, place_targets
from maxdigit.training.recipes import get_recipe

_BATCH = 100
PICTURES = 3_000  # to fit a reader on
# Weight decay towards the trained reader: in 3,000 pictures there are few of each digit in a corner.
_DECAY = 1e-3
_RIDGE = 0.02  # for each picture of a digit, where channels have unit deviation
_STEPS = 100  # of L-BFGS, enough to converge
_SKIP = 10_000_000  # pictures of the stream, beyond those of any run, whose features are more distinct


def write_reader(model: str, folder: Path, count: int) -> None:
    """Fit the reader of the model in ``folder`` on ``count`` training pictures, and write it there.

    Raises:
        CheckpointError: the model's weights are missing or damaged.
    """
    spec = get_model(model)
    zones = torch.from_numpy(zones_of(spec.features.cells))
    parts = list(_seen(spec.load(folder), spec.features, model, count))
    maps, targets, places = (torch.cat(part) for part in zip(*parts, strict=True))
    before = load_head(spec, folder)
    if before is None:
        start = torch.zeros(ZONES, NUM_CLASSES + 1, spec.features.channels), torch.zeros(ZONES, NUM_CLASSES + 1)
    else:
        weight, bias = (torch.from_numpy(part[:, : NUM_CLASSES + 1]) for part in (before.weight, before.bias))
        start = weight.expand(ZONES, -1, -1).clone(), bias.expand(ZONES, -1).clone()
    heads = fit(maps, targets, zones, *start), fit_places(maps, places, zones)
    weight, bias = (torch.cat(part, 1) for part in zip(*heads, strict=True))
    write_aside(folder / READER, lambda aside: save_file({"weight": weight, "bias": bias}, aside))


def fit(maps: Tensor, targets: Tensor, zones: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The heads of all zones with the least cross-entropy, digits and empty cells weighing the same in all.

    Args:
        maps: feature maps, float ``(N, channels, cells, cells)``, of any precision.
        targets: int64 ``(N, cells, cells)``, as from :func:`maxdigit.training.batches.locate_targets`.
        zones: int64 ``(cells, cells)``, the zone of each cell.
        weight: float32 ``(zones, 11, channels)``, the initial value, to which the result is regularised.
        bias: float32 ``(zones, 11)``, likewise.

    Returns:
        Weight and bias of the same shapes.
    """
    kept = targets >= 0
    weights = torch.where(
        targets == NOTHING, 1 / (targets == NOTHING).sum(), 1 / (kept & (targets != NOTHING)).sum().clamp(min=1)
    )
    cells = maps.movedim(1, -1)
    rows = []
    for zone in range(len(weight)):
        own = kept & (zones == zone)
        rows.append((cells[own].float(), targets[own], weights[own]))
    before = weight
    weight, bias = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    descent = torch.optim.LBFGS([weight, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        descent.zero_grad()
        total = _DECAY * (weight - before).square().sum()
        for zone, (inputs, labels, shares) in enumerate(rows):
            each = F.cross_entropy(F.linear(inputs, weight[zone], bias[zone]), labels, reduction="none")
            total = total + (each * shares).sum()
        total.backward()
        return total

    descent.step(loss)
    return weight.detach().contiguous(), bias.detach().contiguous()


def fit_places(maps: Tensor, places: Tensor, zones: Tensor) -> tuple[Tensor, Tensor]:
    """The least-squares predictor of the offset of a digit's centre from the cells that see it.

    Ridge regression on each channel's deviation from its mean, in units of that channel's own.

    Args:
        maps: feature maps, float ``(N, channels, cells, cells)``, of any precision.
        places: ``(N, 2, cells, cells)``, as from :func:`maxdigit.training.batches.place_targets`.
        zones: int64 ``(cells, cells)``, the zone of each cell.

    Returns:
        Weight float32 ``(zones, 2, channels)`` and bias ``(zones, 2)``; zeros for a zone without digits.
    """
    cells, there = maps.movedim(1, -1), places.movedim(1, -1)
    weight, bias = torch.zeros(ZONES, 2, maps.shape[1]), torch.zeros(ZONES, 2)
    for zone in range(ZONES):
        own = (zones == zone) & there[..., 0].isfinite()
        if not own.any():
            continue
        inputs, outputs = cells[own].double(), there[own].double()
        middle, scale, offset = inputs.mean(0), inputs.std(0, correction=0) + 1e-3, outputs.mean(0)
        inputs = (inputs - middle) / scale
        ridge = _RIDGE * len(inputs) * torch.eye(inputs.shape[1], dtype=torch.float64)
        found = torch.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ (outputs - offset)) / scale[:, None]
        weight[zone], bias[zone] = found.T.float(), (offset - middle @ found).float()
    return weight, bias


def _seen(
    classifier: Classifier, features: FeatureMap, model: str, count: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Feature maps, in half precision to save memory, and targets for both heads, of the recipe's training pictures."""
    data = GeneratedData(get_recipe(model, "tuned", batch_size=min(count, _BATCH)), skip=_SKIP)
    for batch in data.train(0, Shard(0, 1), torch.device("cpu")):
        assert batch.digits is not None and batch.centres is not None  # known for generated pictures
        pixels, digits, centres = batch.pixels[:count], batch.digits[:count], batch.centres[:count]
        _, maps = classifier.predict_with_maps(pixels.numpy())
        geometry = features.first, features.step, features.cells
        yield (
            torch.from_numpy(maps).half(),
            locate_targets(digits, centres, *geometry),
            place_targets(digits, centres, *geometry),
        )
        count -= len(pixels)
        if count <= 0:
            return
