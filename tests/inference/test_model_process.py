"""The model process: answers as the first process would give, errors as they were, and a page that outlives it."""

from __future__ import annotations

import json
import math
import multiprocessing
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from support import REPOSITORY

from maxdigit.errors import PictureError, UnknownModelError
from maxdigit.inference import model_process, predict
from maxdigit.inference.model_process import ModelProcess, ModelProcessError, ask_predictor
from maxdigit.inference.predict import Predictor, default_model
from maxdigit.preparation.files import open_picture
from maxdigit.ui.evaluation import Evaluation

# What app.py does, in a process of its own.
ANSWERS = """
import sys
from pathlib import Path

from maxdigit.ui.evaluation import Evaluation
from maxdigit.inference.model_process import ModelProcess, ModelProcessPredictor

process = ModelProcess()
predictor, name = ModelProcessPredictor(process), sys.argv[1]
picture = Evaluation(process.call).sample(7).pixels
predictor.warm(name)
print(predictor.classify(picture, name).probabilities.tolist())
print(predictor.predict(picture[None], name)[0].tolist())
print(predictor.explain(picture, name, 3).sum())
prepared = predictor.prepare(Path(sys.argv[2]), turns=1, region=(0.0, 0.0, 1.0, 0.9), dark_ink_on_light=True)
print([prepared.inverted, int(prepared.pixels.sum()), prepared.frame.matrix.tolist()])
assert predictor.prepare(Path(sys.argv[2]).read_bytes()).pixels.shape == (128, 128)
assert not {"torch", "tensorflow", "keras"} & set(sys.modules)
"""
PARENT = """
import time
from maxdigit.inference.model_process import ModelProcess

ModelProcess().call(print, "there", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def process() -> Iterator[ModelProcess]:
    started = ModelProcess()
    yield started
    os.kill(started.call(os.getpid), signal.SIGTERM)


def test_values_go_there_and_come_back(process: ModelProcess) -> None:
    assert process.call(os.getpid) != os.getpid()
    pictures = np.arange(256 * 128 * 128, dtype=np.uint8).reshape(-1, 128, 128)
    turned = process.call(np.flip, pictures, axis=0)
    assert turned.dtype == np.uint8 and (turned == pictures[::-1]).all()


def test_an_error_for_people_arrives_as_it_was(process: ModelProcess) -> None:
    with pytest.raises(UnknownModelError) as raised:
        process.call(ask_predictor, Path("nowhere"), Predictor.warm, "magic")
    assert raised.value.sentence.startswith("There is no model called {name!r}")
    assert raised.value.values["name"] == "magic" and "'magic'" in str(raised.value)


def test_another_error_says_where_it_happened(process: ModelProcess) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        process.call(operator.floordiv, 1, 0)
    assert "function(*args, **kwargs)" in raised.value.__notes__[0]
    with pytest.raises(FileNotFoundError):  # and is not taken for the process's end
        process.call(os.stat, "no such file")
    assert process.call(os.getpid)


def test_after_its_death_another_takes_over(process: ModelProcess, tmp_path: Path) -> None:
    first = process.call(os.getpid)
    with ThreadPoolExecutor() as threads:
        long = threads.submit(process.call, wait_in, tmp_path)
        assert process.call(math.sqrt, 49) == 7, "one call waits for another"
        kill_when_waiting(first, tmp_path)
        second = process.call(os.getpid)
        assert second not in (first, os.getpid())
        kill_when_waiting(second, tmp_path)  # where it was asked again
        with pytest.raises(ModelProcessError, match="Please try again"):
            long.result(60)
    assert process.call(os.getpid) not in (first, second, os.getpid())


def test_a_call_whose_process_is_killed_is_answered_all_the_same(process: ModelProcess, tmp_path: Path) -> None:
    first = process.call(os.getpid)
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(process.call, wait_in, tmp_path)
        kill_when_waiting(first, tmp_path)
        (tmp_path / "go").touch()
        assert answer.result(120) not in (first, os.getpid())


def test_a_call_outlives_a_process_that_is_killed_again_and_again_before_it_can_answer() -> None:
    process, killed = ModelProcess(), set[int]()
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(process.call, math.sqrt, 49)
        while len(killed) < 20 and not answer.done():
            number = process._process._process.pid
            if number not in killed and number is not None:
                killed.add(number)
                with suppress(ProcessLookupError):  # it has been collected already
                    os.kill(number, signal.SIGKILL)
        assert answer.result(120) == 7
    assert len(killed) == 20
    os.kill(process.call(os.getpid), signal.SIGTERM)


def wait_in(folder: Path) -> int:
    """Name this process, by a file too, and wait until there is a file "go"."""
    (folder / str(os.getpid())).touch()
    while not (folder / "go").exists():
        time.sleep(0.01)
    return os.getpid()


def kill_when_waiting(number: int, folder: Path) -> None:
    while not (folder / str(number)).exists():
        time.sleep(0.01)
    os.kill(number, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process for a while")
def test_a_process_that_hangs_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_process, "_LONGEST", 5.0)
    process = ModelProcess()
    hanging = process.call(os.getpid)
    os.kill(hanging, signal.SIGSTOP)
    assert process.call(math.sqrt, 49) == 7, "by another process"
    assert not psutil.pid_exists(hanging)
    monkeypatch.setattr(model_process, "_LONGEST", 0.5)
    with pytest.raises(ModelProcessError, match="Please try again"):
        process.call(time.sleep, 60)  # over which the second process hangs too
    monkeypatch.setattr(model_process, "_LONGEST", 60.0)
    assert process.call(math.sqrt, 49) == 7


@pytest.mark.skipif(sys.platform == "win32", reason="it looks at the system's list of processes")
def test_killed_again_and_again_under_load_it_loses_nothing_and_leaves_nothing() -> None:
    """Four people ask, each once more where told so, while the process is killed as soon as all have an answer."""
    process, kills, is_over = ModelProcess(), 5, threading.Event()
    lost: list[Exception] = []
    answered: set[int] = set()  # the threads, since it was last killed
    before = set(multiprocessing.active_children())

    def ask() -> None:
        while not is_over.is_set():
            for tries in (1, 2):
                try:
                    assert process.call(math.sqrt, 49) == 7
                    answered.add(threading.get_ident())
                    break
                except ModelProcessError as error:
                    if tries == 2:
                        lost.append(error)

    people = [threading.Thread(target=ask) for _ in range(4)]
    for person in people:
        person.start()
    killed = set()
    while len(killed) < kills:
        answered.clear()
        while len(answered) < len(people):
            time.sleep(0.01)
        number = process.call(os.getpid)
        os.kill(number, signal.SIGKILL)
        killed.add(number)
    process.call(os.getpid)  # the last one is noticed too
    is_over.set()
    for person in people:
        person.join(60)
        assert not person.is_alive()
    assert not lost
    assert not any(psutil.pid_exists(number) for number in killed), "none is left, not even as a zombie"
    assert len(set(multiprocessing.active_children()) - before) <= 1, "the last one"
    os.kill(process.call(os.getpid), signal.SIGTERM)


def test_the_other_process_makes_the_same_pictures(process: ModelProcess) -> None:
    here, there = Evaluation(), Evaluation(process.call)
    for ours, theirs in (
        (here.sample(5, "drawn", digits=(1, 4, 2)), there.sample(5, "drawn", digits=[1, 4, 2])),
        (here.evaluation_picture("textured", 8), there.evaluation_picture("textured", 8)),
    ):
        assert (ours.pixels == theirs.pixels).all() and (ours.digits, ours.boxes) == (theirs.digits, theirs.boxes)
    assert there.sample(5, "drawn", digits=(1, 4, 2)) is there.sample(5, "drawn", digits=[1, 4, 2]), "asked for once"
    assert there.evaluation_families("textured", [3, 8]) == here.evaluation_families("textured", [3, 8])


@pytest.mark.skipif(sys.platform == "win32", reason="a killed process's children are told by the system's own means")
def test_it_does_not_outlive_a_killed_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"there\n"
    parent.kill()
    assert parent.stdout.read() == b"", "its end of the pipe is closed too, so it is gone"
    parent.wait()


def test_an_error_over_a_picture_arrives_as_it_was(process: ModelProcess, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("no picture")
    for source, said in (
        (tmp_path / "no.png", "no.png"),
        (tmp_path / "none.png", "none.png"),
        (b"words", "The picture"),
    ):
        with pytest.raises(PictureError, match=said):
            process.call(ask_predictor, Path("nowhere"), Predictor.prepare, source, turns=1)


def test_a_picture_is_read_once_until_its_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(predict, "open_picture", lambda source: read.append(source) or open_picture(source))
    path, predictor = tmp_path / "sheet.png", Predictor()
    for number, tone in enumerate((10, 120), start=1):
        pixels = np.full((50, 50), 240, np.uint8)
        pixels[10 : 20 + 10 * number, 20:26] = tone
        Image.fromarray(pixels).save(path)
        os.utime(path, ns=(number, number))
        first, second = predictor.prepare(path), predictor.prepare(path)
        assert first is second and len(read) == number
        assert predictor.prepare(path, turns=1, dark_ink_on_light=True).pixels.any() and read.pop() == path
    predictor.prepare(path.read_bytes())
    predictor.prepare(path.read_bytes())
    assert len(read) == 4, "pictures that come as bytes are not kept"


def test_the_models_answer_as_they_do_in_one_process(tmp_path: Path) -> None:
    predictor = Predictor()
    name = default_model(predictor.trained())
    if name is None:
        pytest.skip("no model is trained")
    from maxdigit.data.sample import draw_sample

    picture, sheet = draw_sample(7).pixels, tmp_path / "sheet.png"
    pixels = np.full((100, 200), 240, np.uint8)
    pixels[30:80, 50:56] = 10
    Image.fromarray(pixels).save(sheet)
    done = subprocess.run(
        [sys.executable, "-c", ANSWERS, name, str(sheet)], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True, text=True
    )
    classified, predicted, heat, (inverted, total, matrix) = map(
        json.loads, done.stdout.replace("True", "true").splitlines()
    )
    prepared = predictor.prepare(sheet, turns=1, region=(0.0, 0.0, 1.0, 0.9), dark_ink_on_light=True)
    assert inverted and total == prepared.pixels.sum() and matrix == prepared.frame.matrix.tolist()
    expected = predictor.classify(picture, name).probabilities
    assert classified == pytest.approx(expected.tolist(), abs=1e-6)
    assert predicted == pytest.approx(expected.tolist(), abs=1e-6)
    assert heat == pytest.approx(float(predictor.explain(picture, name, 3).sum()), rel=1e-4)
