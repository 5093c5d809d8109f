"""Trains the ink finder on generated scenes."""

from __future__ import annotations

import copy
import itertools
import math
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from tqdm import tqdm

from maxdigit.data.scenes import Scene, make_scene
from maxdigit.data.splits import TRAIN, VALIDATION, Split
from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import CONFIG, HISTORY, METRICS, PREVIOUS_STATE, STATE, remove, write_aside
from maxdigit.preparation.ink_network import InkNetwork, to_inputs
from maxdigit.training.devices import bf16_is_fast, default_device
from maxdigit.training.history import Epoch, append_epoch, read_history, write_history
from maxdigit.training.ink_metrics import WEIGHTS, load_ink_weights, write_ink_metrics
from maxdigit.training.ink_results import read_ink_results
from maxdigit.training.muon import hidden_kernels
from maxdigit.training.optimizers import Optimizers
from maxdigit.training.run_config import EarlierRun, RunConfig, read_config
from maxdigit.training.run_setup import NEW_RUN, Start, begin_run, can_resume, diverged, earlier_runs, nothing_to_resume
from maxdigit.training.states import expand, read_state, write_state
from maxdigit.training.tuned_loop import update_average

_INK_WEIGHT = 3.0  # of pixels with ink in the cross-entropy, which are far fewer than the others
_COMPETITION_WEIGHT = 0.1  # weight of the loss on whether the picture looks like the competition's
_SMOOTH = 20.0  # pixels added to both sides of the Dice ratio, so that scenes without ink count little
_MAX_NORM = 2.0  # gradients are clipped here
_WARM_UP = 100  # steps
_PLAIN_RATE = 0.15  # AdamW's learning rate, as a share of Muon's
_WEIGHT_DECAY = 0.01
_HORIZON = 500  # steps over which weights are averaged
TEST_SCENES = 1_000
LOOK_SCENES = 1_500
_LOOK_BATCH = 50


@dataclass(frozen=True)
class InkRecipe:
    """Settings of one run."""

    scenes: int = 400_000  # for training; none is used twice
    epoch_scenes: int = 8_000  # between two rows of the history
    batch_size: int = 16
    learning_rate: float = 0.02  # Muon's; it decays linearly to zero
    validation_scenes: int = 320
    seed: int = 1


def get_ink_recipe(**changes: int | float | None) -> InkRecipe:
    """The recipe, with single settings changed (those that are not None).

    Raises:
        TrainingError: a setting is invalid.
    """
    recipe = replace(InkRecipe(), **{key: value for key, value in changes.items() if value is not None})  # type: ignore[arg-type]
    for setting in ("scenes", "epoch_scenes", "batch_size", "validation_scenes"):
        if getattr(recipe, setting) < 1:
            raise TrainingError(f"{setting} must be at least 1, not {getattr(recipe, setting)}.")
    if recipe.batch_size > min(recipe.epoch_scenes, recipe.scenes):
        raise TrainingError(
            f"A batch of {recipe.batch_size} does not fit into an epoch of {recipe.epoch_scenes} scenes."
        )
    if not 0 < recipe.learning_rate < math.inf:
        raise TrainingError(f"The learning rate must be above 0, not {recipe.learning_rate}.")
    if recipe.seed < 0:
        raise TrainingError(f"The seed must not be negative, but it is {recipe.seed}.")
    return recipe


class _Scenes(IterableDataset[tuple[Tensor, Tensor, Tensor]]):
    """Scenes of a split from ``start`` on, without end, flipped, turned and recoloured at random."""

    def __init__(self, split: Split, start: int, seed: int) -> None:
        self._split, self._start, self._seed = split, start, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        cv2.setNumThreads(1)  # the training process needs the other cores
        worker = get_worker_info()
        number, count = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for index in itertools.count(self._start + number, count):
            rng = np.random.default_rng((self._seed, index))
            scene = make_scene(self._split, index)
            pixels, ink = vary(rng, scene)
            yield torch.from_numpy(pixels), torch.from_numpy(ink), torch.tensor(float(scene.kind == "competition"))


