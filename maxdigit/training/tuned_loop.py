"""The training loop of the tuned recipes, the same for all models."""

from __future__ import annotations

import copy
import errno
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from safetensors import SafetensorError
from torch import nn
from tqdm import tqdm

from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import HISTORY, KEPT, write_aside
from maxdigit.threads import one_thread
from maxdigit.training.batches import Batch, Data, Shard
from maxdigit.training.descent import Descent
from maxdigit.training.devices import bf16_is_fast, default_device
from maxdigit.training.folding import is_hidden, set_norms
from maxdigit.training.history import Epoch, append_epoch, read_history, write_history
from maxdigit.training.losses import classification_loss, locate_loss
from maxdigit.training.optimizers import Optimizers
from maxdigit.training.recipes import Recipe
from maxdigit.training.run_setup import diverged, what_is_kept
from maxdigit.training.starts import save_form
from maxdigit.training.states import Progress, load_state, save_state
from maxdigit.training.stream import batches
from maxdigit.training.sync_norm import synchronise_batch_norm
from maxdigit.training.thread_count import Threads
from maxdigit.training.training_forms import TrainingForm
from maxdigit.training.warp import warp

_MAX_NORM = 5.0  # gradients are clipped to this norm: those of the first steps can be very large
_BETAS = (0.9, 0.99)  # AdamW's
_EVALUATION_BATCH = 125


