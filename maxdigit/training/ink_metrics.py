"""Measures a trained ink finder on test scenes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from maxdigit.data.scenes import SCENE_KINDS, make_scene
from maxdigit.data.splits import TEST
from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import HISTORY, INK_FINDER
from maxdigit.preparation.finder import COMPETITION, FAINT, SURE
from maxdigit.preparation.ink_network import InkNetwork, to_inputs
from maxdigit.training.devices import default_device, device_name
from maxdigit.training.history import read_history
from maxdigit.training.ink_results import InkResults, InkTraining, SceneScore, write_ink_results

WEIGHTS = "model.safetensors"

_KEPT = 0.6  # share of a digit's ink, at the threshold of preparation, from which on it counts as found whole


def load_ink_weights(network: InkNetwork, folder: Path) -> None:
    """Load the weights in ``folder`` into the network.

    Raises:
        TrainingError: they are missing, damaged, or from another network.
    """
    path = folder / WEIGHTS
    try:
        network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(f"The ink finder's weights in {path} cannot be read ({reason}).") from error


def write_ink_metrics(folder: Path, count: int) -> None:
    """Measure the weights in ``folder`` on the first ``count`` test scenes and write ``metrics.json``."""
    network = InkNetwork()
    load_ink_weights(network, folder)
    network.eval()
    rows: dict[str, list[tuple[float, ...]]] = {kind: [] for kind in SCENE_KINDS}
    for index in range(count):
        scene = make_scene(TEST, index)
        with torch.inference_mode():
            logits, look = network(to_inputs(torch.from_numpy(scene.pixels[None])))
        share = logits[0].sigmoid().numpy()
        found = share > FAINT
        ink = scene.ink > 127
        kept = [bool(found[scene.pieces == n].mean() > _KEPT) for n in np.unique(scene.pieces[scene.pieces > 0])]
        is_whole = all(kept) if kept else not (share > SURE).any()
        near = cv2.dilate(ink.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        told = (look.sigmoid().item() > COMPETITION) == (scene.kind == "competition")
        rows[scene.kind].append(
            ((found & ink).sum(), ink.sum(), (found & near).sum(), found.sum(), sum(kept), len(kept), is_whole, told)
        )
    results = {kind: _summary(np.array(values, float)) for kind, values in rows.items() if values}
    history = read_history(folder / HISTORY)
    metrics = InkResults(
        model=INK_FINDER,
        parameters=sum(weight.numel() for weight in network.parameters()),
        split=TEST.name,
        seed=TEST.seed,
        scenes=count,
        threshold=FAINT,
        by_kind=results,
        training=InkTraining(
            scenes_seen=sum(row.pictures for row in history),
            seconds=round(sum(row.seconds for row in history), 1),
            device=device_name(default_device()),
        ),
    )
    write_ink_results(folder, metrics)


def _summary(rows: np.ndarray) -> SceneScore:
    found, ink, near, marked, kept, digits, whole, told = rows.sum(0)

    def share(part: float, of: float) -> float | None:
        return round(float(part / of), 4) if ink and of else None

    return SceneScore(
        count=len(rows),
        ink_found=share(found, ink),
        found_is_ink=share(near, marked),
        digits_whole=share(kept, digits),
        scenes_whole=round(float(whole / len(rows)), 4),
        look_told=round(float(told / len(rows)), 4),
    )
