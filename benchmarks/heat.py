"""Where the heat maps of several methods point: ``python benchmarks/heat.py [--model NAME ...] [--count N]``.

On validation pictures that the model answers right, each method makes a heat map of the evidence for the answer.
Printed are the share of pictures whose hottest point lies in the box of a largest digit, with its 95 % interval, and
the mean share of heat that lies there; for the app's method also the median milliseconds for a map on one thread.

``shown``
    The app's method, :func:`maxdigit.inference.explain.explain`; the others are computed in the form in which
    the model was trained, which gives the same answers.
``before``
    Grad-CAM on the feature map, minus its mean, bilinear: the app's method before these measurements.
``grad-cam 1``, ``layer-cam 1``, ...
    On the output of each section of the network, from the input on, for the logit of the answer (R. R. Selvaraju et
    al., "Grad-CAM", 2017; P.-T. Jiang et al., "LayerCAM", 2021).
``integrated gradients``
    Of the answer's logit over the pixels, from the background's brightness to the picture in eight steps; the evidence
    for the answer is smoothed over a few pixels (M. Sundararajan et al., "Axiomatic Attribution for Deep Networks",
    2017).
``without each digit``
    By how much erasing a digit reduces the answer's probability, in its box; on plain backgrounds, where boxes are
    found.
``reader``
    The reader's probability of the digit in each cell, at the place that it predicts for the digit.
``reader, layer-cam 1``, ...
    The evidence for that on the output of a section: LayerCAM for the reader's logit of the digit minus that of
    "nothing", weighted by that probability in each cell.
``reader x layer-cam 1``, ...
    The product of both. With the first section it is the app's method for models with a reader.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from maxdigit import CHECKPOINTS, IMAGE_SIZE
from maxdigit.data.pictures import TEST_KINDS
from maxdigit.data.splits import VALIDATION
from maxdigit.inference.digits import find_digits, without
from maxdigit.inference.explain import Heat, explain, heat_map, place_map
from maxdigit.models.reader import Reader
from maxdigit.models.reading_classifier import load_trained
from maxdigit.models.registry import MODELS, FeatureMap, get_model
from maxdigit.models.run_folder import READER
from maxdigit.threads import one_thread
from maxdigit.training.heat_scores import answered_right, points
from maxdigit.training.recipes import get_recipe
from maxdigit.training.running_score import wilson_interval
from maxdigit.training.starts import new_form
from maxdigit.training.training_forms import TrainingForm

_STEPS = 8
_SMOOTH = 4.0  # pixels
_SHOWN = "shown"
# Of the outputs of the sections; the feature map's geometry is in the registry.
_SECTIONS: dict[str, tuple[FeatureMap, ...]] = {
    "keras_cnn": (FeatureMap(64, 62, 2.5, 2), FeatureMap(128, 27, 11.5, 4), FeatureMap(256, 11, 21.5, 8)),
    "resnet18": (FeatureMap(64, 32, 1.5, 4), FeatureMap(128, 16, 3.5, 8)),
    "torch_cnn": (FeatureMap(32, 62, 2.5, 2), FeatureMap(64, 29, 7.5, 4)),
}


@dataclass
class Score:
    """The results of one method."""

    hits: int = 0
    shares: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class Network:
    """A model in its training form: answers and readings, and the outputs of its sections, with gradients."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.classifier = load_trained(name, folder)
        self.form: TrainingForm = new_form(get_recipe(name, "tuned", head="plain"), folder).eval()
        self.form.requires_grad_(False)
        self.maps: list[Tensor] = []
        self._last: tuple[Any, list[tuple[Tensor, Tensor]]] = (None, [])
        for layer in self._layers():
            layer.register_forward_hook(self._keep)

    def _layers(self) -> list[nn.Module]:
        if self.name == "keras_cnn":
            return [*self.form.sections, self.form.last]  # type: ignore[attr-defined,list-item]
        if self.name == "resnet18":
            network = self.form.model.network  # type: ignore[attr-defined,union-attr]
            return [network.layer1, network.layer2, network.layer3]  # type: ignore[union-attr,list-item]
        return [section[-1] for section in self.form.sections]  # type: ignore[index]

    def _keep(self, _layer: nn.Module, _inputs: tuple[Tensor, ...], maps: Tensor) -> None:
        self.maps.append(maps)

    @property
    def features(self) -> list[FeatureMap]:
        """The geometry of each section's output."""
        return [*_SECTIONS[self.name], get_model(self.name).features]

    @property
    def reader(self) -> Reader:
        """The reader of the feature map. Methods that need it are left out if there is none."""
        assert self.classifier.reader is not None
        return self.classifier.reader

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits of float ``(N, 128, 128)``; the sections' outputs are in ``maps``."""
        self.maps.clear()
        return self.form(pixels)[0]

    def gradients(self, picture: NDArray[np.uint8], digit: int, *, of_reader: bool) -> list[tuple[Tensor, Tensor]]:
        """Each section's output and the gradient there, both ``(channels, cells, cells)``, of a digit's score."""
        # Cached, as consecutive methods need the same ones.
        asked = (picture.tobytes(), digit, of_reader)
        if self._last[0] == asked:
            return self._last[1]
        logits = self.forward(torch.from_numpy(picture[np.newaxis].astype(np.float32)).requires_grad_())
        if of_reader:
            weights = self.reader.gradient(self.maps[-1].detach().numpy(), digit)
            found = torch.autograd.grad(self.maps[-1], self.maps, torch.from_numpy(weights))
        else:
            found = torch.autograd.grad(logits[0, digit], self.maps)
        pairs = [(maps.detach()[0], gradient[0]) for maps, gradient in zip(self.maps, found, strict=True)]
        self._last = asked, pairs
        return pairs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="right answers of each kind to measure; default 200")
    parser.add_argument("--model", nargs="+", choices=list(MODELS), default=list(MODELS), metavar="NAME")
    parser.add_argument("--kind", nargs="+", choices=TEST_KINDS, default=["textured", "drawn"], metavar="KIND")
    parser.add_argument("--way", nargs="+", metavar="WAY", help="only methods whose name begins with this")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder with the trained models")
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    for name in args.model:
        folder = args.checkpoints / name / "tuned"
        network, has_reader = Network(name, folder), (folder / READER).is_file()
        chosen = {
            way: make
            for way, make in ways(network).items()
            if (has_reader or not way.startswith("reader")) and way.startswith(tuple(args.way or [""]))
        }
        for kind in args.kind:
            print(f"{name}, {kind}", flush=True)
            with one_thread():
                scores, count = compare(network, kind, args.count, chosen)
            for way, score in scores.items():
                low, high = wilson_interval(score.hits, count)
                print(
                    f"{way:>24} {score.hits / count:6.1%} ({low:.1%} to {high:.1%}) of {count}, share "
                    f"{np.mean(score.shares):4.0%}"
                    + (f", {1000 * np.median(score.seconds):.0f} ms" if way == _SHOWN else ""),
                    flush=True,
                )


