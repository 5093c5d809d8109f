"""GPUs: where the host has one, large batches of pictures are answered on it.

Small ones are not: transferring them takes longer than computing them on the CPU.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maxdigit.models.registry import Classifier

MANY = 16  # pictures
_DRIVER = Path("/dev/nvidiactl")  # looked for first, as torch takes seconds to load

_log = logging.getLogger(__name__)


def device() -> Any:
    """The host's GPU as a ``torch.device``; None where there is none that torch can use."""
    if not _DRIVER.exists():
        return None
    try:
        import torch
    except ImportError:
        return None
    return torch.device("cuda") if torch.cuda.is_available() else None


def moved(classifier: Classifier) -> Classifier | None:
    """The classifier with its network on the GPU; None where there is no GPU, or the network is not a torch one."""
    from maxdigit.models.torch_classifier import TorchClassifier  # here, since it loads torch

    target = device()
    if target is None or not isinstance(classifier, TorchClassifier):
        return None
    try:
        classifier.model.to(target)
    except RuntimeError as error:  # not enough memory
        _log.warning("The GPU cannot be used (%s): the CPU answers.", error)
        return None
    return classifier


def satisfy_zero_gpu() -> None:
    """Let the app run on ZeroGPU, Hugging Face's GPUs that are allocated for one call at a time.

    Such a host stops an app in which no function requests a GPU, so one that does nothing requests it. None is needed:
    a picture takes milliseconds on the CPU, and an allocation takes longer than answering hundreds.
    """
    if os.environ.get("SPACES_ZERO_GPU"):
        import spaces  # type: ignore[import-not-found, unused-ignore]  # the host brings it

        spaces.GPU(_nothing)


def _nothing() -> None:
    """Nothing."""
