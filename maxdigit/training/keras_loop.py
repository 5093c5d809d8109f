"""The paper's recipe for Keras models, with Keras's own ``fit``, on whichever backend Keras is set to."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import torch
from keras import ops

from maxdigit.engine.saved_weights import KERAS_WEIGHTS
from maxdigit.errors import TrainingError
from maxdigit.models.registry import ModelSpec, get_model
from maxdigit.models.run_folder import HISTORY, STATE, read_json, recover, write_aside, write_json
from maxdigit.training.batches import Batch, Data, Shard, target_probabilities
from maxdigit.training.devices import bf16_is_fast, default_device
from maxdigit.training.history import Epoch, append_epoch, read_history, write_history
from maxdigit.training.recipes import Recipe
from maxdigit.training.run_setup import diverged

_EVALUATION_BATCH = 250


@dataclass
class _Progress:
    """The progress of a run; saved with the state."""

    epoch: int = 0  # epochs done, over all fits
    fit: int = 0  # fits done
    epoch_in_fit: int = 0
    best_loss: float = math.inf  # lowest validation loss of this fit
    waited: int = 0  # epochs since then


def train_keras(recipe: Recipe, data: Data, folder: Path, *, resume: bool, start_from: Path | None = None) -> None:
    """Train a Keras model and leave ``model.keras`` and ``history.csv`` in ``folder``.

    It makes several fits one after another, each with a new optimiser and early stopping. After each epoch the whole
    state is saved in ``folder/state``, from which ``resume`` continues to the same result. ``start_from`` names the
    folder of an earlier run whose weights to start from.

    Raises:
        CheckpointError: the weights to start from are missing or damaged.
        TrainingError: the loss is no longer a number, or the state to resume from is damaged.
    """
    device = default_device()  # the device on which pictures are made
    is_bf16 = bf16_is_fast(keras_device())
    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if is_bf16 else "float32")
    if keras.backend.backend() == "jax" and len(keras.distribution.list_devices()) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel())
    spec = get_model(recipe.model)
    model = spec.load_native(start_from).model if start_from else spec.build()
    steps = recipe.train_pictures // recipe.batch_size
    _compile(model, recipe)

    progress = _Progress()
    if resume:
        progress = _load_state(model, folder)
    while progress.fit < recipe.fits:
        while progress.epoch_in_fit < recipe.epochs and progress.waited < (recipe.patience or math.inf):
            start = time.perf_counter()
            logs = model.fit(
                _inputs(data.train(progress.epoch, Shard(), device), recipe),
                steps_per_epoch=steps,
                initial_epoch=progress.epoch,
                epochs=progress.epoch + 1,
                verbose=1,
                callbacks=[_ProgressBar(recipe.batch_size)],
            ).history
            seconds = time.perf_counter() - start
            train_loss = logs["loss"][0]
            if not math.isfinite(train_loss):
                raise diverged(folder, progress.epoch + 1)
            validation_loss, validation_accuracy = validate(model, data, device)
            progress.epoch += 1
            progress.epoch_in_fit += 1
            progress.waited = 0 if validation_loss < progress.best_loss else progress.waited + 1
            progress.best_loss = min(progress.best_loss, validation_loss)
            row = Epoch(
                progress.epoch,
                train_loss,
                logs["accuracy"][0],
                validation_loss,
                validation_accuracy,
                float(model.optimizer.learning_rate),
                seconds,
                steps * recipe.batch_size / seconds,
            )
            append_epoch(folder / HISTORY, row)
            print(f"validation: loss {validation_loss:.3f}, accuracy {validation_accuracy:.1%}", flush=True)
            _save_state(model, progress, folder)
        progress = _Progress(epoch=progress.epoch, fit=progress.fit + 1)
        if progress.fit < recipe.fits:
            _compile(model, recipe)
    save_weights(spec, model, folder)


def keras_device() -> torch.device:
    """The device that Keras uses: its backend may see no GPU where torch does."""
    if keras.backend.backend() == "torch":
        return default_device()
    return torch.device("cpu" if keras.distribution.list_devices()[0].startswith("cpu") else "cuda")


class _ProgressBar(keras.callbacks.ProgbarLogger):  # type: ignore[misc]  # Keras has no types
    """Keras's own progress bar, with pictures per second."""

    async_safe = True  # asynchronously

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        self._batch_size = batch_size
        self._start = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._start = time.perf_counter()
        super().on_epoch_begin(epoch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        rate = (batch + 1) * self._batch_size / (time.perf_counter() - self._start)
        super().on_train_batch_end(batch, {**(logs or {}), "pictures_per_s": round(rate, 1)})


def validate(model: keras.Model, data: Data, device: torch.device) -> tuple[float, float]:
    """Mean cross-entropy (nats) and accuracy on the held-out pictures."""
    loss_sum, right, seen = 0.0, 0.0, 0
    for batch in data.validation(_EVALUATION_BATCH, device):
        probabilities = torch.from_numpy(model.predict_on_batch(batch.pixels.cpu().numpy()[..., None]))
        labels = batch.labels.cpu()
        picked = probabilities.gather(1, labels[:, None]).clamp(min=1e-7)
        loss_sum -= picked.log().sum().item()
        right += (probabilities.argmax(1) == labels).sum().item()
        seen += len(labels)
    return loss_sum / seen, right / seen


def save_weights(spec: ModelSpec, model: keras.Model, folder: Path) -> None:
    """Write ``model.keras``: float32 throughout, whatever precision it was trained in."""
    keras.mixed_precision.set_dtype_policy("float32")
    clean = spec.build()
    clean.set_weights(model.get_weights())
    write_aside(folder / KERAS_WEIGHTS, clean.save)


def _compile(model: keras.Model, recipe: Recipe) -> None:
    if recipe.optimizer != "nadam":
        raise TrainingError(f"The paper's recipe for Keras models does not support the optimizer {recipe.optimizer!r}.")
    model.compile(
        keras.optimizers.Nadam(recipe.learning_rate),
        loss=keras.losses.CategoricalCrossentropy(),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=keras_device().type == "cuda",  # on a CPU, XLA's convolutions are slower than the plain ones
    )


def _inputs(batches: Iterator[Batch], recipe: Recipe) -> Iterator[tuple[Any, Any]]:
    """Batches for Keras: pictures ``(N, 128, 128, 1)`` and target probabilities ``(N, 10)``."""
    for batch in batches:
        labels = target_probabilities(batch.labels, recipe.label_smoothing)
        yield batch.pixels.cpu().numpy()[..., None], labels.cpu().numpy()


def _seed_generators(model: keras.Model) -> list[keras.random.SeedGenerator]:
    """The state of dropout's random generators, which Keras does not save with the weights."""
    return [layer.seed_generator for layer in model.layers if isinstance(layer, keras.layers.Dropout)]


def _save_state(model: keras.Model, progress: _Progress, folder: Path) -> None:
    def write(aside: Path) -> None:
        aside.mkdir()
        model.save_weights(aside / "model.weights.h5")  # the optimiser's state included
        seeds = [ops.convert_to_numpy(generator.state).tolist() for generator in _seed_generators(model)]
        write_json(aside / "progress.json", {"progress": asdict(progress), "seeds": seeds})

    write_aside(folder / STATE, write)


def _load_state(model: keras.Model, folder: Path) -> _Progress:
    recover(folder / STATE)
    try:
        state = read_json(folder / STATE / "progress.json")
        progress = _Progress(**state["progress"])
        model.optimizer.build(model.trainable_variables)
        model.load_weights(folder / STATE / "model.weights.h5")
        for generator, seed in zip(_seed_generators(model), state["seeds"], strict=True):
            generator.state.assign(seed)
    except Exception as error:  # the readers of the parts raise many kinds of errors
        raise TrainingError(f"The state in {folder / STATE} is damaged ({error}). Start the run again.") from error
    # The process may have been killed between writing a row and its state: the state decides.
    write_history(folder / HISTORY, read_history(folder / HISTORY)[: progress.epoch])
    return progress
