"""Training of the Keras CNN with Keras's own ``fit``, on whichever backend Keras is set to."""

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

from maxdigit.errors import TrainingError
from maxdigit.models.keras_cnn import FEATURE_LAYER, FEATURES, FIRST_DENSE, WEIGHTS, build, load
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.training.batches import Batch, Data, Shard, locate_targets, target_probabilities
from maxdigit.training.devices import bf16_is_fast, default_device
from maxdigit.training.history import Epoch, append_epoch, read_history, write_history
from maxdigit.training.keras_muon import ConvolutionMuon
from maxdigit.training.keras_whitened import WhitenedDense
from maxdigit.training.recipes import WARM_UP, Recipe
from maxdigit.training.runs import HISTORY, STATE, read_json, recover, write_aside, write_json

_EVALUATION_BATCH = 250
_WHITENED = "whitened_dense"
_CELLS = 9  # of the map that is flattened, 3 x 3


@dataclass
class _Progress:
    """Where a run stands; saved with the state."""

    epoch: int = 0  # epochs done, over all fits
    fit: int = 0  # fits done
    epoch_in_fit: int = 0
    best_loss: float = math.inf  # lowest validation loss of this fit
    waited: int = 0  # epochs since then


def train_keras(recipe: Recipe, data: Data, folder: Path, *, resume: bool, start_from: Path | None = None) -> None:
    """Train the Keras CNN and leave ``model.keras`` and ``history.csv`` in ``folder``.

    The paper's recipe makes several fits one after another, each with a fresh optimiser and early stopping; the
    tuned one makes a single fit. After each epoch the whole state lies in ``folder/state``, from which ``resume``
    goes on to the same result. ``start_from`` names the folder of an earlier run whose weights to begin with.

    Raises:
        CheckpointError: the weights to begin with are missing or damaged.
        TrainingError: the loss is not a number any more, or the state to resume from is damaged.
    """
    device = default_device()  # where pictures are made
    is_bf16 = bf16_is_fast(keras_device())
    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if is_bf16 else "float32")
    if keras.backend.backend() == "jax" and len(keras.distribution.list_devices()) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel())
    model = load(start_from).model if start_from else build()
    if recipe.dropout is not None:
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = recipe.dropout
    if recipe.frozen:
        ends = [number for number, layer in enumerate(model.layers) if isinstance(layer, keras.layers.Dropout)]
        for layer in model.layers[: ends[recipe.frozen - 1]]:
            layer.trainable = False
    if keras.backend.backend() == "torch" and device.type == "cpu" and not is_bf16:
        use_winograd(model)
    trainee = _trainee(model, recipe)
    steps = recipe.train_pictures // recipe.batch_size
    _compile(trainee, recipe, steps)

    progress = _Progress()
    if resume:
        progress = _load_state(trainee, folder)
    while progress.fit < recipe.fits:
        while progress.epoch_in_fit < recipe.epochs and progress.waited < (recipe.patience or math.inf):
            start = time.perf_counter()
            logs = trainee.fit(
                _inputs(data.train(progress.epoch, Shard(), device), recipe),
                steps_per_epoch=steps,
                initial_epoch=progress.epoch,
                epochs=progress.epoch + 1,
                verbose=1,
                callbacks=[_ProgressBar(recipe.batch_size)],
            ).history
            seconds = time.perf_counter() - start
            prefix = "probabilities_" if recipe.locate else ""
            train_loss = logs[f"{prefix}loss"][0]
            if not math.isfinite(train_loss):
                raise TrainingError(
                    f"The loss of epoch {progress.epoch + 1} is not a number any more: the run has diverged. "
                    "The last good epoch is kept; resume with a lower learning rate or start anew."
                )
            _fold(trainee, model)
            validation_loss, validation_accuracy = validate(model, data, device)
            progress.epoch += 1
            progress.epoch_in_fit += 1
            progress.waited = 0 if validation_loss < progress.best_loss else progress.waited + 1
            progress.best_loss = min(progress.best_loss, validation_loss)
            row = Epoch(
                progress.epoch,
                train_loss,
                logs[f"{prefix}accuracy"][0],
                validation_loss,
                validation_accuracy,
                float(trainee.optimizer.learning_rate),
                seconds,
                steps * recipe.batch_size / seconds,
            )
            append_epoch(folder / HISTORY, row)
            print(f"validation: loss {validation_loss:.3f}, accuracy {validation_accuracy:.1%}", flush=True)
            _save_state(trainee, progress, folder)
        progress = _Progress(epoch=progress.epoch, fit=progress.fit + 1)
        if progress.fit < recipe.fits:
            _compile(trainee, recipe, steps)
    _fold(trainee, model)
    save_weights(model, folder)


