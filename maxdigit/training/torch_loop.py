"""The training loop of the two torch models, top to bottom in the order it happens."""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from huggingface_hub import save_torch_state_dict
from torch import Tensor, nn
from torch.optim.lr_scheduler import ConstantLR, LRScheduler, OneCycleLR
from tqdm import tqdm

from maxdigit.errors import TrainingError
from maxdigit.models.registry import FeatureMap, get_model
from maxdigit.models.torch_cnn import TorchCNN
from maxdigit.training.batches import Batch, Data, Shard, locate_targets, target_probabilities
from maxdigit.training.devices import bf16_is_fast, default_device
from maxdigit.training.history import Epoch, append_epoch, read_history, write_history
from maxdigit.training.recipes import WARM_UP, Recipe
from maxdigit.training.runs import HISTORY, STATE, read_json, recover, remove, write_aside, write_json
from maxdigit.training.torch_whitened import WhitenedLinear

MAX_SHARD = "9MB"  # hosts of plain git repositories refuse files over 10 MiB
_MAX_NORM = 1.0  # gradients are clipped here in tuned runs: the first steps of a one-cycle schedule can be wild
_EVALUATION_BATCH = 250
_SCHEDULE = "schedule.json"
_WIDTH = 512  # inputs of a linear layer from which on its learning rate falls


class Trainee(nn.Module):
    """A model with the auxiliary head that only training sees: which digit stands in each cell of a feature map.

    The first ``frozen`` sections stay as they are, the moments of their batch norm too.
    """

    def __init__(self, model: nn.Module, features: FeatureMap, *, whiten: bool, frozen: int) -> None:
        super().__init__()
        self.model = model
        self.frozen = frozen
        for section in model.sections[:frozen]:
            section.requires_grad_(False)
        self.locate = nn.Conv2d(features.channels, 11, kernel_size=1)
        nn.init.zeros_(self.locate.weight)  # a trained model is not thrown off by what a random head asks of it
        self._seen: Tensor | None = None
        model.feature_layer.register_forward_hook(self._keep)
        if whiten and isinstance(model, TorchCNN):
            model.classify = WhitenedLinear(model.classify, features.channels)

    def train(self, mode: bool = True) -> Trainee:
        """As every module's, but frozen sections work as in inference."""
        super().train(mode)
        for section in self.model.sections[: self.frozen]:
            section.eval()
        return self

    def _keep(self, _module: nn.Module, _inputs: Any, output: Tensor) -> None:
        self._seen = output

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(N, 10)`` and cell logits ``(N, 11, cells, cells)``."""
        logits = self.model(pixels)
        assert self._seen is not None
        cells = self.locate(self._seen)
        self._seen = None
        return logits, cells


def train_torch(recipe: Recipe, data: Data, folder: Path, *, resume: bool, start_from: Path | None = None) -> None:
    """Train ``recipe.model`` and leave weights and ``history.csv`` in ``folder``.

    Runs on the GPU if there is one, else on the CPU; under ``accelerate launch`` on several of them. After each
    epoch the whole state lies in ``folder/state``, from which ``resume`` goes on to the same result. ``start_from``
    names the folder of an earlier run whose weights to begin with.

    Raises:
        CheckpointError: the weights to begin with are missing or damaged.
        TrainingError: the loss is not a number any more, or the state to resume from is damaged.
    """
    accelerator = Accelerator(mixed_precision="bf16" if bf16_is_fast(default_device()) else "no")
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = accelerator.device.type == "cuda"
    device, shard = accelerator.device, Shard(accelerator.process_index, accelerator.num_processes)
    set_seed(recipe.seed)

    spec = get_model(recipe.model)
    features = spec.features
    model = _with_dropout(spec.load(start_from).model if start_from else spec.build(), recipe.dropout)
    trainee = Trainee(model, features, whiten=recipe.name == "tuned", frozen=recipe.frozen)
    trainee = trainee.to(memory_format=torch.channels_last)
    if accelerator.num_processes > 1:
        trainee = synchronise_batch_norm(trainee)
    steps = recipe.train_pictures // recipe.batch_size
    optimizer = _optimizer(trainee, recipe)
    schedule = _schedule(optimizer, recipe, steps)
    trainee, optimizer = accelerator.prepare(trainee, optimizer)

    done = 0
    if resume:
        recover(folder / STATE)
        try:
            accelerator.load_state(str(folder / STATE))  # reads tensors and plain numbers only: nothing in it can run
            schedule.load_state_dict(read_json(folder / STATE / _SCHEDULE))
        except Exception as error:  # whatever the readers of the parts raise
            raise TrainingError(f"The state in {folder / STATE} is damaged ({error}). Start the run anew.") from error
        done = schedule.last_epoch // steps
        if accelerator.is_main_process:  # a kill may have fallen between a row and its state: the state decides
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
                logits, cells = trainee(batch.pixels)
            loss = classification_loss(logits.float(), batch.labels, recipe)
            total = loss + recipe.locate * locate_loss(cells.float(), batch, features)
            accelerator.backward(total)
            if recipe.name == "tuned":
                accelerator.clip_grad_norm_(trainee.parameters(), _MAX_NORM)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            loss_sum += loss.detach() * len(batch.labels)
            right += (logits.argmax(1) == batch.labels).sum()
            judged += (batch.labels >= 0).sum()  # where there is no digit, no answer is right or wrong
            seen += len(batch.labels)
            if step % 20 == 0:  # reading a number from the GPU waits for it: not at every step
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
            raise TrainingError(
                f"The loss of epoch {epoch + 1} is not a number any more: the run has diverged. "
                "The last good epoch is kept; resume with a lower learning rate or start anew."
            )
        seconds = time.perf_counter() - start
        model = accelerator.unwrap_model(trainee).model
        validation_loss, validation_accuracy = validate(model, data, recipe, device)
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
        save_weights(accelerator.unwrap_model(trainee).model, folder)
    accelerator.wait_for_everyone()


def classification_loss(logits: Tensor, labels: Tensor, recipe: Recipe) -> Tensor:
    """Cross-entropy in nats. The paper's ResNet18 feeds it probabilities in place of logits.

    With a softmax before it, the loss cannot fall below ln(1 + 9 / e) = 1.461, however sure and right a model is.
    """
    scores = logits.softmax(1) if recipe.softmax_before_loss else logits
    return F.cross_entropy(scores, target_probabilities(labels, recipe.label_smoothing))


def locate_loss(cells: Tensor, batch: Batch, features: FeatureMap) -> Tensor:
    """Cross-entropy of the auxiliary head, a picture's digits and empty cells weighing the same; 0 if none are known.

    Each picture has its own means, so that dividing a batch among processes changes nothing.
    """
    if batch.digits is None or batch.centres is None:
        return cells.sum() * 0
    target = locate_targets(batch.digits, batch.centres, features.first, features.step, features.cells)
    each = F.cross_entropy(cells, target, reduction="none", ignore_index=-1)
    parts = ((target >= 0) & (target < 10), target == 10)
    return sum(((each * part).sum((1, 2)) / part.sum((1, 2)).clamp(min=1)).mean() for part in parts)


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


def save_weights(model: nn.Module, folder: Path) -> None:
    """Weights in half precision, as safetensors in shards under 10 MiB, in the Hub's own layout."""
    model = copy.deepcopy(model)
    for name, layer in list(model.named_children()):
        if isinstance(layer, WhitenedLinear):
            setattr(model, name, layer.fold())
    state = {
        name: value.detach().cpu().half().contiguous() if value.is_floating_point() else value.detach().cpu()
        for name, value in model.state_dict().items()
    }
    for old in folder.glob("model*.safetensors*"):
        remove(old)
    save_torch_state_dict(state, folder, max_shard_size=MAX_SHARD)


