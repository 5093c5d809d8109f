"""How fast each model trains, compared with a plain loop: ``python benchmarks/training.py [MODEL ...]``.

Measures the training loop with the tuned recipe, including the generation of pictures. The plain loop is what a first
script would have: a DataLoader that makes pictures one by one on the CPU, eager float32, the default memory layout (for
Keras: ``fit`` on such a loader). Both run alternately in the same process, and the median of each is printed with their
ratio. On a GPU the share of its measured bfloat16 peak is printed too (for three times the forward pass's operations).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as train.py has it
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import torch
from torch.utils.data import DataLoader, Dataset

from maxdigit.data.pictures import generate
from maxdigit.data.splits import TRAIN
from maxdigit.models.registry import MODELS, get_model
from maxdigit.training.batches import GeneratedData
from maxdigit.training.devices import default_device, device_name
from maxdigit.training.history import read_history
from maxdigit.training.recipes import Recipe, get_recipe
from maxdigit.training.starts import new_form
from maxdigit.training.tuned_loop import train_tuned


class OneByOne(Dataset):
    """Textured pictures, each made when it is requested."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = generate(TRAIN, index, 1)
        return picture.pixels[0], int(picture.labels[0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=list(MODELS), metavar="MODEL")
    parser.add_argument("--pictures", type=int, help="in a run; default 512 on a CPU, 16,384 on a GPU")
    parser.add_argument("--batch-size", type=int, help="default 64 on a CPU, 256 on a GPU")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    device = default_device()
    on_gpu = device.type == "cuda"
    pictures = args.pictures or (16_384 if on_gpu else 512)
    batch = args.batch_size or (256 if on_gpu else 64)
    print(f"{device_name(device)}; torch {torch.__version__}; batches of {batch}, {args.runs} x {pictures:,} pictures")
    peak = _peak() if on_gpu else None
    if peak:
        print(f"bfloat16 peak, measured on a product of 8192 x 8192 matrices: {peak / 1e12:,.0f} TFLOP/s")
    for name in args.models:
        spec = get_model(name)
        recipe = get_recipe(
            name, "tuned", epochs=2, train_pictures=pictures, batch_size=batch, validation_pictures=batch
        )
        obvious = _obvious_keras if spec.framework == "keras" else _obvious_torch
        ours, theirs = [], []
        for _ in range(args.runs):
            ours.append(_ours(recipe))
            theirs.append(_rate(lambda: obvious(name, pictures // 4, batch), pictures // 4))  # noqa: B023
        rate, other = statistics.median(ours), statistics.median(theirs)
        line = (
            f"{name}: {rate:,.1f} pictures/s ({50_000 / rate:,.1f} s for 50,000), the obvious way {other:,.1f}: "
            f"{rate / other:.2f} times as fast (n = {args.runs}, {min(ours):,.1f} to {max(ours):,.1f})"
        )
        if peak:
            line += f"; {3 * spec.flops() * rate / peak:.1%} of the peak"
        print(line, flush=True)


def _ours(recipe: Recipe) -> float:
    """Pictures per second in the second epoch, after one to warm up."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        with contextlib.redirect_stderr(io.StringIO()):
            train_tuned(recipe, new_form(recipe), GeneratedData(recipe), Path(folder))
        return read_history(Path(folder) / "history.csv")[-1].pictures_per_second


def _rate(run: Callable[[], None], pictures: int) -> float:
    start = time.perf_counter()
    run()
    return pictures / (time.perf_counter() - start)


def _obvious_torch(name: str, pictures: int, batch: int) -> None:
    device = default_device()
    model = get_model(name).build().to(device)
    optimizer = torch.optim.Adam(model.parameters())
    for pixels, labels in DataLoader(OneByOne(pictures), batch_size=batch):
        loss = torch.nn.functional.cross_entropy(model(pixels.to(device)), labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize()


def _obvious_keras(name: str, pictures: int, batch: int) -> None:
    model = get_model(name).build()
    model.compile("adam", "sparse_categorical_crossentropy")
    loader = DataLoader(OneByOne(pictures), batch_size=batch)
    model.fit(((pixels.numpy()[..., None], labels.numpy()) for pixels, labels in loader), verbose=0)


def _peak() -> float:
    """Operations per second of a large bfloat16 matrix product."""
    a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    for _ in range(3):
        a @ a
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(20):
        a @ a
    torch.cuda.synchronize()
    return 20 * 2 * 8192**3 / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
