"""Graphics processors: where the host has one of its own, many pictures at once are answered on it.

A few are not: for them the way there takes longer than the engine does on the CPU.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maxdigit.models.registry import Classifier

MANY = 16  # pictures
_DRIVER = Path("/dev/nvidiactl")  # looked for first, for torch takes seconds to load

_log = logging.getLogger(__name__)


def device() -> Any:
    """The host's own graphics processor, as a ``torch.device``; None where there is none that torch can use."""
    if not _DRIVER.exists():
        return None
    try:
        import torch
    except ImportError:
        return None
    return torch.device("cuda") if torch.cuda.is_available() else None


def moved(classifier: Classifier) -> Classifier | None:
    """The classifier, its network on the graphics processor; None where there is none, or it is no network of torch."""
    from maxdigit.models.torch_classifier import TorchClassifier  # here, for it takes torch

    target = device()
    if target is None or not isinstance(classifier, TorchClassifier):
        return None
    try:
        classifier.model.to(target)
    except RuntimeError as error:  # no room there
        _log.warning("The graphics processor cannot be used (%s): the CPU answers.", error)
        return None
    return classifier


def satisfy_zero_gpu() -> None:
    """Let the app run on ZeroGPU, Hugging Face's graphics processors that are lent for one call at a time.

    Such a host ends an app in which no function asks for one. None here does in earnest: a picture takes the CPU
    milliseconds, and being lent a processor takes longer than answering hundreds.
    """
    if os.environ.get("SPACES_ZERO_GPU"):
        import spaces  # type: ignore[import-not-found, unused-ignore]  # the host brings it

        spaces.GPU(_nothing)


def _nothing() -> None:
    """Nothing."""