def vary(rng: np.random.Generator, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """A scene's picture and ink, randomly flipped, turned, with channels swapped or tones inverted."""
    pixels, ink = scene.pixels, scene.ink
    if rng.random() < 0.5:
        pixels, ink = pixels[:, ::-1], ink[:, ::-1]
    if rng.random() < 0.5:
        pixels, ink = pixels[::-1], ink[::-1]
    if rng.random() < 0.5:
        pixels, ink = pixels.transpose(1, 0, 2), ink.T
    if scene.kind != "competition":
        if rng.random() < 0.4:
            pixels = pixels[..., rng.permutation(3)]
        if rng.random() < 0.2:
            pixels = 255 - pixels
    return np.ascontiguousarray(pixels), np.ascontiguousarray(ink)


def train_ink_finder(
    recipe: InkRecipe,
    folder: Path,
    *,
    start: Start = NEW_RUN,
    minutes: float | None = None,
) -> None:
    """Train the network and leave ``model.safetensors``, ``history.csv``, ``config.json`` and ``metrics.json``.

    Args:
        recipe: the run's settings.
        folder: of the run; after each epoch the whole state is written to its ``state``.
        start: what it starts from, and whether it resumes or replaces a run in ``folder``.
        minutes: end after this time, with the learning rate decaying accordingly, even if ``recipe.scenes`` are not
            reached.

    Raises:
        TrainingError: the run cannot start or be resumed, or the loss is no longer a number.
    """
    device = default_device()
    torch.manual_seed(recipe.seed)
    network = InkNetwork()
    earlier = earlier_runs(folder, start, _facts)
    if start.weights_from is not None and not start.resume:
        load_ink_weights(network, start.weights_from)
    _prepare_folder(recipe, folder, earlier, start)
    network = network.to(device, memory_format=torch.channels_last)
    averaged = copy.deepcopy(network)
    optimizers = Optimizers(
        network.parameters(),
        hidden_kernels(network),
        kernel_rate=recipe.learning_rate,
        rate=_PLAIN_RATE * recipe.learning_rate,
        weight_decay=_WEIGHT_DECAY,
    )
    step, fraction_before = _load_state(folder, network, averaged) if start.resume else (0, 0.0)
    epoch_steps = recipe.epoch_scenes // recipe.batch_size
    total = recipe.scenes // recipe.batch_size
    skipped = sum(run.pictures_seen for run in earlier)
    scenes = _Scenes(TRAIN, skipped + step * recipe.batch_size, recipe.seed)
    # Spawned, not forked: a fork would lack the threads of OpenCV and torch.
    workers = 1 if device.type == "cpu" else max(1, (os.cpu_count() or 1) - 1)
    loader = DataLoader(
        scenes, recipe.batch_size, num_workers=workers, prefetch_factor=8, multiprocessing_context="spawn"
    )
    batches = iter(loader)
    began, first = time.perf_counter(), step
    fraction = fraction_before
    while fraction < 1:
        epoch_began, sums = time.perf_counter(), torch.zeros(2)
        network.train()
        steps = min(epoch_steps, total - step)
        taken = 0
        for pixels, ink, competition in tqdm(islice(batches, steps), total=steps, unit="batch", desc="ink finder"):
            share = (step - first) / max(total - first, 1)
            if minutes is not None:
                share = max(share, (time.perf_counter() - began) / (60 * minutes))
            fraction = fraction_before + (1 - fraction_before) * share
            if fraction >= 1:
                break
            optimizers.prepare_step(min(1, (step - first + 1) / _WARM_UP) * (1 - fraction))
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16_is_fast(device)):
                logits, look = network(to_inputs(pixels.to(device)))
            loss, dice = _loss(logits.float(), look.float(), ink.to(device), competition.to(device))
            if not math.isfinite(loss.item()):
                raise diverged(folder)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), _MAX_NORM)
            optimizers.step()
            step += 1
            taken += 1
            update_average(averaged, network, min(_HORIZON, (step + 9) / 9))
            sums += torch.tensor([loss.item(), dice.item()])
        if step >= total:
            fraction = 1.0
        if not taken:
            if step == 0:
                raise TrainingError("The time was up before the first step was done: give more --minutes.")
            break
        seconds = time.perf_counter() - epoch_began
        validation_loss, validation_dice = validate(averaged, recipe.validation_scenes, device)
        number = len(read_history(folder / HISTORY)) + 1 if (folder / HISTORY).exists() else 1
        row = Epoch(
            number,
            *(sums / taken).tolist(),
            validation_loss,
            validation_dice,
            optimizers.rate,
            seconds,
            taken * recipe.batch_size / seconds,
        )
        append_epoch(folder / HISTORY, row)
        tqdm.write(f"validation: loss {validation_loss:.3f}, Dice {validation_dice:.3f}")
        _save_state(folder, network, averaged, {"step": step, "epoch": number, "fraction": fraction})
    del batches, loader  # their processes would use the cores
    fit_look(averaged, TRAIN, skipped + step * recipe.batch_size, LOOK_SCENES)
    weights = {name: value.half().contiguous() for name, value in _plain(averaged).items()}
    write_aside(folder / WEIGHTS, lambda aside: save_file(weights, aside))
    write_ink_metrics(folder, TEST_SCENES)
    for state in (STATE, PREVIOUS_STATE):
        remove(folder / state)


