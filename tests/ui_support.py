"""What the tests of the page share: a predictor that needs no training, runs to chart, and a served page."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit.errors import MaxDigitError, UnknownModelError
from maxdigit.inference.digits import Box, find_digits
from maxdigit.inference.inside import Cells, Flows, Inside, MapView, SectionView
from maxdigit.inference.predict import NAMES, Prediction, Predictor
from maxdigit.models.reader import Reading
from maxdigit.models.run_folder import ENSEMBLE, kept_weights
from maxdigit.models.sections import SECTIONS, SectionsError
from maxdigit.preparation.prepare import PreparedPicture
from maxdigit.training.history import Epoch, write_history
from maxdigit.training.mistakes import Mistake, write_mistakes
from maxdigit.ui.classify.answering import Answering
from maxdigit.ui.classify.editing import Editing
from maxdigit.ui.classify.keeping import Keeping
from maxdigit.ui.classify.layout import ClassifyPage, lay_out
from maxdigit.ui.classify.looking import Looking
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.pad.strokes import DEFAULT_SIZE
from maxdigit.ui.view_state import ViewState

Chosen = tuple[int, int] | None  # section and channel

CONFUSION = (10 * np.eye(10, dtype=int)).tolist()
CONFUSION[9][4] = 3
TEXTURED = {
    "count": 103,
    "accuracy": 0.97087,
    "interval95": [0.918, 0.99],
    "calibration_error": 0.021,
    "confusion": CONFUSION,
    "reliability": [[20, 0.6, 0.5], [83, 0.97, 0.99]],
    "accuracy_by_size": {"16-20": {"count": 40, "accuracy": 0.9}, "20-24": {"count": 63, "accuracy": 0.99}},
    "accuracy_by_background": {"rings": {"count": 103, "accuracy": 0.97}},
}
METRICS = {
    "parameters": 11_175_370,
    "weight_bytes": 22_391_090,
    "flops_per_picture": 1_132_996_608,
    "test": {"textured": TEXTURED},
    "blank": {"confident_share": 0.12},
    "training": {
        "pictures_seen": 40_000,
        "pictures_seen_before": 8_000,
        "device": "a loom",
        "seconds": 60,
        "seconds_before": 120,
    },
}


@dataclass
class FakePredictor:
    """Stands in for ``Predictor``: the digit is the number of tenths of the columns that hold ink."""

    names: list[str] = field(default_factory=lambda: list(NAMES))
    checkpoints: Path = Path("no such folder")
    seen: list[NDArray[np.uint8]] = field(default_factory=list)  # one by one
    in_batches: list[NDArray[np.uint8]] = field(default_factory=list)  # and several at once
    looked: list[tuple[NDArray[np.uint8], Chosen]] = field(default_factory=list)  # into: what, and which map closely
    lock: threading.Lock = field(default_factory=threading.Lock)

    def available(self) -> list[str]:
        return list(self.names)

    def troubles(self) -> dict[str, MaxDigitError]:
        return {}

    def sound(self) -> list[str]:
        return self.available()

    def folder(self, model: str) -> Path:
        return self.checkpoints / model / "tuned"

    def weights(self) -> dict[str, float]:
        members = [name for name in self.names if name != ENSEMBLE]
        return {name: 1 / len(members) for name in members}

    def warm(self, model: str) -> None:
        self.classify(np.zeros((128, 128), np.uint8), model)

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        # By the rules, so that nothing here hangs on how far the ink network was trained.
        return Predictor(self.checkpoints).prepare(source, **{**options, "fit_to_writing": False})

    def classify(self, picture: NDArray[np.uint8], model: str) -> Prediction:
        if model not in NAMES:
            raise UnknownModelError(f"There is no model called {model!r}. Choose one of: {', '.join(NAMES)}.")
        if model not in self.names:
            raise MaxDigitError(f"{model} has no trained weights.")
        assert picture.shape == (128, 128) and picture.dtype == np.uint8
        with self.lock:
            self.seen.append(picture)
        digit = min(9, int(10 * (picture > 128).any(axis=0).mean()))
        probabilities = np.full(10, 0.01, np.float32)
        probabilities[(digit + 3) % 10] += 0.05
        probabilities[digit] += 0.85
        return Prediction(model, probabilities, 12.3)

    def predict(self, pictures: NDArray[np.uint8], model: str) -> NDArray[np.float32]:
        return self.read(pictures, model)[0]

    def read(
        self, pictures: NDArray[np.uint8], model: str
    ) -> tuple[NDArray[np.float32], list[tuple[Reading, ...]] | None]:
        other = copy(self)  # so that not even for a moment what is in a batch counts as seen one by one
        other.seen = list(self.seen)
        answers = [other.classify(picture, model) for picture in pictures]
        self.in_batches += other.seen[-len(pictures) :]
        readings = [answer.digits for answer in answers if answer.digits is not None]
        return np.stack([answer.probabilities for answer in answers]), readings or None

    def replay(self, picture: NDArray[np.uint8], model: str, run: Path) -> dict[int, NDArray[np.float32]]:
        """At first no answer more than another, at the end the present one."""
        kept, last = kept_weights(run), self.classify(picture, model).probabilities
        return {seen: 0.1 + (last - 0.1) * (at + 1) / len(kept) for at, seen in enumerate(kept)}

    def explain(self, picture: NDArray[np.uint8], model: str, digit: int) -> NDArray[np.float32]:
        self.classify(picture, model)
        heat = np.zeros((128, 128), np.float32)
        heat[:, 12 * digit : 12 * digit + 12] = 1.0
        return heat

    def look_inside(
        self, picture: NDArray[np.uint8], model: str, *, boxes: Sequence[Box], chosen: Chosen = None
    ) -> Inside:
        """The picture itself in place of each map, the first section's eight times."""
        self.classify(picture, model)
        assert all(len(box) == 4 for box in boxes)
        self.looked.append((picture, chosen))
        if chosen is not None and chosen[1] > 500:
            raise SectionsError(
                "Section {section} of this network has no map {channel}. The network was trained again; press another "
                "map.",
                section=chosen[0] + 1,
                channel=chosen[1] + 1,
            )
        sections = SECTIONS["torch_cnn"]
        small = [cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) for side in (31, 29, 12)]
        covered = (62, 29, 12)
        views = [
            SectionView(section, tuple(range(8)), np.stack([maps] * 8), cells)
            for section, maps, cells in zip(sections, small, covered, strict=True)
        ]
        digits = np.full((12, 12), 10, np.uint8)
        digits[6] = 7  # along the middle row
        readings = tuple(Reading(digit, 0.97, 40.0, 64.0) for digit in (3, 7))
        adds = np.zeros((2, 10), np.float32)
        adds[0, 3], adds[1, 7], adds[0, 7] = 2.5, 6.25, -1.5
        closely = None
        if chosen is not None:
            kernel = np.full((5, 5), 127, np.int8) if chosen[0] == 0 else None
            closely = MapView(*chosen, small[chosen[0]], covered[chosen[0]], kernel, np.full((9, 48, 48), 90, np.uint8))
        cells = Cells(sections[-1].map, digits, np.full((12, 12), 0.93, np.float32))
        rest = adds[0] / 2 if model == "torch_cnn" else None
        shown = "resnet18" if model == ENSEMBLE else model
        return Inside(shown, tuple(views), cells, Flows(readings, adds, rest, model == "torch_cnn"), closely)


