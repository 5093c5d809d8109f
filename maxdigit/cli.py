"""The command line. Each command loads only what it needs: ``--help`` loads no framework."""

from __future__ import annotations

import json
import os
import sys
from contextlib import nullcontext
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from typer.core import TyperCommand

from maxdigit import CHECKPOINTS
from maxdigit.data.kinds import KINDS, MEASURED_KINDS, TEST_KINDS
from maxdigit.engine.runtime import ENGINES, available_cores, choose_engine
from maxdigit.errors import CheckpointError, MaxDigitError
from maxdigit.inference.ensemble import write_weights
from maxdigit.inference.predict import DEFAULT_MODEL, NAMES, Prediction, Predictor, title
from maxdigit.models.registry import MODELS, get_model
from maxdigit.models.run_folder import ENSEMBLE, INK_FINDER, RECIPE_NAMES
from maxdigit.quiet import be_verbose
from maxdigit.scaling.cluster import connected
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

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
)

_Checkpoints = Annotated[Path, typer.Option(help="Folder with the trained models.")]
_DarkInk = Annotated[bool | None, typer.Option("--dark-ink/--light-ink", help="The ink's tone. Default: detected.")]
_Whole = Annotated[
    bool, typer.Option("--whole", help="Read the whole picture as it is, instead of finding the writing in it.")
]


def _fail(error: MaxDigitError) -> typer.Exit:
    typer.echo(f"Error: {error}", err=True)
    return typer.Exit(1)


@app.callback()
def choose(
    engine: Annotated[
        str, typer.Option(help="Engine: fastest (OpenVINO, where it is installed), or native (PyTorch, Keras).")
    ] = ENGINES[0],
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show what TensorFlow says when it starts, too.")
    ] = False,
) -> None:
    """Which of three handwritten digits is the largest? Ask a trained CNN, make pictures, measure models."""
    if engine not in ENGINES:
        raise _fail(MaxDigitError(f"There is no engine {engine!r}. Choose one of: {', '.join(ENGINES)}."))
    choose_engine(engine)
    if verbose:
        be_verbose()
    else:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # what it says later on


@app.command()
def classify(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Picture files.")],
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(NAMES)}.")] = DEFAULT_MODEL,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")] = False,
    dark_ink: _DarkInk = None,
    whole: _Whole = False,
    checkpoints: _Checkpoints = CHECKPOINTS,
) -> None:
    """Say which digit is the largest in each picture.

    With --json each line holds path, model, max_digit, probabilities (ten numbers that sum to 1), milliseconds and
    digits (what was read from left to right: digit, probability, and x and y of its centre in the 128 x 128 pixels that
    the model sees; null without a reader), or path and error where a file is no picture; the others go on. The exit
    status is 1 if any file failed.
    """
    predictor = Predictor(checkpoints)
    try:
        predictor.warm(model)  # so that the first picture's time is not that of loading the model
    except MaxDigitError as error:
        raise _fail(error) from None
    failed = False
    for path in paths:
        try:
            pixels = predictor.prepare(path, dark_ink_on_light=dark_ink, fit_to_writing=not whole).pixels
            prediction = predictor.classify(pixels, model)
        except MaxDigitError as error:
            failed = True
            if as_json:
                typer.echo(json.dumps({"path": str(path), "error": str(error)}, ensure_ascii=False))
            else:
                typer.echo(f"{path}: {error}", err=True)
            continue
        _show(path, prediction, as_json, str(path))
    if failed:
        raise typer.Exit(1)


@app.command()
def compare(
    path: Annotated[Path, typer.Argument(help="A picture file.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line, for programs.")] = False,
    dark_ink: _DarkInk = None,
    whole: _Whole = False,
    checkpoints: _Checkpoints = CHECKPOINTS,
) -> None:
    """Ask every trained model, and the ensemble of them, about the same picture."""
    predictor = Predictor(checkpoints)
    try:
        names = predictor.available()
        if not names:
            raise _nothing_trained(checkpoints)
        pixels = predictor.prepare(path, dark_ink_on_light=dark_ink, fit_to_writing=not whole).pixels
        for name in names:
            predictor.warm(name)
            _show(path, predictor.classify(pixels, name), as_json, title(name))
    except MaxDigitError as error:
        raise _fail(error) from None


