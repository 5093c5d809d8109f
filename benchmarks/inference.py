"""The models' speed on several engines: ``python benchmarks/inference.py [--rounds 30] [--json FILE]``.

The engines, each in its own process, with the same weights and test pictures: the frameworks' default methods (Keras
``predict``, eager PyTorch), ONNX Runtime, OpenVINO from ONNX with its defaults, TorchInductor, and the app's. They take
turns, one call at a time, so that other load on the machine affects all alike. Engines that cannot run here
are listed with the reason. Needs ``pip install -e '.[bench]'``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from maxdigit import CHECKPOINTS, IMAGE_SIZE
from maxdigit.engine.runtime import cpu_name
from maxdigit.inference.predict import Predictor
from maxdigit.models.registry import MODELS, get_model

Answer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

BATCHES = (1, 64)
GOALS = {"torch_cnn": 3.0, "resnet18": 5.0, "keras_cnn": 16.0}  # milliseconds for one picture, on two cores
ALL_GOAL = 24.0  # for all three and the ensemble
SHIPPED = "MaxDigit"
ALL = "all models, ensemble"
_PAUSE = 0.1  # seconds
_PATIENCE = 300  # seconds in which an engine must be ready
_MATRIX = 1536  # rows and columns of the matrices whose product shows the machine's peak
_SPLIT = "textured", "drawn", "forms", "photo"

LEFT_OUT = """\
Milliseconds per picture: the median over the rounds; in brackets, the ratio to the fastest. Ready:
seconds from the start of the process to its first answer, including imports and compilation. Memory: of the process
then and after all rounds (PSS). Differs: the largest difference of any probability from the framework's, over the
pictures answered. FLOP/s: by the operations of the published network at batch 64, as a share of the machine's
fastest matrix product, in bfloat16 if it has that. OpenVINO's default is to compute in bfloat16 if the
machine does."""


@dataclass
class Contestant:
    """One engine with one model, and its measurements."""

    model: str
    way: str
    ready: float = 0.0  # seconds
    memory: list[float] = field(default_factory=list)  # MB
    times: dict[int, list[float]] = field(default_factory=dict)  # by batch, milliseconds a picture
    difference: float | None = None  # largest of any probability from the framework's
    failure: str | None = None

    def median(self, batch: int) -> float:
        """Milliseconds a picture."""
        return statistics.median(self.times[batch])


# ---- The engines, each in its own process: from a model's name to a function that answers


def keras_predict(model: str) -> Answer:
    """Keras's ``predict``, as in its guide."""
    network = get_model(model).load_native(CHECKPOINTS / model / "tuned").model
    return lambda pictures: network.predict(pictures[..., np.newaxis], batch_size=64, verbose=0)


