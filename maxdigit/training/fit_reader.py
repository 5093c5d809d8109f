"""Fit a trained network's reader anew, with a head for each zone of the feature map; the network stays as it is.

While a network trains, one head serves all cells. It then falls short in the outermost cells of networks without
padding, which also have to read the digits past them: the Keras CNN's first cell looks at pixel 29.5, and digits there
begin at the edge. ``python -m maxdigit fit-reader`` gives each zone a head of its own, by logistic regression on the
features of training pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from maxdigit.models.reader import NOTHING, ZONES, zones_of
from maxdigit.models.reading_classifier import load_reader
from maxdigit.models.registry import NUM_CLASSES, Classifier, FeatureMap, get_model
from maxdigit.models.run_folder import READER, write_aside
from maxdigit.training.batches import GeneratedData, Shard, locate_targets
from maxdigit.training.recipes import get_recipe

# Weight decay towards the reader that training left: with 3,000 pictures a corner has seen few of each digit.
_DECAY = 1e-3
_STEPS = 100  # of L-BFGS, which has converged by then
_SKIP = 10_000_000  # pictures of the stream: past all that a run has seen, whose features say more than others' do


def write_reader(model: str, folder: Path, count: int) -> None:
    """Fit the reader of the model kept in ``folder`` on ``count`` training pictures, and write it there.

    Raises:
        CheckpointError: the model's weights are missing or damaged.
    """
    spec = get_model(model)
    zones = torch.from_numpy(zones_of(spec.features.cells))
    parts = list(_seen(spec.load(folder), spec.features, model, count))
    maps, targets = (torch.cat(part) for part in zip(*parts, strict=True))
    before = load_reader(spec, folder)
    if before is None:
        start = torch.zeros(ZONES, NUM_CLASSES + 1, spec.features.channels), torch.zeros(ZONES, NUM_CLASSES + 1)
    else:
        weight, bias = torch.from_numpy(before.weight), torch.from_numpy(before.bias)
        start = weight.expand(ZONES, -1, -1).clone(), bias.expand(ZONES, -1).clone()
    weight, bias = fit(maps, targets, zones, *start)
    write_aside(folder / READER, lambda aside: save_file({"weight": weight, "bias": bias}, aside))


def fit(maps: Tensor, targets: Tensor, zones: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The heads of all zones with the least cross-entropy, digits and empty cells weighing the same in all.

    Args:
        maps: feature maps, float ``(N, channels, cells, cells)``, of any precision.
        targets: int64 ``(N, cells, cells)``, as :func:`maxdigit.training.batches.locate_targets` gives them.
        zones: int64 ``(cells, cells)``, the zone of each cell.
        weight: float32 ``(zones, 11, channels)``, to begin with and to stay near.
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

    descent.step(loss)  # type: ignore[arg-type,no-untyped-call]  # it takes the loss as a tensor, too
    return weight.detach().contiguous(), bias.detach().contiguous()


def _seen(classifier: Classifier, features: FeatureMap, model: str, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Feature maps, in half precision to save memory, and targets of the recipe's training pictures."""
    data = GeneratedData(get_recipe(model, "tuned"), skip=_SKIP)
    for batch in data.train(0, Shard(0, 1), torch.device("cpu")):
        assert batch.digits is not None and batch.centres is not None  # known of all that is generated
        pixels, digits, centres = batch.pixels[:count], batch.digits[:count], batch.centres[:count]
        _, maps = classifier.predict_with_maps(pixels.numpy())
        yield (
            torch.from_numpy(maps).half(),
            locate_targets(digits, centres, features.first, features.step, features.cells),
        )
        count -= len(pixels)
        if count <= 0:
            return