@app.command()
def sample(
    out: Annotated[Path, typer.Argument(help="Folder to write to; made if it is not there.")],
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many pictures.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same pictures.")] = 7,
    kind: Annotated[str, typer.Option(help=f"One of: {', '.join(TEST_KINDS)}.")] = "textured",
    split: Annotated[
        str, typer.Option(help="Split that the digits and backgrounds come from: train, validation or test.")
    ] = "test",
) -> None:
    """Generate pictures as PNG files, with their labels in labels.csv."""
    from maxdigit.data.sample import write_samples
    from maxdigit.data.splits import SPLITS

    try:
        if kind not in TEST_KINDS:
            raise MaxDigitError(f"There is no kind {kind!r}. Choose one of: {', '.join(TEST_KINDS)}.")
        if split not in SPLITS:
            raise MaxDigitError(f"There is no split {split!r}. Choose one of: {', '.join(SPLITS)}.")
        try:
            table = write_samples(out, count, seed, split, kind)
        except OSError as error:
            raise MaxDigitError(f"Cannot write to {out} ({error.strerror}). Choose another folder.") from error
    except MaxDigitError as error:
        raise _fail(error) from None
    typer.echo(f"Wrote {count} pictures and {table}.")


@app.command()
def calibrate(
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(MODELS)}, or all.")] = "all",
    count: Annotated[int, typer.Option(min=1, help="Validation pictures of each kind.")] = 1_000,
    checkpoints: _Checkpoints = CHECKPOINTS,
) -> None:
    """Calibrate models: fit each one's temperatures and offsets on validation pictures.

    The reader's settings are chosen on the same pictures. With --model all, and two trained models or more, the
    ensemble's weights are chosen too. Prints one JSON object per line.
    """
    try:
        predictor = Predictor(checkpoints)
        names = predictor.trained() if model == "all" else [get_model(model).name]
        if not names:
            raise _nothing_trained(checkpoints)
        folders = {name: predictor.folder(name) for name in names}
        from maxdigit.training.choose_readings import write_settings
        from maxdigit.training.run import write_calibration

        calibrations, probabilities = {}, {}
        for name, folder in folders.items():
            calibrations[name], probabilities[name], labels = write_calibration(name, folder, count)
            _print({"model": name, **asdict(calibrations[name])})
            if (settings := write_settings(name, folder, count)) is not None:
                _print({"model": name, **asdict(settings)})
        if len(names) > 1:
            _print(
                {
                    "model": ENSEMBLE,
                    **asdict(write_weights(checkpoints / ENSEMBLE, calibrations, probabilities, labels)),
                }
            )
    except MaxDigitError as error:
        raise _fail(error) from None
    typer.echo("Now measure again: python -m maxdigit evaluate --write", err=True)


@app.command()
def fit_reader(
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(MODELS)}, or all.")] = "all",
    pictures: Annotated[int, typer.Option(min=1, help="Training pictures to fit it on.")] = 3_000,
    count: Annotated[
        int, typer.Option(min=1, help="Validation pictures of each kind to choose its settings on.")
    ] = 500,
    checkpoints: _Checkpoints = CHECKPOINTS,
) -> None:
    """Fit the readers of trained models again, which recognise single digits in a feature map.

    The networks and their answers do not change. Needed after training, whose reader misses digits near the picture's
    edge in networks without padding. Prints one JSON object per line.
    """
    try:
        predictor = Predictor(checkpoints)
        names = predictor.trained() if model == "all" else [get_model(model).name]
        if not names:
            raise _nothing_trained(checkpoints)
        from maxdigit.training.choose_readings import write_settings
        from maxdigit.training.fit_reader import write_reader

        for name in names:
            folder = predictor.folder(name)
            write_reader(name, folder, pictures)
            if (settings := write_settings(name, folder, count)) is not None:
                _print({"model": name, **asdict(settings)})
    except MaxDigitError as error:
        raise _fail(error) from None
    typer.echo("Now measure again: python -m maxdigit evaluate --write, and heat --write", err=True)


