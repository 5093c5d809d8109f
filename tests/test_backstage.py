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

from maxdigit.errors import UnknownModelError
from maxdigit.inference.backstage import Backstage, BackstageError
from maxdigit.inference.predict import Predictor, default_model

# What app.py does, in a process of its own.
ANSWERS = """
import sys
from maxdigit.inference.backstage import BackstagePredictor, backstage
from maxdigit.ui.sampling import Dealt

backstage.start()
predictor, name = BackstagePredictor(), sys.argv[1]
picture = Dealt(7).sample.pixels
predictor.warm(name)
print(predictor.classify(picture, name).probabilities.tolist())
print(predictor.predict(picture[None], name)[0].tolist())
print(predictor.explain(picture, name, 3).sum())
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


def test_the_models_answer_as_they_do_in_one_process() -> None:
    predictor = Predictor()
    name = default_model(predictor.trained())
    if name is None:
        pytest.skip("no model is trained")
    from maxdigit.data.sample import draw_sample

    picture = draw_sample(7).pixels
    done = subprocess.run(
        [sys.executable, "-c", ANSWERS, name], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True, text=True
    )
    classified, predicted, heat = map(json.loads, done.stdout.splitlines())
    expected = predictor.classify(picture, name).probabilities
    assert classified == pytest.approx(expected.tolist(), abs=1e-6)
    assert predicted == pytest.approx(expected.tolist(), abs=1e-6)
    assert heat == pytest.approx(float(predictor.explain(picture, name, 3).sum()), rel=1e-4)