def _with_dropout(model: nn.Module, rate: float | None) -> nn.Module:
    for layer in model.modules():
        if isinstance(layer, nn.Dropout) and rate is not None:
            layer.p = rate
    return model


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(_groups(model, recipe), lr=recipe.learning_rate)
    if recipe.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    if recipe.optimizer == "adadelta":
        return torch.optim.Adadelta(model.parameters(), lr=recipe.learning_rate)
    raise TrainingError(f"The torch models know no optimizer {recipe.optimizer!r}.")


def _groups(model: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Parameters by how they are to be trained.

    Weight decay is for weights: biases and batch-norm scales stay free. Adam moves every weight by about the learning
    rate, so a linear layer's output jumps by the rate times its width; where it is wide the rate falls to match, as in
    G. Yang et al., "Tensor Programs V" (2022).
    """
    wide = {p: _WIDTH / p.shape[1] for p in model.parameters() if p.dim() == 2 and p.shape[1] > _WIDTH}
    groups: list[dict[str, Any]] = [{"params": [p], "lr": recipe.learning_rate * f} for p, f in wide.items()]
    groups.append({"params": [p for p in model.parameters() if p.dim() > 1 and p not in wide]})
    for group in groups:
        group["weight_decay"] = recipe.weight_decay
    return [*groups, {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0}]


def _schedule(optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int) -> LRScheduler:
    if recipe.schedule == "constant":
        return ConstantLR(optimizer, factor=1.0)
    total = max(recipe.epochs * steps, 2)
    return OneCycleLR(
        optimizer,
        [group["lr"] for group in optimizer.param_groups],
        total_steps=total,
        pct_start=max(WARM_UP, min(2 / total, 0.75)),  # a very short run warms up for a step at least
        div_factor=25,
        final_div_factor=40,
        cycle_momentum=False,
    )


def _save_state(accelerator: Accelerator, schedule: LRScheduler, folder: Path) -> None:
    # Every process takes part in saving, only the first puts the result in place.
    aside = folder / ".state.gathered"
    if accelerator.is_main_process:
        remove(aside)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(aside))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        write_json(aside / _SCHEDULE, schedule.state_dict())  # Accelerate would pickle it, and unpickle what it finds
        write_aside(folder / STATE, aside.rename)
    accelerator.wait_for_everyone()


def synchronise_batch_norm(model: nn.Module) -> nn.Module:
    """Batch norm over all processes' pictures, so that dividing a batch does not change the result."""
    if torch.cuda.is_available():
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for name, child in model.named_children():
        if isinstance(child, nn.BatchNorm2d):
            synced = CpuSyncBatchNorm(child.num_features, child.eps, child.momentum)
            synced.load_state_dict(child.state_dict())
            setattr(model, name, synced)
        else:
            synchronise_batch_norm(child)
    return model


class CpuSyncBatchNorm(nn.BatchNorm2d):
    """What ``nn.SyncBatchNorm`` does, on CPUs, where torch has none. Every process must hold as many pictures."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        import torch.distributed.nn.functional as collective

        processes = torch.distributed.get_world_size()
        moments = torch.stack([x.mean((0, 2, 3)), (x * x).mean((0, 2, 3))])
        mean, square = collective.all_reduce(moments) / processes
        variance = square - mean * mean
        with torch.no_grad():
            count = x.numel() // x.shape[1] * processes
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (x - mean[:, None, None]) * scale[:, None, None] + self.bias[:, None, None]