def keras_device() -> torch.device:
    """Where Keras computes: its backend may see no GPU where torch does."""
    if keras.backend.backend() == "torch":
        return default_device()
    return torch.device("cpu" if keras.distribution.list_devices()[0].startswith("cpu") else "cuda")


class _ProgressBar(keras.callbacks.ProgbarLogger):
    """Keras's own, with pictures a second."""

    async_safe = True  # steps need not wait for it

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
    loss_sum, right, seen = 0.0, 0, 0
    for batch in data.validation(_EVALUATION_BATCH, device):
        probabilities = torch.from_numpy(model.predict_on_batch(batch.pixels.cpu().numpy()[..., None]))
        labels = batch.labels.cpu()
        picked = probabilities.gather(1, labels[:, None]).clamp(min=1e-7)
        loss_sum -= picked.log().sum().item()
        right += (probabilities.argmax(1) == labels).sum().item()
        seen += len(labels)
    return loss_sum / seen, right / seen


def save_weights(model: keras.Model, folder: Path) -> None:
    """Write ``model.keras``: float32 throughout, whatever precision it was trained in."""
    keras.mixed_precision.set_dtype_policy("float32")
    clean = build()
    clean.set_weights(model.get_weights())
    write_aside(folder / WEIGHTS, clean.save)


class _Accuracy(keras.metrics.Mean):
    """The share of right answers among the pictures that hold a digit: there the target is not flat."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:  # noqa: ARG002, Keras names it
        right = ops.cast(ops.equal(ops.argmax(y_true, -1), ops.argmax(y_pred, -1)), "float32")
        return super().update_state(right, ops.cast(ops.max(y_true, -1) > 0.5, "float32"))


def _trainee(model: keras.Model, recipe: Recipe) -> keras.Model:
    """The model in the form in which it is trained.

    For a tuned recipe the first dense layer is whitened; for one with an auxiliary loss there is a second output that
    only training sees: which digit stands in each cell.
    """
    if recipe.name == "paper":
        return model
    x, outputs = model.inputs[0], []
    for layer in model.layers:
        x = WhitenedDense(layer.units, _CELLS, name=_WHITENED)(x) if layer.name == FIRST_DENSE else layer(x)
        if layer.name == FEATURE_LAYER and recipe.locate:
            # From zero, so that a trained model is not thrown off by what a random head asks of it.
            head = keras.layers.Conv2D(NUM_CLASSES + 1, 1, kernel_initializer="zeros", dtype="float32", name="locate")
            outputs = [head(x)]
    trainee = keras.Model(model.inputs, [x, *outputs] if outputs else x)
    trainee.get_layer(_WHITENED).unfold(*model.get_layer(FIRST_DENSE).get_weights())
    return trainee


def use_winograd(model: keras.Model) -> None:
    """Let the convolutions be computed with few multiplications. Only for Keras's torch backend."""
    from maxdigit.training.winograd import conv2d

    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D) and layer.kernel.shape[2] > 1:  # one channel is cheap as it is
            layer.convolution_op = lambda inputs, kernel: conv2d(inputs, ops.convert_to_tensor(kernel))


def _fold(trainee: keras.Model, model: keras.Model) -> None:
    """Bring the published first dense layer up to date with what was trained in its place."""
    if trainee is not model:
        model.get_layer(FIRST_DENSE).set_weights(trainee.get_layer(_WHITENED).fold())


