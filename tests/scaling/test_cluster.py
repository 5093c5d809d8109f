"""On a cluster of Ray: the same answers as on this machine, and nothing is lost with a worker or a replica.

Skipped where Ray, an extra, is not installed.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from scaling_support import files_below, folder_of
from support import REPOSITORY
from typer.testing import CliRunner

from maxdigit import CHECKPOINTS
from maxdigit.cli import app
from maxdigit.errors import PictureError, UnknownModelError
from maxdigit.inference.predict import Predictor
from maxdigit.scaling import cluster
from maxdigit.scaling.cluster import ClusterError, connected
from maxdigit.scaling.pictures import Source
from maxdigit.scaling.replicas import Replicas, ReplicasPredictor, cores_for_each
from maxdigit.scaling.score import ScoringRun, begin, score_here

MODEL = "torch_cnn"
ray_alone = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install -e '.[ray]'")


# ---- Without Ray


def test_without_ray_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    folder_of(tmp_path / "in", 1)
    before = files_below(tmp_path)
    # --ray without an address, at the end and before another option
    for options in (["--ray"], ["--ray", "--model", MODEL], ["--ray", "local"], ["--ray=auto"]):
        result = CliRunner().invoke(app, ["score", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options])
        assert result.exit_code == 1 and "pip install -e '.[ray]'" in result.stderr, result.output
    assert files_below(tmp_path) == before
    done = run_app("--ray", "local") if find_spec("ray") is None else None
    assert done is None or (done.returncode == 1 and "pip install -e '.[ray]'" in done.stderr)


@pytest.mark.slow
def test_the_app_refuses_replicas_without_ray_and_a_number_that_is_none() -> None:
    for options in (["--replicas", "2"], ["--ray", "--replicas", "0"]):
        done = run_app(*options)
        assert done.returncode == 1 and done.stderr.startswith("--replicas takes a number from 1 on, together with")


def run_app(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py", *options], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ray://head:10001", "takes HOST:PORT"),
        ("head", "takes HOST:PORT"),
        ("head:99999", "takes HOST:PORT"),
        ("a b:1", "takes HOST:PORT"),
        ("no.such.host.invalid:6379", "No cluster of Ray answers"),
    ],
)
def test_an_address_at_which_there_is_no_cluster_is_told(
    address: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _: True)
    with pytest.raises(ClusterError, match=said), connected(address):
        pass
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    with pytest.raises(ClusterError, match=f"answers at 127.0.0.1:{closed}"), connected(f"127.0.0.1:{closed}"):
        pass


@pytest.mark.parametrize(
    ("offered", "count", "each"), [([2], 1, 2), ([2], 2, 1), ([16, 16], 2, 16), ([16, 16], 3, 8), ([4, 16], 3, 5)]
)
def test_replicas_share_the_cores_of_the_machines(offered: list[int], count: int, each: int) -> None:
    assert cores_for_each(offered, count) == each


def test_more_replicas_than_cores_are_refused() -> None:
    for offered in ([2], [1, 1], []):
        with pytest.raises(ClusterError, match="--replicas"):
            cores_for_each(offered, 3)


# ---- With Ray


@pytest.fixture(scope="module")
def ray_here() -> Iterator[None]:
    """A cluster on this machine."""
    with connected("local"):
        yield


@pytest.fixture(scope="module")
def replicas(request: pytest.FixtureRequest) -> Replicas:
    request.getfixturevalue("ray_here")
    return Replicas(CHECKPOINTS, 2)


def rows(run: ScoringRun) -> list[dict[str, Any]]:
    return [row for number in range(5) for row in pq.read_table(run.part(number)).to_pylist()]


@ray_alone
@pytest.mark.slow
@pytest.mark.usefixtures("ray_here")
def test_a_cluster_gives_the_same_answers_and_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    from maxdigit.scaling.score_cluster import score_on_cluster

    source = folder_of(tmp_path / "in", 24)
    (source / "broken.png").write_bytes(b"words")
    here, there = (begin(Source(source), tmp_path / name, MODEL, CHECKPOINTS, 5) for name in ("here", "there"))
    list(score_here(here, here.missing(), 1))
    killed = []
    for _ in score_on_cluster(there, there.missing(), 1):
        if not killed:
            killed += scorers()
            for number in killed:
                os.kill(number, signal.SIGKILL)
    assert killed and there.missing() == []
    assert [row["id"] for row in rows(here)] == [row["id"] for row in rows(there)]
    for ours, theirs in zip(rows(here), rows(there), strict=True):
        assert (ours["answer"], ours["error"]) == (theirs["answer"], theirs["error"])
        if ours["error"] is None:
            assert ours["probabilities"] == pytest.approx(theirs["probabilities"], abs=1e-3)


def scorers() -> list[int]:
    """The processes that score, by what Ray calls them."""
    started = psutil.Process().children(recursive=True)
    return [each.pid for each in started if "_Scorer" in " ".join(each.cmdline())]


@ray_alone
@pytest.mark.slow
def test_replicas_answer_as_the_models_here(replicas: Replicas, tmp_path: Path) -> None:
    here, there = Predictor(), ReplicasPredictor(replicas)
    picture = here.prepare(next(folder_of(tmp_path / "in", 1).iterdir())).pixels
    assert there.classify(picture, MODEL).probabilities == pytest.approx(
        here.classify(picture, MODEL).probabilities, abs=1e-3
    )
    assert (there.prepare(tmp_path / "in" / "0.png").pixels == picture).all()
    assert there.prepare(tmp_path / "in" / "0.png") is there.prepare(tmp_path / "in" / "0.png"), "asked for once"
    (tmp_path / "no.png").write_bytes(b"words")
    for name in ("no.png", "none.png"):
        with pytest.raises(PictureError, match=f"^{name} "):
            there.prepare(tmp_path / name)
    with pytest.raises(UnknownModelError, match="'magic'"):
        there.classify(picture, "magic")
    again = Replicas(CHECKPOINTS, 2)
    assert processes(again) == processes(replicas), "another server of the page asks the same ones"


def processes(replicas: Replicas) -> set[int]:
    found: set[int] = set()
    while len(found) < 2:
        found.add(replicas.call(os.getpid))
    return found


@ray_alone
@pytest.mark.slow
def test_a_killed_replica_loses_no_question(replicas: Replicas) -> None:
    there, pixels = ReplicasPredictor(replicas), np.zeros((128, 128), np.uint8)
    pixels[30:90, 40:46] = 255
    victim = replicas.call(os.getpid)
    with ThreadPoolExecutor(16) as people:
        asked = [people.submit(there.classify, pixels, MODEL) for _ in range(200)]
        asked[20].result()
        os.kill(victim, signal.SIGKILL)
        answers = [each.result() for each in asked]
    assert len({answer.max_digit for answer in answers}) == 1
    while len(processes(replicas) - {victim}) < 2:  # another takes its place
        time.sleep(0.1)


@ray_alone
@pytest.mark.slow
@pytest.mark.usefixtures("ray_here")
def test_a_cluster_started_here_is_nobody_else_s_and_reports_to_nobody() -> None:
    import ray

    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    address = ray.get_runtime_context().gcs_address
    program = f"import ray\nray.init('{address}')\nprint(ray.cluster_resources())"
    environment = {**os.environ, "RAY_AUTH_TOKEN": "0" * 64}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and "CPU" not in done.stdout
