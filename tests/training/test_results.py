"""``metrics.json``: what is written is read again, and one kind of picture can be measured anew by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support import REPOSITORY
from ui_support import METRICS, TEXTURED

from maxdigit.errors import TrainingError
from maxdigit.models.registry import MODELS
from maxdigit.models.run_folder import ENSEMBLE
from maxdigit.training.cards import measured_runs
from maxdigit.training.results import (
    Bin,
    BlankResult,
    HeatScore,
    KindResult,
    ReadingScore,
    ResultsError,
    RunResults,
    is_measured,
    known,
    read_results,
    write_results,
)

CHECKPOINTS = REPOSITORY / "checkpoints"
COMMITTED = [*(folder for _, _, folder in measured_runs(CHECKPOINTS)), CHECKPOINTS / ENSEMBLE]
DRAWN = KindResult(
    kind="drawn",
    split="test",
    seed=3,
    count=4,
    accuracy=0.75,
    interval95=(0.30064, 0.95441),
    recall=(None, *(1.0,) * 8, 0.5),
    by={"size": {"16-20": Bin(4, 0.75)}},
    readings=ReadingScore(
        digits=12,
        right=0.5,
        right_interval95=(0.25, 0.75),
        misread=0.25,
        missed=0.25,
        readings=9,
        invented=0.0,
        contradicted=0.0,
        accuracy_contradicted=None,
        accuracy_not_contradicted=0.75,
    ),
    seconds=0.1,
)
HEAT = HeatScore(
    kind="drawn", split="test", seed=3, count=4, in_box=0.75, in_box_interval95=(0.3, 0.95), heat_in_box=0.5
)


def put(folder: Path, metrics: object) -> Path:
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


@pytest.mark.parametrize("folder", COMMITTED, ids=lambda folder: folder.relative_to(CHECKPOINTS).as_posix())
def test_nothing_is_lost_of_a_committed_file(folder):
    data = json.loads((folder / "metrics.json").read_text())
    found = read_results(folder)
    assert json.loads(json.dumps(found.to_json())) == data
    assert found.model == data["model"] and found.model in (*MODELS, ENSEMBLE)


def test_what_is_written_is_read_again(tmp_path):
    assert not is_measured(tmp_path)
    blank = BlankResult(kind="blank", confident_share=0.25, count=4, invented_per_picture=0.5)
    results = RunResults(
        model="resnet18", test={"drawn": DRAWN}, blank=blank, heat={"drawn": HEAT}, weights={"resnet18": 1.0}
    )
    write_results(tmp_path, results)
    assert is_measured(tmp_path) and read_results(tmp_path) == results
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert set(written) == {"model", "weights", "test", "blank", "heat"}, "what is not known is left out"
    assert written["test"]["drawn"]["accuracy_by_size"] == {"16-20": {"count": 4, "accuracy": 0.75}}
    assert written["test"]["drawn"]["readings"]["accuracy_contradicted"] is None
    assert written["test"]["drawn"]["recall"][0] is None and "loss" not in written["test"]["drawn"]


def test_one_kind_is_measured_anew_and_the_others_stay(tmp_path):
    before = read_results(put(tmp_path, METRICS))
    after = before.updated(DRAWN)
    assert after.test == {"textured": before.test["textured"], "drawn": DRAWN} and before.test.keys() == {"textured"}
    again = replace(DRAWN, accuracy=1.0)
    assert after.updated(again).test["drawn"] is again and after.updated(again).blank == before.blank
    blank = BlankResult(kind="blank", confident_share=0.5)
    assert replace(after.updated(blank), blank=before.blank) == after and after.updated(blank).blank == blank
    assert after.updated(HEAT) == replace(after, heat={"drawn": HEAT})


def test_earlier_runs_count_too(tmp_path):
    training = read_results(put(tmp_path, METRICS)).training
    assert (training.all_pictures, training.all_seconds) == (48_000, 180.0)
    nothing = read_results(put(tmp_path, {})).training
    assert nothing.all_pictures is None and nothing.all_seconds is None


@pytest.mark.parametrize(
    "metrics",
    [
        [],
        {"test": 3},
        {"test": {"drawn": {"accuracy": 0.5, "count": 2}}},
        {"test": {"drawn": {**TEXTURED, "readings": {"digits": 3}}}},
        {"blank": {"count": 3}},
        {"heat": {"drawn": {"count": 3}}},
        {"training": {"epochs": "many"}},
        {"weights": [1]},
    ],
)
def test_a_damaged_file_is_named(tmp_path, metrics):
    with pytest.raises(ResultsError, match=r"metrics\.json is missing or damaged .* train the model again"):
        read_results(put(tmp_path, metrics))


def test_a_missing_file_or_value_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"metrics\.json is missing"):
        read_results(tmp_path)
    assert known(0, "epochs") == 0
    with pytest.raises(TrainingError, match="lacks epochs"):
        known(None, "epochs")