class ReadingPredictor(FakePredictor):
    """Reads each piece of ink on a plain background as a fourth of its height, and answers with the largest.

    ``unlike`` is what it answers instead, and ``milliseconds`` how long it says that it takes.
    """

    unlike: int | None = None
    milliseconds = 12.3

    def classify(self, picture: NDArray[np.uint8], model: str) -> Prediction:
        found = super().classify(picture, model)
        digits = tuple(
            Reading(min(9, (y1 - y0) // 4), 0.99, (x0 + x1) / 2, (y0 + y1) / 2)
            for x0, y0, x1, y1 in find_digits(picture)
        )
        answer = max((reading.digit for reading in digits), default=0) if self.unlike is None else self.unlike
        shares = np.where(np.arange(10) == answer, 0.91, 0.01).astype(np.float32)
        return replace(found, probabilities=shares, digits=digits, milliseconds=self.milliseconds)


def write_run(root: Path, model: str, recipe: str, epochs: int = 12, ceiling: float = 0.97) -> Path:
    """A run's folder with a plausible history."""
    folder = root / model / recipe
    folder.mkdir(parents=True)
    rows = []
    for number in range(1, epochs + 1):
        gained = 1 - 0.75**number
        accuracy = 0.27 + (ceiling - 0.27) * gained
        loss = 2.0 - 1.9 * gained
        rows.append(Epoch(number, loss, accuracy - 0.01, loss + 0.02, accuracy, 1e-3, 30.0, 1500.0))
    write_history(folder / "history.csv", rows)
    return folder


def write_results(root: Path, model: str) -> Path:
    """A model's folder with results on textured pictures, and with three mistakes."""
    folder = root / model / "tuned"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(METRICS))
    write_mistakes(folder, "textured", [Mistake(3, 9, 4, 0.9), Mistake(8, 9, 4, 0.8), Mistake(5, 7, 1, 0.7)])
    return folder


_pages: dict[tuple[object, ...], ClassifyPage] = {}  # no test changes a component, and laying them out takes 0.15 s


def classify_page(predictor: FakePredictor, asks_for_corrections: bool) -> ClassifyPage:
    """The Classify tab's components as they are laid out for such a predictor."""
    import gradio as gr

    key = (*predictor.available(), "sound", *predictor.sound(), predictor.checkpoints, asks_for_corrections)
    if key not in _pages:
        with gr.Blocks():
            _pages[key] = lay_out(predictor, asks_for_corrections=asks_for_corrections)
    return _pages[key]


class ClassifyTab:
    """The Classify tab without a server, and what answers its events."""

    def __init__(self, predictor: FakePredictor, corrections: Path | None = None) -> None:
        self.page = classify_page(predictor, asks_for_corrections=corrections is not None)
        self.answering = Answering(self.page, predictor, Evaluation())
        self.editing = Editing(self.page, predictor)
        self.looking = Looking(self.page, predictor, Evaluation())
        self.keeping = Keeping(self.page, predictor, Evaluation(), corrections)

    def answer(self, shown: ViewState, model: str = "resnet18") -> str:
        """The card about what is shown."""
        return self.answering.show(shown, model)[self.page.answer]

    def marks(self, shown: ViewState, model: str = "resnet18") -> str:
        """What lies over the picture that is shown."""
        return self.answering.show(shown, model)[self.page.marks[shown.mode]]

    def parts(self, shown: ViewState, model: str = "resnet18") -> tuple[str, bool]:
        """What would change the answer, and whether it comes after the answer."""
        said = self.answering.show(shown, model)[self.page.parts]
        return (said(), True) if callable(said) else (said, False)

    def press(self, shown: ViewState, digit: object = None, number: object = None) -> tuple[str, tuple[int, ...]]:
        """The card after a press, and what is erased then."""
        changes = self.answering.press(shown, "resnet18", digit, number)
        return changes[self.page.answer], changes[self.page.state.erased]


def drawing(*strokes: dict) -> str:
    return json.dumps({"version": 1, "strokes": list(strokes)})


def stroke(**changes: object) -> dict:
    return {"tool": "pen", "size": DEFAULT_SIZE, "points": [[100, 200], [300, 400]], **changes}


def draw(value: object, **more: object) -> ViewState:
    """What the page shows when this is on the pad."""
    return ViewState("draw", value, **more)  # type: ignore[arg-type]


def uploaded(path: object, **more: object) -> ViewState:
    """What the page shows when this file was uploaded."""
    return ViewState("upload", upload=str(path), **more)  # type: ignore[arg-type]


def answer(predictor: FakePredictor, shown: ViewState, model: str = "resnet18") -> str:
    return ClassifyTab(predictor).answer(shown, model)


def shares_in(card: str) -> list[float]:
    return [float(share) for share in re.findall(r'class="bar-share">([\d.]+)%', card)]


def written(path: Path) -> NDArray[np.uint8]:
    """A sheet, 300 wide and 200 high, with a slash and a bar on it, kept in a file."""
    pixels = np.full((200, 300), 230, np.uint8)
    pixels[30:90, 40:48] = 20
    pixels[120:128, 150:260] = 20
    Image.fromarray(pixels).save(path)
    return pixels


class BlankPredictor(FakePredictor):
    """Finds no writing in any picture, as the ink network does in a landscape."""

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        return replace(super().prepare(source, **options), has_writing=not options["fit_to_writing"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(
    predictor: object,
    runs: Path,
    corrections: Path | None = None,
    mcp: bool = False,
    port: int | None = None,
    root_path: str | None = None,
) -> Iterator[str]:
    """The page on a port of this machine, a free one unless it is given; the address is given."""
    from maxdigit.ui.app import build_app, launch_options

    demo = build_app(predictor, runs, corrections, review=corrections is not None)
    try:
        # A port from the system: Gradio's own search may find the one that a test beside this finds at the same time.
        address = {"server_name": "127.0.0.1", "server_port": port or free_port(), "root_path": root_path}
        _, url, _ = demo.launch(
            prevent_thread_lock=True, quiet=True, _frontend=False, **address, **launch_options(mcp, predictor=predictor)
        )
        yield url
    finally:
        demo.close()