@app.command()
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
    checkpoints: _Checkpoints = CHECKPOINTS,
) -> None:
    """Measure trained models on pictures that they were not trained on; one JSON object per line.

    The pictures are generated from MNIST's test digits, unless --kaggle-dir names a folder with the competition's
    files.
    """
    try:
        predictor = Predictor(checkpoints)
        names = predictor.available() if model == "all" else [model]
        if not names:
            raise _nothing_trained(checkpoints)
        if drawings is not None:
            _evaluate_corrections(predictor, names, drawings)
        elif submission is not None:
            _write_submission(predictor, names, kaggle_dir, submission)
        elif kaggle_dir is not None:
            _evaluate_kaggle(predictor, names, kaggle_dir)
        else:
            _evaluate_generated(predictor, names, kind, split, count, write)
    except MaxDigitError as error:
        raise _fail(error) from None


@app.command()
def heat(
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(NAMES)}, or all.")] = "all",
    count: Annotated[int, typer.Option(min=1, help="Pictures of each kind that are answered right.")] = 300,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    write: Annotated[bool, typer.Option("--write", help="Store the result in each model's folder.")] = False,
    checkpoints: _Checkpoints = CHECKPOINTS,
) -> None:
    """Measure the heat maps of trained models; one JSON object per line.

    On pictures that a model answers right: the share whose hottest point lies in the box of a largest digit, with its
    95 % interval, and the mean share of heat that lies there.
    """
    from maxdigit.training.heat_scores import measure_heat

    try:
        predictor = Predictor(checkpoints)
        names = predictor.available() if model == "all" else [model]
        if not names:
            raise _nothing_trained(checkpoints)
        _check_split(split, write)
        for name in names:
            for kind in HEAT_KINDS:
                score = measure_heat(predictor, name, split, kind, count)
                _print({"model": name, **asdict(score)})
                if write:
                    _keep(predictor, name, score)
    except MaxDigitError as error:
        raise _fail(error) from None


@app.command()
def inside(checkpoints: _Checkpoints = CHECKPOINTS) -> None:
    """Find the test pictures that excite each feature map of the trained models most, for the page's view inside them.

    Keeps the pictures in test_pictures.webp, and what they do to a model beside its weights.
    """
    from maxdigit.data.pictures import generate
    from maxdigit.data.splits import TEST
    from maxdigit.inference.exciting import PER_KIND, find_exciting, write_exciting, write_pictures
    from maxdigit.models.sections import SectionOutputs

    try:
        predictor = Predictor(checkpoints)
        names = predictor.trained()
        if not names:
            raise _nothing_trained(checkpoints)
        pictures = np.concatenate([generate(TEST, 0, PER_KIND, kind=kind).pixels.numpy() for kind in TEST_KINDS])
        write_pictures(checkpoints, pictures)
        for name in names:
            folder = predictor.folder(name)
            write_exciting(folder, find_exciting(SectionOutputs(name, folder), pictures))
            typer.echo(f"{title(name)}: the {len(pictures)} test pictures have been shown to it.")
    except MaxDigitError as error:
        raise _fail(error) from None