def compare(
    network: Network, kind: str, count: int, chosen: dict[str, Callable[[NDArray[np.uint8], int], Heat]]
) -> tuple[dict[str, Score], int]:
    """Each method's score on the first ``count`` validation pictures of a kind that are answered right."""
    scores, seen = {way: Score() for way in chosen}, 0
    for picture, answer, inside in answered_right(network.classifier, VALIDATION.name, kind, count):
        seen += 1
        for way, make in chosen.items():  # ordered so that methods with the same gradients follow one another
            began = time.perf_counter()
            heat = make(picture, answer)
            scores[way].seconds.append(time.perf_counter() - began)
            is_hit, share = points(heat, inside)
            scores[way].hits += is_hit
            scores[way].shares.append(share)
    return scores, seen


def ways(network: Network) -> dict[str, Callable[[NDArray[np.uint8], int], Heat]]:
    """All methods by name: from a picture ``(128, 128)`` and a digit to a map, float ``(128, 128)``."""
    spec = get_model(network.name)
    found: dict[str, Callable[[NDArray[np.uint8], int], Heat]] = {
        _SHOWN: lambda picture, digit: explain(network.classifier, spec, picture, digit),
        "before": lambda picture, digit: _bilinear(_grad_cam(network, picture, digit, -1), network.features[-1]),
    }
    for number, features in enumerate(network.features):
        found[f"grad-cam {number + 1}"] = lambda picture, digit, number=number, features=features: heat_map(
            _grad_cam(network, picture, digit, number), features
        )
        found[f"layer-cam {number + 1}"] = lambda picture, digit, number=number, features=features: heat_map(
            _layer_cam(network, picture, digit, number), features
        )
    found["integrated gradients"] = lambda picture, digit: _integrated(network, picture, digit)
    found["without each digit"] = lambda picture, digit: _without_each(network, picture, digit)
    found["reader"] = lambda picture, digit: _reader(network, picture, digit)
    for number, features in enumerate(network.features):
        found[f"reader, layer-cam {number + 1}"] = lambda picture, digit, number=number, features=features: heat_map(
            _layer_cam(network, picture, digit, number, of_reader=True), features
        )
        found[f"reader x layer-cam {number + 1}"] = lambda picture, digit, number=number, features=features: (
            _reader(network, picture, digit)
            * heat_map(_layer_cam(network, picture, digit, number, of_reader=True), features)
        )
    return found


