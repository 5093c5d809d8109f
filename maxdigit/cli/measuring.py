"""Commands that measure trained models, and write the tables of results."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from maxdigit import CHECKPOINTS
from maxdigit.cli.command import Checkpoints, answering, command, print_json
from maxdigit.data.kinds import KINDS, MEASURED_KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import NAMES, Predictor
from maxdigit.models.registry import MODELS, get_model
from maxdigit.models.run_folder import ENSEMBLE, INK_FINDER
from maxdigit.training.results import (
    HEAT_KINDS,
    TEST_PICTURES,
    BlankResult,
    HeatScore,
    KindResult,
    RunResults,
    is_measured,
    read_results,
    write_results,
)


@command()
def evaluate(
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(NAMES)}, or all.")] = "all",
    kind: Annotated[str, typer.Option(help=f"One of: {', '.join(MEASURED_KINDS)}, or all.")] = "all",
    count: Annotated[int, typer.Option(min=1, help="Test pictures of each kind.")] = 10_000,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    write: Annotated[bool, typer.Option("--write", help="Store the result in each model's folder.")] = False,
    kaggle_dir: Annotated[
        Path | None, typer.Option(help="Measure on the competition's own train_max_x there instead.")
    ] = None,
    drawings: Annotated[
        Path | None,
        typer.Option(help="Measure on pictures that visitors reported: the folder of app.py --corrections."),
    ] = None,
    submission: Annotated[
        Path | None, typer.Option(help="Write answers for test_max_x of --kaggle-dir as Id,Label to this file.")
    ] = None,
    checkpoints: Checkpoints = CHECKPOINTS,
) -> None:
    """Measure trained models on pictures that they were not trained on; one JSON object per line.

    The pictures are generated from MNIST's test digits, unless --kaggle-dir names a folder with the competition's
    files.
    """
    predictor, names = answering(checkpoints, model)
    if drawings is not None:
        _evaluate_corrections(predictor, names, drawings)
    elif submission is not None:
        _write_submission(predictor, names, kaggle_dir, submission)
    elif kaggle_dir is not None:
        _evaluate_kaggle(predictor, names, kaggle_dir)
    else:
        _evaluate_generated(predictor, names, kind, split, count, write)


@command()
def heat(
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(NAMES)}, or all.")] = "all",
    count: Annotated[int, typer.Option(min=1, help="Pictures of each kind that are answered right.")] = 300,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    write: Annotated[bool, typer.Option("--write", help="Store the result in each model's folder.")] = False,
    checkpoints: Checkpoints = CHECKPOINTS,
) -> None:
    """Measure the heat maps of trained models; one JSON object per line.

    On pictures that a model answers right: the share whose hottest point lies in the box of a largest digit, with its
    95 % interval, and the mean share of heat that lies there.
    """
    from maxdigit.training.heat_scores import measure_heat

    predictor, names = answering(checkpoints, model)
    _check_split(split, write)
    for name in names:
        for kind in HEAT_KINDS:
            score = measure_heat(predictor, name, split, kind, count)
            print_json({"model": name, **asdict(score)})
            if write:
                _keep(predictor, name, score)


@command()
def check_engine(
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(MODELS)}, {INK_FINDER}, or all.")] = "all",
    count: Annotated[int, typer.Option(min=1, help="Test pictures of each kind, or scenes.")] = 250,
    checkpoints: Checkpoints = CHECKPOINTS,
) -> None:
    """Compare the answers of OpenVINO with those of the frameworks.

    Prints one JSON object per line. The exit status is 1 if any probability differs by more than 0.01, or an answer
    differs that is not a tie.
    """
    from maxdigit.training.engine_check import ALLOWED, check_ink_finder
    from maxdigit.training.engine_check import check_engine as check

    predictor = Predictor(checkpoints)
    names = [*predictor.trained(), INK_FINDER] if model == "all" else [model]
    holds = True
    for name in names:
        if name == INK_FINDER:
            difference = check_ink_finder(checkpoints / INK_FINDER, count)
            print_json({"model": name, "count": count, "largest_difference": round(difference, 7)})
            holds &= difference <= ALLOWED
        else:
            result = check(get_model(name).name, predictor.folder(name), count)
            print_json(asdict(result))
            holds &= result.holds
    if not holds:
        raise typer.Exit(1)


@command()
def report(
    readme: Annotated[Path, typer.Option(help="File with the short table of results.")] = Path("README.md"),
    results: Annotated[Path, typer.Option(help="File with the full table of results.")] = Path("docs/results.md"),
    checkpoints: Checkpoints = CHECKPOINTS,
) -> None:
    """Update the tables of results, and each run's model card, from the runs' own files."""
    from maxdigit.training.cards import write_cards
    from maxdigit.training.ink_card import write_ink_card
    from maxdigit.training.report import (
        READINGS,
        readings_summary,
        readings_table,
        results_table,
        summary_table,
        update_table,
    )

    try:
        write_cards(checkpoints)
        write_ink_card(checkpoints)
        update_table(readme, summary_table(checkpoints))
        update_table(readme, readings_summary(checkpoints), READINGS)
        update_table(results, results_table(checkpoints))
        update_table(results, readings_table(checkpoints), READINGS)
    except OSError as error:
        raise MaxDigitError(f"{error.filename} cannot be read or written ({error.strerror}).") from error
    typer.echo(f"{readme}, {results} and the model cards are up to date.")


def _evaluate_generated(predictor: Predictor, names: list[str], kind: str, split: str, count: int, write: bool) -> None:
    from maxdigit.training.metrics import measure, measure_blank
    from maxdigit.training.mistakes import write_mistakes

    if kind not in (*MEASURED_KINDS, "all"):
        raise MaxDigitError(f"There is no kind {kind!r}. Choose one of: {', '.join(MEASURED_KINDS)}, all.")
    _check_split(split, write)
    for name in names:
        classifier = predictor.classifier(name)
        for one in MEASURED_KINDS if kind == "all" else (kind,):
            is_blank = not KINDS[one].has_digits
            result, wrong = (
                (measure_blank(classifier, split, count), []) if is_blank else measure(classifier, split, one, count)
            )
            print_json({"model": name, **result.to_json()})
            if write:
                _keep(predictor, name, result)
                if not is_blank:
                    write_mistakes(predictor.folder(name), one, wrong)


def _check_split(split: str, write: bool) -> None:
    from maxdigit.data.splits import SPLITS

    if split not in SPLITS:
        raise MaxDigitError(f"There is no split {split!r}. Choose one of: {', '.join(SPLITS)}.")
    if write and split != "test":
        raise MaxDigitError("metrics.json stores results of the test split only: leave out --write or --split.")


def _keep(predictor: Predictor, name: str, result: KindResult | BlankResult | HeatScore) -> None:
    """Put a result into the model's ``metrics.json``."""
    folder = predictor.folder(name)
    folder.mkdir(exist_ok=True)  # an ensemble's may not exist yet
    write_results(folder, _results_so_far(predictor, name).updated(result))


