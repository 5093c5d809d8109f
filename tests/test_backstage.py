"""The second process: answers as the first would, errors as they were, and a page that outlives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY
from PIL import Image

from maxdigit.errors import PictureError, UnknownModelError
from maxdigit.inference import predict
from maxdigit.inference.backstage import Backstage, BackstageError
from maxdigit.inference.predict import Predictor, default_model
from maxdigit.preparation.files import open_picture

# What app.py does, in a process of its own.
ANSWERS = """
import sys
from pathlib import Path

from maxdigit.inference.backstage import BackstagePredictor, backstage
from maxdigit.ui.sampling import Dealt

backstage.start()
predictor, name = BackstagePredictor(), sys.argv[1]
picture = Dealt(7).sample.pixels
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
from maxdigit.inference.backstage import Backstage

backstage = Backstage()
backstage.start()
backstage.call("builtins:print", "there", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def backstage() -> Iterator[Backstage]:
    started = Backstage()
    started.start()
    yield started
    os.kill(started.call("os:getpid"), signal.SIGTERM)


def test_before_the_start_the_caller_itself_does_it() -> None:
    assert Backstage().call("os:getpid") == os.getpid()


def test_values_go_there_and_come_back(backstage: Backstage) -> None:
    assert backstage.call("os:getpid") != os.getpid()
    pictures = np.arange(256 * 128 * 128, dtype=np.uint8).reshape(-1, 128, 128)
    turned = backstage.call("numpy:flip", pictures, axis=0)
    assert turned.dtype == np.uint8 and (turned == pictures[::-1]).all()


def test_an_error_for_people_arrives_as_it_was(backstage: Backstage) -> None:
    with pytest.raises(UnknownModelError) as raised:
        backstage.call("maxdigit.inference.backstage:ask", Path("nowhere"), "warm", "magic")
    assert raised.value.sentence.startswith("There is no model called {name!r}")
    assert raised.value.values["name"] == "magic" and "'magic'" in str(raised.value)


def test_another_error_says_where_it_happened(backstage: Backstage) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        backstage.call("operator:floordiv", 1, 0)
    assert "resolve_name(function)" in raised.value.__notes__[0]
    with pytest.raises(FileNotFoundError):  # and is not taken for the process's end
        backstage.call("os:stat", "no such file")
    assert backstage.call("os:getpid")


def test_after_its_death_another_takes_over(backstage: Backstage) -> None:
    first = backstage.call("os:getpid")
    with ThreadPoolExecutor() as threads:
        long = threads.submit(backstage.call, "time:sleep", 600)
        assert backstage.call("math:sqrt", 49) == 7, "one call waits for another"
        os.kill(first, signal.SIGKILL)
        with pytest.raises(BackstageError, match="Ask once more"):
            long.result(60)
    assert backstage.call("os:getpid") not in (first, os.getpid())


@pytest.mark.skipif(sys.platform == "win32", reason="a killed process's children are told by the system's own means")
def test_it_does_not_outlive_a_killed_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"there\n"
    parent.kill()
    assert parent.stdout.read() == b"", "its end of the pipe is closed too, so it is gone"
    parent.wait()


def test_an_error_over_a_picture_arrives_as_it_was(backstage: Backstage, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("no picture")
    for source, said in (
        (tmp_path / "no.png", "no.png"),
        (tmp_path / "none.png", "none.png"),
        (b"words", "The picture"),
    ):
        with pytest.raises(PictureError, match=said):
            backstage.call("maxdigit.inference.backstage:ask", Path("nowhere"), "prepare", source, turns=1)


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
