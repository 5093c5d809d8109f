"""The generator's time for a picture on one core: ``python benchmarks/generator.py [--device cuda]``.

Prints the median and spread of several runs for each kind. Not included: loading MNIST, making the textures and finding
the skeletons, which happens once in a run (its time is printed separately).
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time

import cv2
import torch

from maxdigit.data.pictures import KINDS, generate
from maxdigit.data.splits import TRAIN
from maxdigit.training.devices import device_name


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--count", type=int, default=2000, help="pictures a run")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    device = device_name(torch.device(args.device))
    print(f"{device}; torch {torch.__version__}, Python {platform.python_version()}")
    for kind in KINDS:
        start = time.perf_counter()
        _make(kind, args.count, args.device)
        first = time.perf_counter() - start
        times = []
        for _ in range(args.runs):
            start = time.perf_counter()
            _make(kind, args.count, args.device)
            times.append((time.perf_counter() - start) / args.count * 1000)
        print(
            f"{kind:>9}: median {statistics.median(times):.2f} ms a picture (lowest {min(times):.2f}, highest "
            f"{max(times):.2f}; n = {args.runs} x {args.count:,}); first run {first:.1f} s"
        )


def _make(kind: str, count: int, device: str) -> None:
    generate(TRAIN, 0, count, kind=kind, balance=0.5, device=device)
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