@app.command()
def check_engine(
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(MODELS)}, {INK_FINDER}, or all.")] = "all",
    count: Annotated[int, typer.Option(min=1, help="Test pictures of each kind, or scenes.")] = 250,
    checkpoints: _Checkpoints = CHECKPOINTS,
) -> None:
    """Compare the answers of OpenVINO with those of the frameworks.

    Prints one JSON object per line. The exit status is 1 if any probability differs by more than 0.01, or an answer
    differs that is not a tie.
    """
    try:
        predictor = Predictor(checkpoints)
        names = [*predictor.trained(), INK_FINDER] if model == "all" else [model]
        from maxdigit.training.engine_check import ALLOWED, check_ink_finder
        from maxdigit.training.engine_check import check_engine as check

        holds = True
        for name in names:
            if name == INK_FINDER:
                difference = check_ink_finder(checkpoints / INK_FINDER, count)
                _print({"model": name, "count": count, "largest_difference": round(difference, 7)})
                holds &= difference <= ALLOWED
            else:
                result = check(get_model(name).name, predictor.folder(name), count)
                _print(asdict(result))
                holds &= result.holds
    except MaxDigitError as error:
        raise _fail(error) from None
    if not holds:
        raise typer.Exit(1)


@app.command()
def pool(
    out: Annotated[Path, typer.Argument(help="Folder to write to; an unfinished pool is continued.")],
    pictures: Annotated[int, typer.Option(min=1, help="How many: 16 KiB each.")] = 1_000_000,
    recipe: Annotated[
        str, typer.Option(help=f"Recipe whose mix of kinds is used: {' or '.join(RECIPE_NAMES)}.")
    ] = "tuned",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same pictures.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one for each core.")] = None,
) -> None:
    """Make training pictures that several runs can draw from: train.py MODEL --pool FOLDER.

    Runs can start while they are being made.
    """
    from maxdigit.training.pool import make_pool
    from maxdigit.training.recipes import get_recipe

    try:
        make_pool(get_recipe(DEFAULT_MODEL, recipe, seed=seed), out, pictures, workers)
    except MaxDigitError as error:
        raise _fail(error) from None


