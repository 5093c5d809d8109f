"""Two recipes side by side: ``python benchmarks/recipes.py torch_cnn --minutes 8 head=plain -- head=largest``.

Trains one model twice from the same seed on the same pictures, once with each set of changes to the tuned recipe
(``key=value``, any field of ``maxdigit.training.recipes.Recipe``), and prints the accuracy on validation pictures of
each kind. Each run has a plan of ``--pictures``, or ends after ``--minutes`` if that is sooner: on a machine
with other load, compare by pictures. ``--start-from`` starts both from the weights of an earlier run.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as train.py has it

import argparse
import contextlib
import io
import json
import math
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import torch

from maxdigit.data.pictures import TEST_KINDS
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import MaxDigitError
from maxdigit.threads import one_thread
from maxdigit.training.batches import Batch, GeneratedData, held_out
from maxdigit.training.devices import default_device, device_name
from maxdigit.training.history import read_history
from maxdigit.training.recipes import Recipe, get_recipe
from maxdigit.training.run_config import RunConfig, write_config
from maxdigit.training.running_score import wilson_interval
from maxdigit.training.starts import first_form
from maxdigit.training.training_forms import TrainingForm
from maxdigit.training.tuned_loop import train_tuned, validate


def main() -> None:
    """Train twice, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("changes", nargs="*", metavar="KEY=VALUE", help="of the first recipe; of the second after --")
    parser.add_argument("--pictures", type=int, default=100_000, help="planned for each run (default: 100,000)")
    parser.add_argument("--minutes", type=float, help="for each run")
    parser.add_argument("--count", type=int, default=500, help="validation pictures of each kind (default: 500)")
    parser.add_argument("--start-from", type=Path)
    ours, theirs = _two_parts(sys.argv[1:])
    args = parser.parse_intermixed_args(ours)
    first, second = (_changes(parser, words) for words in (args.changes, theirs))
    device = default_device()
    print(f"{device_name(device)}; torch {torch.__version__}; Python {platform.python_version()}", flush=True)
    with one_thread():
        pictures = {kind: _batches(kind, args.count, device) for kind in TEST_KINDS}
    print(f"{'':28}{'pictures':>9}{'minutes':>9}{'a second':>10}" + "".join(f"{kind:>20}" for kind in TEST_KINDS))
    for changes in (first, second):
        recipe = get_recipe(args.model, "tuned", **{"total_pictures": args.pictures, **changes})
        name = ", ".join(f"{key}={value}" for key, value in changes.items()) or "as it is"
        seen, seconds, form = _train(recipe, args.start_from, args.minutes)
        line = f"{name:28}{seen:9,}{seconds / 60:9.1f}{seen / seconds:10.1f}"
        for kind in TEST_KINDS:
            right = round(validate(form, pictures[kind])[1] * args.count)
            low, high = wilson_interval(right, args.count)
            line += f"{100 * right / args.count:8.1f} ({100 * low:.1f}-{100 * high:.1f})".rjust(20)
        print(line, flush=True)


def _train(recipe: Recipe, start_from: Path | None, minutes: float | None) -> tuple[int, float, TrainingForm]:
    """Pictures seen, seconds of training, and the averaged weights."""
    torch.manual_seed(recipe.seed)
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        form = first_form(recipe, start_from)
        with contextlib.redirect_stdout(io.StringIO()):
            train_tuned(recipe, form, GeneratedData(recipe), folder, deadline=deadline)
        rows = read_history(folder / "history.csv")
        write_config(folder, RunConfig(recipe=asdict(recipe)))
        saved = first_form(recipe, folder)
    seconds = sum(row.seconds for row in rows)
    return sum(round(row.seconds * row.pictures_per_second) for row in rows), seconds, saved.to(default_device())


def _batches(kind: str, count: int, device: torch.device) -> list[Batch]:
    return [Batch(found.pixels, found.labels) for found in held_out(VALIDATION, kind, count, 125, device)]


def _two_parts(words: list[str]) -> tuple[list[str], list[str]]:
    cut = words.index("--") if "--" in words else len(words)
    return words[:cut], words[cut + 1 :]


def _changes(parser: argparse.ArgumentParser, words: list[str]) -> dict[str, Any]:
    """The changes in ``key=value`` words; values are JSON, or else text."""
    found: dict[str, Any] = {}
    for word in words:
        key, mark, text = word.partition("=")
        if not mark or key not in Recipe.__dataclass_fields__ or key in ("model", "name"):
            parser.error(f"{word} does not have the form KEY=VALUE")
        try:
            found[key] = json.loads(text)
        except ValueError:
            found[key] = text
        if isinstance(found[key], float) and not math.isfinite(found[key]):
            parser.error(f"{word} is not a number")
    return found


if __name__ == "__main__":
    try:
        main()
    except MaxDigitError as error:
        sys.exit(f"Error: {error}")
