"""What the tests of batches share: files as they are given, and results."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image
from ui_support import FakePredictor

from maxdigit.inference.bulk import BatchError, Entry, GivenFile, answer_batch, read_batch
from maxdigit.ui.batch.answering import Batch
from maxdigit.ui.batch.layout import lay_out
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.results_table.batch_results import Results


def png(columns: int = 30, size: int = 128) -> bytes:
    """A picture whose first columns hold ink: the fake predictor's digit is their number of tenths."""
    pixels = np.random.default_rng(columns).integers(0, 60, (size, size), np.uint8)
    pixels[40:80, 4 : 4 + columns : 2] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def given(*paths: Path) -> tuple[GivenFile, ...]:
    return tuple(map(GivenFile, paths))


def entries(*paths: Path) -> list[Entry]:
    count, found = read_batch(FakePredictor(), given(*paths))
    found = list(found)
    assert len(found) == count
    return found


def dropped_into(folder: Path, files: dict[str, bytes]) -> tuple[GivenFile, ...]:
    """Files as they come from a browser: each in a folder of its own, and called as in the visitor's folders."""
    found = []
    for number, (name, content) in enumerate(files.items()):
        path = folder / str(number) / Path(name).name
        path.parent.mkdir()
        path.write_bytes(content)
        found.append(GivenFile(path, name))
    return tuple(found)


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, inside in members.items():
            file.writestr(name, inside)
    return content.getvalue()


def filled(count: int = 60, labels: dict[str, int] | None = None) -> Results:
    """Of the pictures, the models disagree on number 5, and are unsure of number 6; the last cannot be read."""
    results = Results(["resnet18", "torch_cnn"], labels or {})
    members = [Entry(f"{number}.png", np.full((128, 128), number, np.uint8)) for number in range(count)]
    members.append(Entry("no.png", None, BatchError("It is no picture.")))
    for group in answer_batch(FakePredictor(), members, results.models):
        for one in group:
            if one.entry.name in ("5.png", "6.png"):
                changed = one.probabilities["torch_cnn" if one.entry.name == "5.png" else "resnet18"]
                changed[:] = 0.1
                changed[8 if one.entry.name == "5.png" else 0] += 0.01
        results.add(group)
    return results


def batch_tab() -> Batch:
    """The tab without a server."""
    with gr.Blocks():
        return Batch(lay_out(["resnet18", "torch_cnn"]), FakePredictor(), Evaluation())
