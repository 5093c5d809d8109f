"""One training run from start to end: data, loop, weights, calibration and results on the test split."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from maxdigit.data.kaggle import load_training
from maxdigit.data.kinds import TEST_KINDS
from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import TrainingError
from maxdigit.models.reading_classifier import load_trained
from maxdigit.models.registry import get_model
from maxdigit.models.run_folder import (
    HISTORY,
    PREVIOUS_STATE,
    STATE,
    remove,
)
from maxdigit.threads import one_thread
from maxdigit.training.batches import ArrayData, Data, GeneratedData
from maxdigit.training.calibrate import calibrate
from maxdigit.training.devices import default_device, device_name
from maxdigit.training.engine_check import EngineCheckError, check_engine
from maxdigit.training.fit_reader import PICTURES as READER_PICTURES
from maxdigit.training.fit_reader import write_reader
from maxdigit.training.history import read_history
from maxdigit.training.metrics import measure, measure_blank, versions
from maxdigit.training.mistakes import write_mistakes
from maxdigit.training.pool import Pool, PoolData
from maxdigit.training.recipes import Recipe
from maxdigit.training.results import TEST_PICTURES, RunResults, TrainingFacts, known, read_results, write_results
from maxdigit.training.run_config import EarlierRun, read_config
from maxdigit.training.run_setup import NEW_RUN, Start, earlier_runs, prepare_folder, read_before, write_before
from maxdigit.training.starts import first_form, new_form
from maxdigit.training.training_forms import TrainingForm
from maxdigit.training.tuned_loop import train_tuned

CALIBRATION_PICTURES = 1_000  # validation pictures of each kind
BLANK_PICTURES = 1_000  # test pictures without a digit
ENGINE_PICTURES = 16  # validation pictures of each kind on which the engine is compared with the framework
_REHEARSAL = 32  # pictures of each kind
_SHORTEST = 5.0  # seconds of training; a shorter time is refused


def train(
    recipe: Recipe,
    folder: Path,
    *,
    start: Start = NEW_RUN,
    kaggle_folder: Path | None = None,
    pool_folder: Path | None = None,
    test_pictures: int = 10_000,
    deadline: float | None = None,
) -> None:
    """Train by ``recipe`` and leave a whole run in ``folder``: weights, history, config, calibration and metrics.

    Args:
        recipe: the run's settings; see :func:`maxdigit.training.recipes.get_recipe`.
        folder: where the run is kept.
        start: what it starts from, and whether it resumes or replaces a run in ``folder``.
        kaggle_folder: train on the competition's own files there instead of generated pictures.
        pool_folder: draw from the pool there instead of making pictures for this run.
        test_pictures: how many generated test pictures of each kind to measure on at the end. The model is calibrated
            before, on as many validation pictures, but at most 1,000 of each kind.
        deadline: in seconds of ``time.monotonic``: end by then, tests included, even if the recipe's plan is not
            finished; the state is then kept, so that the run can be resumed. For tuned recipes.

    Raises:
        TrainingError: the run cannot start or be resumed, or the pool has other pictures than the recipe.
        CheckpointError: the weights to start from are missing, damaged, or of another model.
        CompetitionFileError: a file in ``kaggle_folder`` is missing or not of the right form.
    """
    if deadline is not None and not recipe.is_planned:
        raise TrainingError("Only a tuned recipe can end early: leave --minutes out.")
    earlier = earlier_runs(folder, start, _facts)
    before = [] if start.resume else read_before(start.weights_from)
    pool = None if pool_folder is None else Pool.open(pool_folder)
    data = _data(recipe, kaggle_folder, pool, earlier)
    is_main = _is_main_process()
    if is_main:
        source = "generated" if kaggle_folder is None else "kaggle"
        prepare_folder(folder, recipe, source, earlier, start, None if pool is None else pool.about)
        write_before(folder, before)
    is_done = True
    if recipe.loop == "tuned":
        form = new_form(recipe) if start.resume else first_form(recipe, start.weights_from)
        if deadline is not None:
            deadline -= _closing_seconds(form, recipe, test_pictures)
            if deadline < time.monotonic() + _SHORTEST:
                raise TrainingError(
                    "The time is too short to train and to measure the result. "
                    "Give more --minutes, or fewer --test-pictures."
                )
        is_done = train_tuned(recipe, form, data, folder, resume=start.resume, deadline=deadline)
    elif recipe.loop == "torch":
        from maxdigit.training.torch_loop import train_torch

        train_torch(recipe, data, folder, resume=start.resume, start_from=start.weights_from)
    else:
        from maxdigit.training.keras_loop import train_keras

        train_keras(recipe, data, folder, resume=start.resume, start_from=start.weights_from)
    if is_main:
        _conclude(recipe, folder, test_pictures, is_done)


def _data(recipe: Recipe, kaggle_folder: Path | None, pool: Pool | None, earlier: tuple[EarlierRun, ...]) -> Data:
    """The source of the run's pictures."""
    if pool is not None:
        return PoolData(recipe, pool)
    if kaggle_folder is None:
        return GeneratedData(recipe, skip=sum(run.pictures_seen for run in earlier))
    pictures, labels = load_training(kaggle_folder)
    data = ArrayData(recipe, pictures, labels)
    if data.train_count < recipe.batch_size:
        raise TrainingError(f"{len(labels)} pictures are too few for batches of {recipe.batch_size}.")
    return data