def _results_so_far(predictor: Predictor, name: str) -> RunResults:
    """The stored results; none for an ensemble that was not measured with its current weights."""
    from maxdigit.training.metrics import versions

    folder = predictor.folder(name)
    if name != ENSEMBLE:
        return read_results(folder)
    new = RunResults(model=ENSEMBLE, weights=predictor.weights(), test_pictures=TEST_PICTURES, versions=versions())
    old = read_results(folder) if is_measured(folder) else new
    return replace(old, versions=new.versions) if old.weights == new.weights else new


def _evaluate_corrections(predictor: Predictor, names: list[str], folder: Path) -> None:
    from maxdigit.inference.corrections import load
    from maxdigit.training.metrics import score

    pictures, labels = load(folder)
    for name in names:
        print_json({"model": name, "data": "corrections", **score(predictor.predict(pictures, name), labels).to_json()})


def _evaluate_kaggle(predictor: Predictor, names: list[str], folder: Path) -> None:
    from maxdigit.data.kaggle import load_training
    from maxdigit.training.metrics import score

    pictures, labels = load_training(folder)
    for name in names:
        print_json({"model": name, "data": "kaggle", **score(predictor.predict(pictures, name), labels).to_json()})


def _write_submission(predictor: Predictor, names: list[str], folder: Path | None, path: Path) -> None:
    from maxdigit.data.kaggle import load_test, write_submission

    if folder is None:
        raise MaxDigitError("--submission needs --kaggle-dir, the folder with test_max_x.")
    if len(names) != 1:
        raise MaxDigitError(f"--submission needs one model: add --model with one of {', '.join(names)}.")
    answers = predictor.predict(load_test(folder), names[0]).argmax(1)
    write_submission(path, answers)
    typer.echo(f"Wrote {len(answers)} answers of {names[0]} to {path}.")
