"""Where heat maps point is measured on pictures that are answered right, against the boxes of the largest digits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_support import run

from maxdigit.data.pictures import generate
from maxdigit.data.splits import SPLITS
from maxdigit.errors import MaxDigitError
from maxdigit.training import heat_scores
from maxdigit.training.heat_scores import answered_right, measure_heat, points
from maxdigit.training.results import HEAT_KINDS, RunResults, read_results, write_results
from maxdigit.training.running_score import wilson_interval

COUNT = 12


class Knowing:
    """Answers the first ``COUNT`` test pictures right but the third, and all others wrong.

    The heat is greatest in the middle of the first largest digit's box, on the fifth picture in a corner.
    """

    def __init__(self, kind: str = "drawn") -> None:
        self.pictures = generate(SPLITS["test"], 0, COUNT, kind=kind)
        self.numbers = {one.numpy().tobytes(): number for number, one in enumerate(self.pictures.pixels)}

    def classifier(self, _model: str) -> Knowing:
        return self

    def predict(self, pictures):
        answers = np.zeros((len(pictures), 10), np.float32)
        for row, picture in zip(answers, pictures, strict=True):
            number = self.numbers.get(picture.tobytes())
            row[0 if number in (None, 2) else int(self.pictures.labels[number])] = 1
        return answers

    def explain(self, picture, _model, digit):
        number = self.numbers[picture.tobytes()]
        slot = self.pictures.digits[number].tolist().index(digit)
        x0, y0, x1, y1 = self.pictures.boxes[number, slot].tolist()
        heat = np.zeros((128, 128), np.float32)
        heat[(y0 + y1) // 2, (x0 + x1) // 2] = 0.75
        heat[0, 0] = 1.0 if number == 4 else 0.25
        return heat


def test_right_answers_alone_are_looked_at_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = Knowing()
    assert (predictor.pictures.labels > 0).all(), "so that 0 is wrong everywhere"
    monkeypatch.setattr(heat_scores, "held_out", lambda *_: iter([predictor.pictures]))
    score = measure_heat(predictor, "any", "test", "drawn", COUNT)
    assert (score.count, score.split, score.seed, score.kind) == (COUNT - 1, "test", SPLITS["test"].seed, "drawn")
    assert score.in_box == pytest.approx(10 / 11, abs=1e-5)
    assert score.in_box_interval95 == pytest.approx(wilson_interval(10, 11), abs=1e-5)
    assert score.heat_in_box == pytest.approx((10 * 0.75 + 0.75 / 1.75) / 11, abs=1e-5)
    assert measure_heat(predictor, "any", "test", "drawn", 3).count == 3


def test_every_box_of_the_largest_digit_counts() -> None:
    predictor = Knowing()
    for picture, answer, inside in answered_right(predictor, "test", "drawn", 5):
        number = predictor.numbers[picture.tobytes()]
        expected = np.zeros((128, 128), bool)
        for digit, (x0, y0, x1, y1) in zip(
            predictor.pictures.digits[number].tolist(), predictor.pictures.boxes[number].tolist(), strict=True
        ):
            if digit == max(predictor.pictures.digits[number].tolist()):
                expected[y0:y1, x0:x1] = True
        assert answer == predictor.pictures.labels[number] and np.array_equal(inside, expected)


def test_no_heat_points_nowhere() -> None:
    assert points(np.zeros((128, 128), np.float32), np.ones((128, 128), bool)) == (False, 0.0)


def test_a_model_that_is_never_right_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = Knowing()
    predictor.numbers.clear()
    monkeypatch.setattr(heat_scores, "held_out", lambda *_: iter([predictor.pictures]))
    with pytest.raises(MaxDigitError, match="answers no drawn picture right"):
        measure_heat(predictor, "any", "test", "drawn", COUNT)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    """A folder with a run that looks trained."""
    folder = tmp_path / "torch_cnn" / "tuned"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    write_results(folder, RunResults(model="torch_cnn", parameters=471_210))
    return tmp_path


def test_the_command_measures_and_keeps(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {kind: Knowing(kind) for kind in HEAT_KINDS}
    monkeypatch.setattr(
        heat_scores,
        "measure_heat",
        lambda _, *args: measure_heat(known[args[2]], *args),
    )
    result = run("heat", "--model", "torch_cnn", "--count", 4, "--write", checkpoints=checkpoints)
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["model"], line["kind"], line["count"]) for line in lines] == [
        ("torch_cnn", kind, 4) for kind in HEAT_KINDS
    ]
    kept = read_results(checkpoints / "torch_cnn" / "tuned")
    assert kept.parameters == 471_210 and set(kept.heat) == set(HEAT_KINDS)
    assert kept.heat["drawn"].in_box == lines[HEAT_KINDS.index("drawn")]["in_box"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--split", "validation", "--write"), "the test split only"),
        (("--split", "none"), "There is no split"),
        (("--model", "none"), "There is no model called"),
    ],
)
def test_what_cannot_be_measured_or_kept_is_refused(checkpoints: Path, options: tuple[str, ...], message: str) -> None:
    result = run("heat", *options, checkpoints=checkpoints)
    assert result.exit_code == 1 and message in result.stderr