def _conclude(recipe: Recipe, folder: Path, test_pictures: int, is_done: bool) -> None:
    """Measure the trained model, and delete files that only a resumed run needs."""
    if recipe.width == 1:
        _compare_engine(recipe.model, folder)
        if recipe.loop == "tuned":
            write_reader(recipe.model, folder, min(test_pictures, READER_PICTURES))
        calibrate(recipe.model, folder, min(test_pictures, CALIBRATION_PICTURES))
        for kind, result in write_metrics(recipe, folder, test_pictures).test.items():
            low, high = result.interval95
            print(f"{kind} test pictures: {result.accuracy:.1%} right ({low:.1%} to {high:.1%}, n = {test_pictures:,})")
    else:
        write_results(folder, RunResults(model=recipe.model, width=recipe.width, training=_training(recipe, folder)))
        print(
            f"At width {recipe.width:g} the result is for training only: no page or command can use it. Widen it with: "
            f"train.py {recipe.model} --start-from {folder}"
        )
    if is_done:
        remove(folder / STATE)
        remove(folder / PREVIOUS_STATE)
    else:
        print("The plan is not finished yet: --resume continues it.")


def _compare_engine(model: str, folder: Path) -> None:
    """Warn if the engine's answers differ from the framework's."""
    try:
        check = check_engine(model, folder, ENGINE_PICTURES, VALIDATION.name)
    except EngineCheckError as error:
        print(f"{error} The framework that trained it will answer.")
        return
    if not check.holds:
        print(
            f"OpenVINO's answers are up to {check.largest_difference:.3f} from the framework's "
            f"({check.answers_changed} of {ENGINE_PICTURES * len(TEST_KINDS)} answers differ): use --engine native."
        )


def _closing_seconds(form: TrainingForm, recipe: Recipe, test_pictures: int) -> float:
    """Estimate how long calibrating and measuring the saved model will take, by trying it on a few pictures."""
    if recipe.width != 1:
        return 1.0
    with tempfile.TemporaryDirectory() as folder:
        form.save(Path(folder))
        classifier = get_model(recipe.model).load(Path(folder))
    for kind in TEST_KINDS:  # the first answers and pictures are the slowest
        with one_thread():
            pictures = generate(VALIDATION, 0, _REHEARSAL, kind=kind)
        classifier.predict(pictures.pixels.numpy())
    start = time.monotonic()
    for kind in TEST_KINDS:
        classifier.predict(generate(VALIDATION, 0, _REHEARSAL, kind=kind).pixels.numpy())
    each = (time.monotonic() - start) / (_REHEARSAL * len(TEST_KINDS))
    count = len(TEST_KINDS) * (min(test_pictures, CALIBRATION_PICTURES) + test_pictures)
    return 10.0 + 1.5 * each * (count + min(test_pictures, BLANK_PICTURES) + min(test_pictures, READER_PICTURES))


def write_metrics(recipe: Recipe, folder: Path, test_pictures: int) -> RunResults:
    """Measure the model in ``folder``, calibrated; write ``metrics.json`` and ``mistakes.csv``."""
    spec = get_model(recipe.model)
    classifier = load_trained(recipe.model, folder)
    measured = {kind: measure(classifier, "test", kind, test_pictures) for kind in TEST_KINDS}
    results = RunResults(
        model=recipe.model,
        parameters=spec.parameters,
        flops_per_picture=spec.flops(),
        weight_bytes=sum(path.stat().st_size for path in folder.glob("model*")),
        test={kind: result for kind, (result, _) in measured.items()},
        blank=measure_blank(classifier, "test", min(test_pictures, BLANK_PICTURES)),
        test_pictures=TEST_PICTURES,
        training=_training(recipe, folder),
        versions=versions(),
    )
    for kind, (_, wrong) in measured.items():
        write_mistakes(folder, kind, wrong)
    write_results(folder, results)
    return results


def _training(recipe: Recipe, folder: Path) -> TrainingFacts:
    """Pictures and time of a run and those before it, by its config and history."""
    earlier = read_config(folder).started_from
    history = read_history(folder / HISTORY)
    device = default_device()
    if recipe.loop == "keras":
        from maxdigit.training.keras_loop import keras_device

        device = keras_device()
    return TrainingFacts(
        epochs=len(history),
        pictures_seen=sum(row.pictures for row in history),
        pictures_seen_before=sum(run.pictures_seen for run in earlier),
        seconds=round(sum(row.seconds for row in history), 1),
        seconds_before=round(sum(run.seconds for run in earlier), 1),
        device=device_name(device),
        best_validation_accuracy=max(row.validation_accuracy for row in history),
    )


def _facts(folder: Path, recipe: dict[str, Any]) -> EarlierRun:
    """The run in a folder, as another that starts from it records it."""
    training = read_results(folder).training
    return EarlierRun(
        recipe=recipe,
        pictures_seen=known(training.pictures_seen, "pictures_seen"),
        seconds=known(training.seconds, "seconds"),
        device=known(training.device, "device"),
    )


def _is_main_process() -> bool:
    return int(os.environ.get("RANK", "0")) == 0