def eager_torch(model: str) -> Answer:
    """A forward pass of PyTorch in float32."""
    import torch

    network = _torch_network(model)

    def answer(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return network(torch.from_numpy(pictures)).softmax(1).numpy()

    return answer


def inductor(model: str) -> Answer:
    """``torch.compile``, with constants folded into the compiled code."""
    import torch
    import torch._inductor.config

    torch._inductor.config.freezing = True
    network = torch.compile(_torch_network(model), dynamic=False)

    def answer(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return network(torch.from_numpy(pictures)).softmax(1).numpy()

    return answer


def onnx_runtime(model: str) -> Answer:
    """ONNX Runtime on the exported network, with its own optimisations."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    session = onnxruntime.InferenceSession(_exported(model), options, providers=["CPUExecutionProvider"])
    return lambda pictures: _softmax(session.run(None, {"pictures": pictures})[0])


def openvino_from_onnx(model: str) -> Answer:
    """OpenVINO on the exported network, with its defaults."""
    from maxdigit.engine.runtime import openvino

    module = openvino()
    assert module is not None
    compiled = module.Core().compile_model(_exported(model), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    return lambda pictures: _softmax(compiled(pictures)[0])


def shipped(model: str) -> Answer:
    """As the app and the command line answer."""
    return get_model(model).load(CHECKPOINTS / model / "tuned").predict


def all_shipped(_model: str) -> Answer:
    """Every model and the ensemble about each picture, as Compare asks them."""
    predictor = Predictor()

    def answer(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.concatenate([predictor.predict(pictures, name) for name in predictor.available()])

    return answer


WAYS: dict[str, Callable[[str], Answer]] = {
    "Keras predict": keras_predict,
    "eager PyTorch": eager_torch,
    "TorchInductor": inductor,
    "ONNX Runtime": onnx_runtime,
    "OpenVINO from ONNX": openvino_from_onnx,
    SHIPPED: shipped,
    ALL: all_shipped,
}
NEEDS = {"ONNX Runtime": "onnxruntime", "OpenVINO from ONNX": "openvino"}


def ways(model: str) -> list[str]:
    """The engines for a model: each framework computes only its own models."""
    own = "Keras predict" if get_model(model).framework == "keras" else "eager PyTorch"
    compiled = [] if own == "Keras predict" else ["TorchInductor"]
    return [own, *compiled, "ONNX Runtime", "OpenVINO from ONNX", SHIPPED]


def _torch_network(model: str) -> Any:
    """The published network; for the Keras CNN its training form, which is in PyTorch."""
    if get_model(model).framework == "torch":
        return get_model(model).load_native(CHECKPOINTS / model / "tuned").model
    import torch

    from maxdigit.training.recipes import get_recipe
    from maxdigit.training.starts import new_form

    form = new_form(get_recipe(model, "tuned"))
    form.load_published(get_model(model).load_native(CHECKPOINTS / model / "tuned").model)

    class Answers(torch.nn.Module):
        """The form without its reader."""

        def __init__(self) -> None:
            super().__init__()
            self.form = form

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return self.form(pictures)[0]

    return Answers().eval()


def _export(model: str, path: Path) -> None:
    """Write the published network as ONNX, uint8 pictures ``(N, 128, 128)`` to logits ``(N, 10)``."""
    import torch

    warnings.simplefilter("ignore")
    network, picture = _torch_network(model), torch.zeros((2, IMAGE_SIZE, IMAGE_SIZE), dtype=torch.uint8)
    torch.onnx.export(
        network, (picture,), str(path), dynamo=False, input_names=["pictures"], dynamic_axes={"pictures": {0: "n"}}
    )  # fmt: skip


def _exported(model: str) -> str:
    return os.environ["MAXDIGIT_ONNX"] + f"/{model}.onnx"


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


# ---- Processes


def _work(connection: Connection, model: str, way: str, pictures: NDArray[np.uint8]) -> None:
    """Serve the requests of the other process: (batch, first picture) gives milliseconds, None all answers."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        answer = WAYS[way](model)
        answer(pictures[:1])
        connection.send(None)
    except Exception:
        connection.send(traceback.format_exc(limit=1).strip().splitlines()[-1])
        return
    while (asked := connection.recv()) != "end":
        if asked is None:
            connection.send(np.concatenate([answer(pictures[i : i + 1]) for i in range(len(pictures))]))
            continue
        batch, first = asked
        chosen = pictures[first : first + batch]
        start = time.perf_counter()
        answer(chosen)
        connection.send(1000 * (time.perf_counter() - start) / batch)


class Worker:
    """A contestant's process."""

    def __init__(self, contestant: Contestant, pictures: NDArray[np.uint8]) -> None:
        self.contestant, self._pictures = contestant, pictures
        self._connection, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        start = time.perf_counter()
        arguments = theirs, contestant.model, contestant.way, pictures
        self.process = context.Process(target=_work, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        try:
            there = self._connection.poll(_PATIENCE)
            contestant.failure = self._connection.recv() if there else "not ready in time"
        except EOFError:
            contestant.failure = "its process died"
        contestant.ready = time.perf_counter() - start
        if contestant.failure is None:
            self.note_memory()

    def ask(self, batch: int, number: int) -> None:
        """Measure once, after a pause in which threads stop waiting for work in busy loops."""
        time.sleep(_PAUSE)
        self._connection.send((batch, number * batch % (len(self._pictures) - batch + 1)))
        self.contestant.times.setdefault(batch, []).append(self._connection.recv())

    def answers(self) -> NDArray[np.float32]:
        """Probabilities for all pictures."""
        self._connection.send(None)
        return self._connection.recv()

    def note_memory(self) -> None:
        """Record the memory of the process."""
        self.contestant.memory.append(psutil.Process(self.process.pid).memory_full_info().pss / 1e6)

    def end(self) -> None:
        """Let it go."""
        self.process.terminate()
        self.process.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="of batch 1; a tenth of them of batch 64")
    parser.add_argument("--model", choices=(*MODELS, "all"), default="all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    args = parser.parse_args()
    if find_spec("onnx") is None or find_spec("onnxruntime") is None:
        parser.exit(1, "Two of the engines need more packages. Install them with: pip install -e '.[bench]'\n")
    models = list(MODELS) if args.model == "all" else [args.model]
    threads = os.environ.pop("OPENBLAS_NUM_THREADS", "1")  # this package's settings do not apply to the peak
    peaks = _in_a_process(_peaks)
    os.environ["OPENBLAS_NUM_THREADS"] = threads
    pictures = _in_a_process(_test_pictures)
    print(f"{cpu_name()}, {os.cpu_count()} cores; load average at the start {os.getloadavg()[0]:.1f}")
    names = ("openvino", "onnxruntime", "torch", "keras", "tensorflow", "numpy")
    print(", ".join(f"{name} {version(name)}" for name in names) + f"; {args.rounds} rounds")
    print(
        "matrix product, the best of ten: "
        + ", ".join(f"{peak / 1e9:.0f} GFLOP/s in {kind}" for kind, peak in peaks.items())
    )
    contestants = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MAXDIGIT_ONNX"] = folder
        for model in models:
            _in_a_process(_export, model, Path(folder) / f"{model}.onnx")
            contestants += _contest(model, pictures, args.rounds)
            print(f"\n{_table([one for one in contestants if one.model == model], max(peaks.values()))}", flush=True)
    if args.model == "all":
        together = Contestant(ALL, ALL)
        worker = Worker(together, pictures)
        if together.failure is None:
            for number in range(args.rounds):
                worker.ask(1, number)
            worker.note_memory()
            contestants.append(together)
            print(f"\n{ALL}, one picture: {together.median(1):.1f} ms (goal {ALL_GOAL:.0f}), ready after "
                  f"{together.ready:.1f} s, {together.memory[-1]:.0f} MB")  # fmt: skip
        worker.end()
    print(f"\n{LEFT_OUT}")
    if args.json:
        about = {"cpu": cpu_name(), "cores": os.cpu_count(), "peaks": peaks, "rounds": args.rounds}
        rows = [asdict(one) for one in contestants]
        args.json.write_text(json.dumps({**about, "contestants": rows}, indent=2) + "\n", encoding="utf-8")


def _contest(model: str, pictures: NDArray[np.uint8], rounds: int) -> list[Contestant]:
    workers = []
    for way in ways(model):
        print(f"{model}: {way}", file=sys.stderr, flush=True)
        workers.append(Worker(Contestant(model, way), pictures))
    able = [worker for worker in workers if worker.contestant.failure is None]
    for worker in able:  # the first answers of a batch are slower than all others
        for batch in BATCHES:
            worker.ask(batch, 0)
            worker.contestant.times.clear()
    for number in range(rounds):
        for worker in able:
            worker.ask(1, number)
    for number in range(max(3, rounds // 10)):
        for worker in able:
            worker.ask(64, number)
    reference = able[0].answers()
    for worker in able:
        worker.note_memory()
        worker.contestant.difference = float(np.abs(worker.answers() - reference).max())
    for worker in workers:
        worker.end()
    return [worker.contestant for worker in workers]


def _table(contestants: list[Contestant], peak: float) -> str:
    able = [one for one in contestants if one.failure is None]
    fastest = {batch: min(one.median(batch) for one in able) for batch in BATCHES}
    model = contestants[0].model
    flops = _in_a_process(_flops, model)
    lines = [[f"{model} (goal {GOALS[model]:.0f} ms)", "batch 1", "batch 64", "ready", "memory", "differs", "FLOP/s"]]
    for one in able:
        cells = [f"{one.median(batch):.2f} ({one.median(batch) / fastest[batch]:.2f})" for batch in BATCHES]
        share = flops / (one.median(64) / 1000) / peak
        memory = " / ".join(f"{amount:.0f}" for amount in one.memory)
        lines.append([one.way, *cells, f"{one.ready:.1f} s", f"{memory} MB", f"{one.difference:.4f}", f"{share:.0%}"])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    return "\n".join([*rows, *(f"{one.way}: left out, {one.failure}" for one in contestants if one.failure)])


# ---- Functions that load a framework, each in its own process


def _in_a_process(function: Callable[..., Any], *args: Any) -> Any:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, args)


def _flops(model: str) -> int:
    return get_model(model).flops()


def _test_pictures() -> NDArray[np.uint8]:
    """128 test pictures, of all kinds in rotation."""
    from maxdigit.data.pictures import generate
    from maxdigit.data.splits import TEST

    return np.stack([generate(TEST, 0, 32, kind=kind).pixels.numpy() for kind in _SPLIT], 1).reshape(-1, 128, 128)


def _peaks() -> dict[str, float]:
    """FLOP/s of a large matrix product in each precision: the best of ten by each of three libraries."""
    import torch

    from maxdigit.engine.runtime import Compiled, openvino

    module = openvino()
    assert module is not None
    random = np.random.default_rng(0)
    a, b = (random.standard_normal((_MATRIX, _MATRIX), np.float32) for _ in range(2))
    op = module.opset13
    rows = op.parameter([_MATRIX, _MATRIX], np.float32)
    graph = module.Model([op.result(op.reduce_sum(op.matmul(rows, op.constant(b), False, False), [0, 1]))], [rows], "")
    ways: dict[str, list[Callable[[], Any]]] = {"float32": [partial(np.matmul, a, b)], "bfloat16": []}
    for kind, precision in ((torch.float32, "f32"), (torch.bfloat16, "bf16")):
        left, right = torch.from_numpy(a).to(kind), torch.from_numpy(b).to(kind)
        ways[str(kind).removeprefix("torch.")] += [
            partial(torch.matmul, left, right),
            partial(Compiled(graph, precision), a),
        ]
    peaks = {}
    for name, products in ways.items():
        seconds = []
        for product in products:
            for _ in range(11):
                start = time.perf_counter()
                product()
                seconds.append(time.perf_counter() - start)
        peaks[name] = 2 * _MATRIX**3 / min(seconds)
    return peaks


if __name__ == "__main__":
    main()
