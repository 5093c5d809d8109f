"""The state from which a run can be resumed: its weights, and the progress in its plan.

Momentum is left out: it is rebuilt in a hundred steps. The weights of a model are in half precision. So a state is
small, with files under 10 MiB, and can be copied between machines. The previous state is kept too, in case a file is
damaged.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from huggingface_hub import save_torch_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import PREVIOUS_STATE, STATE, let_others_read, read_json, remove, write_json
from maxdigit.training.recipes import Recipe
from maxdigit.training.training_forms import MAX_SHARD

_PROGRESS = "progress.json"

Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Progress:
    """The progress of a run."""

    model: str
    width: float
    head: str
    step: int  # steps done
    rows: int  # of history.csv

    @classmethod
    def new(cls, recipe: Recipe) -> Progress:
        """The progress of a new run of this recipe."""
        return cls(recipe.model, recipe.width, recipe.head, step=0, rows=0)


def save_state(form: nn.Module, progress: Progress, folder: Path) -> None:
    """Write a form's weights and its progress as :func:`write_state` does."""
    write_state(folder, compact(form), asdict(progress))


def load_state(form: nn.Module, wanted: Progress, folder: Path) -> Progress:
    """Load into ``form`` the last complete state of the run in ``folder``.

    Raises:
        TrainingError: there is no complete state, or it is of another model, width or last layer.
    """
    state, tensors, progress = read_state(folder, lambda found: Progress(**found))
    for what in ("model", "width", "head"):
        there, here = getattr(progress, what), getattr(wanted, what)
        if there != here:
            raise TrainingError(f"The state in {state} is of {what} {there}, and this run is of {what} {here}.")
    expand(form, tensors, state)
    return progress


def write_state(folder: Path, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
    """Write ``folder/state`` in one step, keeping the previous one as ``folder/state_before``.

    Raises:
        OSError, SafetensorError: it cannot be written; the existing states are unchanged.
    """
    aside, state, before = (folder / name for name in (f".new-{STATE}", STATE, PREVIOUS_STATE))
    remove(aside)
    try:
        aside.mkdir()
        save_torch_state_dict(tensors, aside, max_shard_size=MAX_SHARD)
        files = {path.name: _digest(path) for path in sorted(aside.iterdir())}
        write_json(aside / _PROGRESS, {"progress": progress, "files": files})
        let_others_read(aside)
        for path in aside.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    except BaseException:
        remove(aside)
        raise
    if state.exists():
        remove(before)
        os.rename(state, before)
    os.rename(aside, state)


def read_state(folder: Path, parse: Callable[[dict[str, Any]], Parsed]) -> tuple[Path, dict[str, Tensor], Parsed]:
    """The last state of the run in ``folder`` or, if that is damaged, the previous one.

    Args:
        folder: of the run.
        parse: converts the progress in the file; may raise KeyError, TypeError or ValueError.

    Returns:
        The state's folder, its tensors, and the progress.

    Raises:
        TrainingError: neither of the two is complete.
    """
    reasons = []
    for state in (folder / STATE, folder / PREVIOUS_STATE):
        try:
            found = read_json(state / _PROGRESS, "progress", "files")
            progress = parse(found["progress"])
            tensors: dict[str, Tensor] = {}
            for name, digest in found["files"].items():
                if Path(name).name != name or _digest(state / name) != digest:
                    raise ValueError(f"{name} was changed after it was written")
                if name.endswith(".safetensors"):
                    tensors |= load_file(state / name)
        except (TrainingError, OSError, KeyError, ValueError, TypeError, SafetensorError) as error:
            reasons.append(f"{state}: {error}")
            continue
        return state, tensors, progress
    raise TrainingError(f"There is no complete state to resume from. Start the run again. ({'; '.join(reasons)})")


def compact(module: nn.Module) -> dict[str, Tensor]:
    """A module's state, its matrices and kernels in half precision."""
    return {
        name: (value.half() if value.ndim > 1 and value.is_floating_point() else value).detach().cpu().contiguous()
        for name, value in module.state_dict().items()
    }


def expand(module: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """The inverse of :func:`compact`.

    Raises:
        TrainingError: the state is of another network.
    """
    with torch.no_grad():
        try:
            module.load_state_dict(state)
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise TrainingError(f"The weights in {path} are of another network or another width ({reason}).") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