def train_tuned(
    recipe: Recipe,
    form: TrainingForm,
    data: Data,
    folder: Path,
    *,
    resume: bool = False,
    deadline: float | None = None,
) -> bool:
    """Train ``form`` and leave weights and ``history.csv`` in ``folder``; returns whether the plan was carried out.

    Runs on the GPU if there is one, else on the CPU; under ``accelerate launch`` on several of them. The plan is
    ``recipe.epochs`` times ``recipe.train_pictures``. After each epoch the state is saved in ``folder/state``, from
    which ``resume`` continues. The average of the weights over the last steps is validated and saved, and after each
    of ``recipe.keep_weights`` equal parts of the plan also kept in ``folder/kept/PICTURES_SEEN``.

    Args:
        recipe: the run's settings.
        form: the model as it is trained, with its initial weights.
        data: the source of batches.
        folder: where the run is kept.
        resume: continue from the last state.
        deadline: when the weights must be saved, in seconds of ``time.monotonic``; the rates decay accordingly.

    Raises:
        TrainingError: the loss is no longer a number, the state to resume from is damaged or of another network,
            or the disk cannot be written to.
    """
    accelerator = Accelerator(mixed_precision="bf16" if bf16_is_fast(default_device()) else "no")
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = accelerator.device.type == "cuda"
    device, shard = accelerator.device, Shard(accelerator.process_index, accelerator.num_processes)
    set_seed(recipe.seed)
    is_main = accelerator.is_main_process
    steps = recipe.train_pictures // recipe.batch_size
    total = recipe.epochs * steps

    done = _resume(form, recipe, folder, is_main) if resume else Progress.new(recipe)
    form.freeze(recipe.frozen)
    if accelerator.num_processes > 1:
        form = synchronise_batch_norm(form)  # type: ignore[assignment]
    form = form.to(device, memory_format=torch.channels_last)
    set_norms([part for part in form.normed() if part.norm.weight.requires_grad])
    averaged = copy.deepcopy(form).requires_grad_(False).eval()
    optimizers = _optimizers(form, recipe)
    trainee = accelerator.prepare(form) if accelerator.num_processes > 1 else form
    with one_thread():
        held_out = list(data.validation(_EVALUATION_BATCH, device))
        start = time.monotonic()
        loss, accuracy = validate(averaged, held_out)
        closing = time.monotonic() - start  # of an epoch: validation, its state and the weights
    threads = Threads()
    if is_main:
        tqdm.write(f"start: validation {loss:.3f} {accuracy:.1%}, {done.step * recipe.batch_size:,} pictures seen")

    step, rows = done.step, done.rows
    started = time.monotonic()
    end = None if deadline is None else deadline - 1.5 * closing
    descent = Descent(total, step, recipe.schedule == "linear", started, end)
    marks = keeping_steps(total, recipe.keep_weights)
    stream = batches(data, step, total, steps, shard, device)
    factor = descent.factor(step, started)
    if factor <= 0:
        raise TrainingError("There is no time left to train in: give more --minutes, or none.")
    while factor > 0:
        start, first = time.monotonic(), step
        trainee.train()
        sums = torch.zeros(4, device=device)  # loss, right answers, pictures with a digit, pictures
        stop = min((step // steps + 1) * steps, total)
        bar = tqdm(
            total=stop - step,
            desc=f"{recipe.model} {stop * recipe.batch_size:,}/{total * recipe.batch_size:,}",
            unit="batch",
            mininterval=2,
            disable=not accelerator.is_local_main_process,
        )
        while step < stop and factor > 0:
            batch = next(stream)
            pixels = warp(batch.pixels, recipe.warp) if recipe.warp else batch.pixels
            optimizers.prepare_step(factor)
            with threads.step(step - first):
                with autocast(device):
                    logits, cells = trainee(pixels)
                loss = classification_loss(logits.float(), batch.labels, recipe)
                auxiliary = locate_loss(cells.float(), batch, form.features)
                accelerator.backward(loss + recipe.locate * auxiliary)
                nn.utils.clip_grad_norm_(form.parameters(), _MAX_NORM)
                optimizers.step()
            step += 1
            now = _same_for_all(time.monotonic(), accelerator)
            update_average(averaged, form, descent.horizon(step, now))
            if is_main and step in marks:
                with _disk(folder):
                    _keep(averaged, folder / KEPT / str(step * recipe.batch_size))
            right, judged = logits.argmax(1) == batch.labels, batch.labels >= 0  # without a digit no answer is right
            count = torch.full((), len(batch.labels), device=device)
            sums += torch.stack([loss.detach() * count, right.sum(), judged.sum(), count])
            bar.update()
            if step % 20 == 0:  # reading a number from the GPU waits for it: not at every step
                rate = sums[3].item() * accelerator.num_processes / (time.monotonic() - start)
                bar.set_postfix(loss=f"{(sums[0] / sums[3]).item():.3f}", pictures_per_s=f"{rate:.0f}", refresh=False)
            last_rate, factor = optimizers.rate, descent.factor(step, now)
        bar.close()
        seconds = time.monotonic() - start
        sums = accelerator.reduce(sums)
        train_loss, train_accuracy = (sums[0] / sums[3]).item(), (sums[1] / sums[2].clamp(min=1)).item()
        if not math.isfinite(train_loss):
            raise diverged(folder, rows + 1)
        validated = validate(averaged, held_out)
        rows += 1
        row = Epoch(rows, train_loss, train_accuracy, *validated, last_rate, seconds, sums[3].item() / seconds)
        if is_main:
            with _disk(folder):
                append_epoch(folder / HISTORY, row)
                save_state(form, replace(done, step=step, rows=rows), folder)
            tqdm.write(
                f"{step * recipe.batch_size:,} pictures: train {row.train_loss:.3f} {row.train_accuracy:.1%}, "
                f"validation {row.validation_loss:.3f} {row.validation_accuracy:.1%}, rate {factor:.2f}, "
                f"{row.pictures_per_second:.1f} pictures/s"
            )
        accelerator.wait_for_everyone()
        factor = descent.factor(step, _same_for_all(time.monotonic(), accelerator))
    if is_main:
        with _disk(folder):
            save_form(averaged, recipe, folder)
    accelerator.wait_for_everyone()
    return step >= total


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where it is fast."""
    return torch.autocast(device.type, torch.bfloat16, enabled=bf16_is_fast(device))


@torch.no_grad()
def validate(form: TrainingForm, held_out: list[Batch]) -> tuple[float, float]:
    """Mean cross-entropy, without label smoothing, and accuracy."""
    form.eval()
    loss_sum, right, seen = 0.0, 0, 0
    for batch in held_out:
        with autocast(batch.pixels.device):
            logits = form(batch.pixels)[0].float()
        loss_sum += F.cross_entropy(logits, batch.labels, reduction="sum").item()
        right += (logits.argmax(1) == batch.labels).sum().item()
        seen += len(batch.labels)
    return loss_sum / seen, right / seen


@torch.no_grad()
def update_average(averaged: nn.Module, form: nn.Module, horizon: float) -> None:
    """Move averaged weights and moments towards the current ones, by one part in ``horizon``."""
    ours, theirs = ([*network.parameters(), *network.buffers()] for network in (averaged, form))
    pairs = list(zip(ours, theirs, strict=True))
    values = [pair for pair in pairs if pair[0].is_floating_point()]
    torch._foreach_lerp_([one for one, _ in values], [other for _, other in values], 1 / horizon)
    for one, other in pairs:
        if not one.is_floating_point():  # batches counted
            one.copy_(other)


def keeping_steps(total: int, parts: int) -> frozenset[int]:
    """The steps after which the weights are kept: the ends of ``parts`` equal parts of a plan of ``total`` steps."""
    return frozenset(round(total * part / parts) for part in range(1, parts + 1)) - {0}


def _keep(form: TrainingForm, folder: Path) -> None:
    """Write the published network's weights and the reader's into a new folder, in one step."""

    def write(aside: Path) -> None:
        aside.mkdir()
        form.save(aside)

    folder.parent.mkdir(exist_ok=True)
    write_aside(folder, write)


def _optimizers(form: TrainingForm, recipe: Recipe) -> Optimizers:
    """The optimizers of the recipe."""
    kernels: list[nn.Parameter] = []
    if recipe.optimizer == "muon":
        kernels = [layer.weight for part in form.normed() for layer in part.layers if is_hidden(layer.weight)]
        kernels = [kernel for kernel in kernels if kernel.requires_grad]
    elif recipe.optimizer != "adamw":
        raise TrainingError(f"A tuned recipe supports the optimizers muon and adamw, not {recipe.optimizer!r}.")
    return Optimizers(
        [weight for weight in form.parameters() if weight.requires_grad],
        kernels,
        kernel_rate=recipe.learning_rate,
        rate=recipe.other_rate if kernels else recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        betas=_BETAS,
    )


def _resume(form: TrainingForm, recipe: Recipe, folder: Path, is_main: bool) -> Progress:
    done = load_state(form, Progress.new(recipe), folder)
    if is_main:  # the process may have been killed between writing a row and its state
        write_history(folder / HISTORY, read_history(folder / HISTORY)[: done.rows])
    return done


def _same_for_all(seconds: float, accelerator: Accelerator) -> float:
    """The main process's clock, so that the rates of all processes decay, and all stop, at the same step."""
    if accelerator.num_processes == 1:
        return seconds
    shared = torch.tensor([seconds], dtype=torch.float64, device=accelerator.device)
    torch.distributed.broadcast(shared, 0)
    return shared.item()


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Turns errors of writing into a sentence."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        is_full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
        reason = "the disk is full" if is_full else str(error)
        raise TrainingError(
            f"The run in {folder} cannot be written ({reason}). Make room. {what_is_kept(folder)}"
        ) from error