def _grad_cam(network: Network, picture: NDArray[np.uint8], digit: int, number: int) -> Heat:
    maps, gradient = network.gradients(picture, digit, of_reader=False)[number]
    return torch.einsum("cij,c->ij", maps, gradient.mean((1, 2))).relu().numpy()


def _layer_cam(
    network: Network, picture: NDArray[np.uint8], digit: int, number: int, *, of_reader: bool = False
) -> Heat:
    maps, gradient = network.gradients(picture, digit, of_reader=of_reader)[number]
    return (maps * gradient.relu()).sum(0).relu().numpy()


def _integrated(network: Network, picture: NDArray[np.uint8], digit: int) -> Heat:
    given = torch.from_numpy(picture.astype(np.float32))
    change = given - float(np.median(picture))
    shares = (torch.arange(_STEPS) + 0.5) / _STEPS
    path = (given - change + shares[:, None, None] * change).requires_grad_()
    (gradient,) = torch.autograd.grad(network.forward(path)[:, digit].sum(), path)
    return cv2.GaussianBlur((gradient.mean(0) * change).relu().numpy(), (0, 0), _SMOOTH)


@torch.inference_mode()
def _without_each(network: Network, picture: NDArray[np.uint8], digit: int) -> Heat:
    heat = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.float32)
    boxes = find_digits(picture)
    if boxes:
        others = [[other for other in boxes if other is not box] for box in boxes]
        batch = [picture, *(without(picture, [box], rest) for box, rest in zip(boxes, others, strict=True))]
        chances = network.forward(torch.from_numpy(np.stack(batch)).float()).log_softmax(1)[:, digit]
        for (x0, y0, x1, y1), less in zip(boxes, (chances[0] - chances[1:]).clamp(min=0).tolist(), strict=True):
            heat[y0:y1, x0:x1] = np.maximum(heat[y0:y1, x0:x1], less)
    return heat


@torch.inference_mode()
def _reader(network: Network, picture: NDArray[np.uint8], digit: int) -> Heat:
    network.forward(torch.from_numpy(picture[np.newaxis]).float())
    cells, places = network.reader.see(network.maps[-1].numpy())
    return place_map(cells[0, digit], places[0])


def _bilinear(evidence: Heat, features: FeatureMap) -> Heat:
    """A map of cells over the picture by the earlier method: minus its mean, interpolated linearly."""
    position = ((np.arange(IMAGE_SIZE) + 0.5 - features.first) / features.step).clip(0, features.cells - 1)
    low = np.minimum(position.astype(int), features.cells - 2)
    weights = np.zeros((IMAGE_SIZE, features.cells), np.float32)
    rows = np.arange(IMAGE_SIZE)
    weights[rows, low], weights[rows, low + 1] = 1 - (position - low), position - low
    return weights @ (evidence - evidence.mean()).clip(min=0) @ weights.T


if __name__ == "__main__":
    main()
