"""What the PyTorch models share: normalising pixels, loading weights from safetensors, and inference."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import load_torch_model
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from maxdigit import IMAGE_SIZE
from maxdigit.engine.saved_weights import TORCH_WEIGHTS, unreadable
from maxdigit.models.registry import PIXEL_MEAN, PIXEL_STD

_BATCH = 64  # pictures per batch, to limit memory
# A few pictures are answered on one thread: on two cores shared with a web server and a second framework, OpenMP's
# busy waiting costs far more than a second thread gains. Larger sets use all threads.
_FEW = 16
_ALL_THREADS = torch.get_num_threads()


class NormalisePixels(nn.Module):
    """uint8 ``(N, 128, 128)`` to normalised float ``(N, 1, 128, 128)``; the first, parameter-free step of a model."""

    def forward(self, pictures: Tensor) -> Tensor:
        """Subtract the mean of the competition's pictures and divide by their standard deviation."""
        return (pictures.unsqueeze(1).float() - PIXEL_MEAN) / PIXEL_STD


class TorchClassifier:
    """A trained torch model behind :class:`maxdigit.models.registry.Classifier`."""

    def __init__(self, model: nn.Module) -> None:
        self.model: Any = model.eval()  # an nn.Module with feature_layer and traced_layer, which its type does not show

    def predict(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities ``(N, 10)`` for uint8 pictures ``(N, 128, 128)``."""
        return self._answer(pictures)

    def predict_with_maps(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities and feature maps; see :class:`maxdigit.models.registry.Classifier`."""
        kept: list[Tensor] = []
        with _watching(self.model.feature_layer, lambda maps: kept.append(maps.float().cpu())):
            return self._answer(pictures), torch.cat(kept).numpy()

    @torch.inference_mode()
    def _answer(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        torch.set_num_threads(1 if len(pictures) <= _FEW else _ALL_THREADS)  # holds for the calling thread
        device = next(self.model.parameters()).device
        batches = torch.from_numpy(np.ascontiguousarray(pictures)).split(_BATCH)
        return torch.cat([self.model(batch.to(device)).float().softmax(1).cpu() for batch in batches]).numpy()

    def evidence(self, picture: NDArray[np.uint8], digit: int) -> NDArray[np.float32]:
        """Grad-CAM on the feature map; see :class:`maxdigit.models.registry.Classifier`."""
        from captum.attr import LayerGradCam  # here, since it loads Matplotlib

        torch.set_num_threads(1)
        device = next(self.model.parameters()).device
        # As floats, since captum differentiates with respect to the input.
        inputs = torch.from_numpy(picture[np.newaxis].astype(np.float32)).to(device)
        maps = LayerGradCam(self.model, self.model.feature_layer).attribute(inputs, digit, relu_attributions=True)
        return maps.detach()[0, 0].cpu().numpy()

    def trace(
        self, picture: NDArray[np.uint8], gradient: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """LayerCAM on the first section; see :class:`maxdigit.models.registry.Classifier`."""
        torch.set_num_threads(1)
        device = next(self.model.parameters()).device
        early: list[Tensor] = []
        late: list[Tensor] = []
        with torch.enable_grad(), _watching(self.model.traced_layer, early.append):
            with _watching(self.model.feature_layer, late.append):
                self.model(torch.from_numpy(picture[np.newaxis]).to(device))
        maps = late[0].detach().float().cpu().numpy()
        weights = torch.from_numpy(gradient(maps)).to(late[0])
        (slopes,) = torch.autograd.grad(late[0], early[0], weights)
        return maps, (early[0].detach() * slopes.relu()).sum(1).relu()[0].float().cpu().numpy()


@contextmanager
def _watching(layer: nn.Module, see: Callable[[Tensor], object]) -> Iterator[None]:
    """Pass a layer's outputs in this thread's forward passes to ``see``; other threads may use the same model.

    The hook is removed at the end, since training starts from such a model and copies it.
    """
    caller = threading.get_ident()

    def show(_layer: nn.Module, _inputs: tuple[Tensor, ...], maps: Tensor) -> None:
        if threading.get_ident() == caller:
            see(maps)

    hook = layer.register_forward_hook(show)
    try:
        yield
    finally:
        hook.remove()


def count_flops(model: nn.Module) -> int:
    """Floating-point operations of one picture's forward pass, as torch counts them."""
    from torch.utils.flop_counter import FlopCounterMode  # here, since it loads Triton, which no answer needs

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model.eval()(torch.zeros((1, IMAGE_SIZE, IMAGE_SIZE), dtype=torch.uint8))
    return counter.get_total_flops()


def load_classifier(build: Callable[[], nn.Module], folder: Path) -> TorchClassifier:
    """The model stored in ``folder`` as (sharded) safetensors, converted from half precision to float32.

    Raises:
        CheckpointError: the weights are missing, damaged, or of another architecture.
    """
    model = build()
    try:
        single = folder / TORCH_WEIGHTS  # by its name, as there may be other tensors beside it
        load_torch_model(model, single if single.is_file() else folder, strict=True, safe=True)
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError, json.JSONDecodeError) as error:
        raise unreadable(folder, error) from error
    return TorchClassifier(model.float())