@app.command()
def report(
    readme: Annotated[Path, typer.Option(help="File with the short table of results.")] = Path("README.md"),
    results: Annotated[Path, typer.Option(help="File with the full table of results.")] = Path("docs/results.md"),
    checkpoints: _Checkpoints = CHECKPOINTS,
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
    except MaxDigitError as error:
        raise _fail(error) from None
    except OSError as error:
        raise _fail(MaxDigitError(f"{error.filename} cannot be read or written ({error.strerror}).")) from None
    typer.echo(f"{readme}, {results} and the model cards are up to date.")


class _WithRay(TyperCommand):
    """A command whose option --ray may stand without a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for place in [place for place, arg in enumerate(args) if arg == "--ray"]:
            if place + 1 == len(args) or args[place + 1].startswith("-"):
                args[place] = "--ray="
        return super().parse_args(ctx, args)


@app.command(cls=_WithRay)
def score(
    path: Annotated[Path, typer.Argument(help="A folder of pictures, ZIP archives or Parquet files, or one of these.")],
    out: Annotated[Path, typer.Option(help="Folder for the answers; a run that was stopped goes on there.")],
    model: Annotated[str, typer.Option(help=f"One of: {', '.join(NAMES)}.")] = DEFAULT_MODEL,
    column: Annotated[
        str | None, typer.Option(help="Column of Parquet files with the pictures. Default: the only one of bytes.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes, of one core each. Default: one for each core.")
    ] = None,
    part_size: Annotated[
        int, typer.Option(min=1, help="Pictures in one file, which are lost if a run is stopped.")
    ] = 1_000,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="[ADDRESS]",
            help="Compute on a cluster of Ray: HOST:PORT, auto (the one here), or local (start one).",
        ),
    ] = None,
    checkpoints: _Checkpoints = CHECKPOINTS,
) -> None:
    """Classify any number of pictures, into Parquet files.

    Their columns are id, answer, probability, probabilities (ten numbers), doubtful, readings, and error, a sentence
    where a picture could not be read; the others go on.
    """
    if find_spec("pyarrow") is None:
        raise _fail(MaxDigitError("score needs a package that is not there. Install it with: pip install pyarrow"))
    from maxdigit.scaling.pictures import Source
    from maxdigit.scaling.score import begin, score_here

    try:
        with nullcontext() if ray is None else connected(ray):
            run = begin(Source(path, column), out, model, checkpoints, part_size)
            todo = run.missing()
            if ray is None or not todo:
                parts = score_here(run, todo, workers or available_cores())
            else:
                from maxdigit.scaling.score_cluster import score_on_cluster

                parts = score_on_cluster(run, todo, workers)
            answered = errors = 0
            with typer.progressbar(length=run.pictures, label=f"{run.pictures:,} pictures", file=sys.stderr) as bar:
                bar.update(run.pictures - run.size_of(todo))
                for part in parts:
                    answered, errors = answered + part.pictures, errors + part.errors
                    bar.update(part.pictures)
            run.clean()
    except MaxDigitError as error:
        raise _fail(error) from None
    before = f"; {run.pictures - answered:,} were done before" if run.pictures > answered else ""
    typer.echo(f"{answered:,} pictures classified into {out}, of which {errors:,} could not be read{before}.")


@app.command()
def publish(
    space: Annotated[str, typer.Option(metavar="OWNER/NAME", help="The Space to create or update.")],
    models: Annotated[bool, typer.Option("--models", help="Each checkpoint too, as a model repository.")] = False,
    dataset: Annotated[bool, typer.Option("--dataset", help="The test pictures too, as a data set.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    checkpoints: _Checkpoints = CHECKPOINTS,
) -> None:
    """Publish the app as a Hugging Face Space, with the token of hf auth login or HF_TOKEN.

    Each repository changes in one commit, and then holds exactly these files.
    """
    from maxdigit.publishing import collect
    from maxdigit.publishing.hub import describe, send

    try:
        repositories = collect(space, checkpoints, models=models, dataset=dataset)
        if not dry_run:
            send(repositories, typer.echo)
            return
    except MaxDigitError as error:
        raise _fail(error) from None
    for repository in repositories:
        typer.echo("\n".join(describe(repository)))


def _show(path: Path, prediction: Prediction, as_json: bool, heading: str) -> None:
    """One answer, as JSON or as text."""
    if not as_json:
        sure = prediction.probabilities[prediction.max_digit]
        typer.echo(f"{heading}: {prediction.max_digit} ({sure:.1%})")
        return
    typer.echo(json.dumps({"path": str(path), **prediction.to_json()}, ensure_ascii=False))


def _nothing_trained(checkpoints: Path) -> CheckpointError:
    return CheckpointError(f"There are no trained models in {checkpoints}. Train one with train.py.")


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
            _print({"model": name, **result.to_json()})
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
    folder.mkdir(exist_ok=True)  # the ensemble's may not be there
    write_results(folder, _results_so_far(predictor, name).updated(result))


def _results_so_far(predictor: Predictor, name: str) -> RunResults:
    """The stored results; none for an ensemble that was not measured with its present weights."""
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
        _print({"model": name, "data": "corrections", **score(predictor.predict(pictures, name), labels).to_json()})


def _evaluate_kaggle(predictor: Predictor, names: list[str], folder: Path) -> None:
    from maxdigit.data.kaggle import load_training
    from maxdigit.training.metrics import score

    pictures, labels = load_training(folder)
    for name in names:
        _print({"model": name, "data": "kaggle", **score(predictor.predict(pictures, name), labels).to_json()})


def _write_submission(predictor: Predictor, names: list[str], folder: Path | None, path: Path) -> None:
    from maxdigit.data.kaggle import load_test, write_submission

    if folder is None:
        raise MaxDigitError("--submission needs --kaggle-dir, the folder with test_max_x.")
    if len(names) != 1:
        raise MaxDigitError(f"--submission needs one model: add --model with one of {', '.join(names)}.")
    answers = predictor.predict(load_test(folder), names[0]).argmax(1)
    write_submission(path, answers)
    typer.echo(f"Wrote {len(answers)} answers of {names[0]} to {path}.")


def _print(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value))
