"""The training loop of the paper's recipes for the two PyTorch models."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.optim.lr_scheduler import ConstantLR, LRScheduler
from tqdm import tqdm

from maxdigit.errors import TrainingError
from maxdigit.models.registry import get_model
from maxdigit.models.run_folder import HISTORY, STATE, read_json, recover, remove, write_aside, write_json
from maxdigit.training.batches import Data, Shard
from maxdigit.training.devices import bf16_is_fast, default_device
from maxdigit.training.history import Epoch, append_epoch, read_history, write_history
from maxdigit.training.losses import classification_loss
from maxdigit.training.recipes import Recipe
from maxdigit.training.run_setup import diverged
from maxdigit.training.sync_norm import synchronise_batch_norm
from maxdigit.training.training_forms import save_weights

_EVALUATION_BATCH = 250
_SCHEDULE = "schedule.json"


def train_torch(recipe: Recipe, data: Data, folder: Path, *, resume: bool, start_from: Path | None = None) -> None:
    """Train ``recipe.model`` and leave weights and ``history.csv`` in ``folder``.

    Runs on the GPU if there is one, else on the CPU; under ``accelerate launch`` on several of them. After each
    epoch the whole state is saved in ``folder/state``, from which ``resume`` continues to the same result.
    ``start_from`` names the folder of an earlier run whose weights to start from.

    Raises:
        CheckpointError: the weights to start from are missing or damaged.
        TrainingError: the loss is no longer a number, or the state to resume from is damaged.
    """
    accelerator = Accelerator(mixed_precision="bf16" if bf16_is_fast(default_device()) else "no")
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = accelerator.device.type == "cuda"
    device, shard = accelerator.device, Shard(accelerator.process_index, accelerator.num_processes)
    set_seed(recipe.seed)

    spec = get_model(recipe.model)
    model = spec.load_native(start_from).model if start_from else spec.build()
    model = model.to(memory_format=torch.channels_last)
    if accelerator.num_processes > 1:
        model = synchronise_batch_norm(model)
    steps = recipe.train_pictures // recipe.batch_size
    optimizer = _optimizer(model, recipe)
    schedule = ConstantLR(optimizer, factor=1.0)
    trainee, optimizer = accelerator.prepare(model, optimizer)

    done = 0
    if resume:
        recover(folder / STATE)
        try:
            accelerator.load_state(str(folder / STATE))  # reads tensors and plain numbers only: no code in it can run
            schedule.load_state_dict(read_json(folder / STATE / _SCHEDULE))
        except Exception as error:  # the readers of the parts raise many kinds of errors
            raise TrainingError(f"The state in {folder / STATE} is damaged ({error}). Start the run again.") from error
        done = schedule.last_epoch // steps
        if accelerator.is_main_process:  # a kill after a row may have kept its state from being saved
            write_history(folder / HISTORY, read_history(folder / HISTORY)[:done])
    for epoch in range(done, recipe.epochs):
        start = time.perf_counter()
        trainee.train()
        loss_sum = torch.zeros((), device=device)
        right, judged = torch.zeros((), device=device), torch.zeros((), device=device)
        seen = 0
        bar = tqdm(
            data.train(epoch, shard, device),
            total=steps,
            desc=f"{recipe.model} epoch {epoch + 1}/{recipe.epochs}",
            unit="batch",
            disable=not accelerator.is_local_main_process,
        )
        for step, batch in enumerate(bar):
            with accelerator.autocast():
                logits = trainee(batch.pixels)
            loss = classification_loss(logits.float(), batch.labels, recipe)
            accelerator.backward(loss)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            loss_sum += loss.detach() * len(batch.labels)
            right += (logits.argmax(1) == batch.labels).sum()
            judged += (batch.labels >= 0).sum()  # a picture without a digit has no right answer
            seen += len(batch.labels)
            if step % 20 == 0:  # not at every step, since reading a number from the GPU waits for it
                rate = seen * accelerator.num_processes / (time.perf_counter() - start)
                bar.set_postfix(
                    loss=f"{loss_sum.item() / seen:.3f}",
                    accuracy=f"{right.item() / max(judged.item(), 1):.3f}",
                    pictures_per_s=f"{rate:.0f}",
                )
        counts = torch.tensor(float(seen), device=device)
        loss_sum, right, judged, counts = accelerator.reduce(torch.stack([loss_sum, right, judged, counts]))
        train_loss, train_accuracy = (loss_sum / counts).item(), (right / judged.clamp(min=1)).item()
        if not math.isfinite(train_loss):
            raise diverged(folder, epoch + 1)
        seconds = time.perf_counter() - start
        validation_loss, validation_accuracy = validate(accelerator.unwrap_model(trainee), data, recipe, device)
        row = Epoch(
            epoch + 1,
            train_loss,
            train_accuracy,
            validation_loss,
            validation_accuracy,
            max(schedule.get_last_lr()),
            seconds,
            counts.item() / seconds,
        )
        accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            append_epoch(folder / HISTORY, row)
            tqdm.write(
                f"epoch {row.epoch}: train {row.train_loss:.3f} {row.train_accuracy:.1%}, validation "
                f"{row.validation_loss:.3f} {row.validation_accuracy:.1%}, {row.pictures_per_second:.0f} pictures/s"
            )
        _save_state(accelerator, schedule, folder)
    if accelerator.is_main_process:
        save_weights(accelerator.unwrap_model(trainee), folder)
    accelerator.wait_for_everyone()


@torch.no_grad()
def validate(model: nn.Module, data: Data, recipe: Recipe, device: torch.device) -> tuple[float, float]:
    """Mean loss and accuracy on the held-out pictures. The loss is the training loss, without label smoothing."""
    was_training = model.training
    model.eval()
    loss_sum, right, seen = 0.0, 0, 0
    for batch in data.validation(_EVALUATION_BATCH, device):
        logits = model(batch.pixels).float()
        scores = logits.softmax(1) if recipe.softmax_before_loss else logits
        loss_sum += F.cross_entropy(scores, batch.labels, reduction="sum").item()
        right += (logits.argmax(1) == batch.labels).sum().item()
        seen += len(batch.labels)
    model.train(was_training)
    return loss_sum / seen, right / seen


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    if recipe.optimizer == "adadelta":
        return torch.optim.Adadelta(model.parameters(), lr=recipe.learning_rate)
    raise TrainingError(f"The paper's recipes of the torch models do not support the optimizer {recipe.optimizer!r}.")


def _save_state(accelerator: Accelerator, schedule: LRScheduler, folder: Path) -> None:
    # All processes take part in saving; only the first moves the result into place.
    aside = folder / ".state.gathered"
    if accelerator.is_main_process:
        remove(aside)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(aside))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        write_json(aside / _SCHEDULE, schedule.state_dict())  # Accelerate would pickle it
        write_aside(folder / STATE, aside.rename)
    accelerator.wait_for_everyone()