def fit_look(network: InkNetwork, split: Split, start: int, scenes: int) -> None:
    """Fit the layer that recognises the competition's look, in place, by logistic regression on the trained features.

    While the features change, so small a layer lags behind them: after 43,000 scenes it misjudged two of three
    textured pictures, where this fit on the same features misjudged 2 of 100.

    Args:
        network: trained except for that layer.
        split: whose scenes to fit on, from number ``start`` on.
        start: the first of them.
        scenes: how many; a third of them are made textured pictures, so that there are enough of both classes.
    """
    network.eval()
    device = next(network.parameters()).device
    features, truth = [], []
    for first in range(start, start + scenes, _LOOK_BATCH):
        indices = range(first, min(first + _LOOK_BATCH, start + scenes))
        batch = [make_scene(split, index, "competition" if index % 3 == 0 else None) for index in indices]
        pixels = torch.from_numpy(np.stack([scene.pixels for scene in batch]))
        with torch.inference_mode():
            features.append(network.features(to_inputs(pixels.to(device))).cpu())
        truth += [float(scene.kind == "competition") for scene in batch]
    inputs, target = torch.cat(features), torch.tensor(truth)
    mean, deviation = inputs.mean(0), inputs.std(0) + 1e-3
    inputs = (inputs - mean) / deviation
    weight, bias = torch.zeros(inputs.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=500, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.binary_cross_entropy_with_logits(inputs @ weight + bias, target) + 1e-3 * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    with torch.no_grad():
        network.competition.weight.copy_(weight / deviation)
        network.competition.bias.copy_(bias - (weight * mean / deviation).sum())


def _facts(folder: Path, recipe: dict[str, Any]) -> EarlierRun:
    """The run in a folder, as another that starts from it records it."""
    training = read_ink_results(folder).training
    return EarlierRun(
        recipe=recipe, pictures_seen=training.scenes_seen, seconds=training.seconds, device=training.device
    )


def _prepare_folder(recipe: InkRecipe, folder: Path, earlier: tuple[EarlierRun, ...], start: Start) -> None:
    if not start.resume:
        made = (CONFIG, HISTORY, METRICS, WEIGHTS, STATE, PREVIOUS_STATE)
        config = RunConfig(recipe=asdict(recipe), data="scenes", started_from=earlier)
        begin_run(folder, config, made, start.overwrite)
        return
    if not can_resume(folder):
        raise nothing_to_resume(folder)
    if read_config(folder).recipe != asdict(recipe):
        raise TrainingError(f"The run in {folder} has other settings. Resume it with the options it was started with.")


def _loss(logits: Tensor, look: Tensor, ink: Tensor, competition: Tensor) -> tuple[Tensor, Tensor]:
    """The loss, and the mean Dice coefficient of the ink (0..1)."""
    truth = ink.float() / 255
    each = F.binary_cross_entropy_with_logits(logits, truth, pos_weight=torch.tensor(_INK_WEIGHT, device=truth.device))
    dice = _dice(logits, truth)
    told = F.binary_cross_entropy_with_logits(look, competition)
    return each + 1 - dice + _COMPETITION_WEIGHT * told, dice.detach()


def _dice(logits: Tensor, truth: Tensor) -> Tensor:
    """F. Milletari et al., "V-Net: Fully Convolutional Neural Networks for Volumetric Medical Image Segmentation"."""
    share = logits.sigmoid()
    both, each = (share * truth).sum((1, 2)), (share**2).sum((1, 2)) + (truth**2).sum((1, 2))
    return ((2 * both + _SMOOTH) / (each + _SMOOTH)).mean()


@torch.inference_mode()
def validate(network: InkNetwork, count: int, device: torch.device) -> tuple[float, float]:
    """Mean loss and Dice coefficient on the first scenes of the validation split."""
    network.eval()
    sums, size = torch.zeros(2), 32
    for start in range(0, count, size):
        scenes = [make_scene(VALIDATION, index) for index in range(start, min(start + size, count))]
        pixels = torch.from_numpy(np.stack([scene.pixels for scene in scenes]))
        ink = torch.from_numpy(np.stack([scene.ink for scene in scenes]))
        look = torch.tensor([float(scene.kind == "competition") for scene in scenes])
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16_is_fast(device)):
            logits, told = network(to_inputs(pixels.to(device)))
        loss, dice = _loss(logits.float(), told.float(), ink.to(device), look.to(device))
        sums += len(scenes) * torch.tensor([loss.item(), dice.item()])
    loss, dice = (sums / count).tolist()
    return loss, dice


def _plain(network: nn.Module) -> dict[str, Tensor]:
    """Weights in the contiguous memory layout, which safetensors requires."""
    return {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}


def _save_state(folder: Path, network: nn.Module, averaged: nn.Module, progress: dict[str, float]) -> None:
    tensors = {f"network.{name}": value for name, value in _plain(network).items()}
    write_state(folder, tensors | {f"averaged.{name}": value for name, value in _plain(averaged).items()}, progress)


def _load_state(folder: Path, network: nn.Module, averaged: nn.Module) -> tuple[int, float]:
    """Restore the weights, and the history up to their epoch; returns the steps done and the share of the plan."""

    def parse(found: dict[str, Any]) -> tuple[int, int, float]:
        return int(found["step"]), int(found["epoch"]), float(found["fraction"])

    state, tensors, (step, epoch, fraction) = read_state(folder, parse)
    for prefix, part in (("network.", network), ("averaged.", averaged)):
        own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        expand(part, own, state)
    write_history(folder / HISTORY, read_history(folder / HISTORY)[:epoch])
    return step, fraction