def _locate_loss(target: Any, cells: Any) -> Any:
    """Cross-entropy of the auxiliary head, a picture's digits and empty cells weighing the same; -1 does not count."""
    each = ops.sparse_categorical_crossentropy(ops.maximum(target, 0), cells, from_logits=True)
    is_digit = ops.cast(ops.logical_and(target >= 0, target < NUM_CLASSES), each.dtype)
    is_empty = ops.cast(ops.equal(target, NUM_CLASSES), each.dtype)
    means = (ops.sum(each * part, (1, 2)) / ops.maximum(ops.sum(part, (1, 2)), 1.0) for part in (is_digit, is_empty))
    return sum(ops.mean(mean) for mean in means)


def _compile(trainee: keras.Model, recipe: Recipe, steps: int) -> None:
    rate: Any = recipe.learning_rate
    if recipe.schedule == "one_cycle":
        total = recipe.epochs * steps
        rate = keras.optimizers.schedules.CosineDecay(
            recipe.learning_rate / 25,
            decay_steps=round(total * (1 - WARM_UP)),
            alpha=1e-3,
            warmup_target=recipe.learning_rate,
            warmup_steps=round(total * WARM_UP),
        )
    if recipe.optimizer == "nadam":
        optimizer = keras.optimizers.Nadam(rate)
    elif recipe.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, global_clipnorm=1.0)
    elif recipe.optimizer == "muon":
        decay = recipe.weight_decay
        optimizer = ConvolutionMuon(rate, weight_decay=decay, adam_weight_decay=decay, global_clipnorm=1.0)
    else:
        raise TrainingError(f"The Keras model knows no optimizer {recipe.optimizer!r}.")
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    classify = keras.losses.CategoricalCrossentropy()
    accuracy = _Accuracy(name="accuracy")
    trainee.compile(
        optimizer,
        loss=[classify, _locate_loss] if recipe.locate else classify,
        loss_weights=[1.0, recipe.locate] if recipe.locate else None,
        metrics=[[accuracy], []] if recipe.locate else [accuracy],
        jit_compile=keras_device().type == "cuda",  # on a CPU, XLA's convolutions are slower than the plain ones
    )


def _inputs(batches: Iterator[Batch], recipe: Recipe) -> Iterator[tuple[Any, Any]]:
    """Batches as Keras wants them: pictures ``(N, 128, 128, 1)`` and the targets of each output."""
    for batch in batches:
        pictures = batch.pixels.cpu().numpy()[..., None]
        labels = target_probabilities(batch.labels, recipe.label_smoothing).cpu().numpy()
        if not recipe.locate:
            yield pictures, labels
            continue
        if batch.digits is None or batch.centres is None:
            cells = torch.full((len(pictures), FEATURES.cells, FEATURES.cells), -1)
        else:
            cells = locate_targets(batch.digits, batch.centres, FEATURES.first, FEATURES.step, FEATURES.cells)
        yield pictures, (labels, cells.cpu().numpy().astype("int32"))


def _seed_generators(trainee: keras.Model) -> list[keras.random.SeedGenerator]:
    """Where dropout's randomness stands; Keras leaves it out of the weights it saves."""
    return [layer.seed_generator for layer in trainee.layers if isinstance(layer, keras.layers.Dropout)]


def _save_state(trainee: keras.Model, progress: _Progress, folder: Path) -> None:
    def write(aside: Path) -> None:
        aside.mkdir()
        trainee.save_weights(aside / "trainee.weights.h5")  # the optimiser's state included
        seeds = [ops.convert_to_numpy(generator.state).tolist() for generator in _seed_generators(trainee)]
        write_json(aside / "progress.json", {"progress": asdict(progress), "seeds": seeds})

    write_aside(folder / STATE, write)


def _load_state(trainee: keras.Model, folder: Path) -> _Progress:
    recover(folder / STATE)
    try:
        state = read_json(folder / STATE / "progress.json")
        progress = _Progress(**state["progress"])
        trainee.optimizer.build(trainee.trainable_variables)
        trainee.load_weights(folder / STATE / "trainee.weights.h5")
        for generator, seed in zip(_seed_generators(trainee), state["seeds"], strict=True):
            generator.state.assign(seed)
    except Exception as error:  # whatever the readers of the parts raise
        raise TrainingError(f"The state in {folder / STATE} is damaged ({error}). Start the run anew.") from error
    # A kill may fall between a row and its state: the state decides.
    write_history(folder / HISTORY, read_history(folder / HISTORY)[: progress.epoch])
    return progress
