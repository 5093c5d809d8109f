"""A model card for each run, in the Hugging Face Hub's format, made from the run's own files so that it stays correct.

M. Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019); https://huggingface.co/docs/hub/model-cards
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from maxdigit.errors import TrainingError
from maxdigit.models.calibration import read_calibration
from maxdigit.models.registry import MODELS, ModelSpec
from maxdigit.models.run_folder import CARD, RECIPE_NAMES
from maxdigit.training.results import (
    HeatScore,
    KindResult,
    ReadingScore,
    RunResults,
    is_measured,
    known,
    read_results,
)
from maxdigit.training.run_config import EarlierRun, read_config

NOT_MEASURED = "not measured"
_LIBRARIES = {"keras": "keras", "torch": "pytorch"}
_DATA = {
    "generated": """synthetic pictures of our own, generated during training, of these kinds: {kinds}.
They contain 54,000 of MNIST's 60,000 training digits; the other 6,000 are kept for validation, and no test digit is
used.""",
    "kaggle": "the competition's own training pictures, the last of them kept for validation.",
}

_CARD = """---
{metadata}
---

# MaxDigit: {title}

Which digit in a picture of several handwritten ones is the largest? This network looks at the whole picture and answers
at once. It is one of three networks of a paper on *Modified MNIST*, a competition of McGill University's course COMP
551 in the fall of 2019, reimplemented and trained here.

## Use

{use}

## Architecture

{layers}: {parameters:,} parameters, {gigaflops:.2f} billion floating-point operations a picture, {mebibytes:.1f} MiB of
weights.

## Training

It was trained on {data}{pool}
{earlier}
It saw {pictures_seen:,} pictures in {epochs} epochs, in {minutes:,.0f} minutes on {device}. Its best validation
accuracy was {best}.
{averaged}
The recipe:

| setting | value |
|---|---|
{settings}

## Calibration

{calibration}

## Results

On test pictures that no model was trained on ({test_pictures}), with 95 % intervals:

| pictures | accuracy | balanced accuracy | loss, nats | calibration error |
|---|---|---|---|---|
{results}

For orientation, the paper reports {paper}. **Those are the competition's pictures; ours are synthetic**, so the figures
cannot be compared directly. Recall by digit, and accuracy by background, size, rotation and overlap, are in
`metrics.json`.

## Readings

{readings}

## Heat maps

{heat}

## Limits

MNIST's digits were written by American high-school students and census workers around 1990; other handwriting and other
forms of digits are harder. Its accuracy on pictures of other kinds than those above is not known. It always names a
digit, even where there is none: check its confidence.
"""

_POOL = """
They were drawn at random from a pool of {pictures:,} (seed {seed}), so some were seen more than once.
"""
_USE = """For learning, teaching and play with handwritten digits; not for reading amounts, codes or
anything of consequence. From the repository's root:

```python
from pathlib import Path
from maxdigit.models.reading_classifier import load_trained

probabilities = load_trained("{model}", Path("checkpoints/{model}/{recipe}")).predict(pictures)
```

`pictures` is uint8, shape `(N, 128, 128)`, light digits on a darker background, and the probabilities are float32,
shape `(N, 10)`. `maxdigit.preparation.prepare` makes such a picture of any photograph or scan."""

_NO_WEIGHTS = """To compare the recipe with others. Its weights are not stored here; to
reproduce them: train.py {model} --recipe {recipe}"""

_EARLIER = """
It started from the weights of an earlier run,
which saw {pictures_seen:,} pictures in {minutes:,.0f} minutes on {device}. The kinds of those pictures: {kinds}.
"""

_AVERAGED = """
The weights are the mean of those at the end of this run and those that it started from (`python -m maxdigit average`).
"""

_CALIBRATED = """Logits are divided by a temperature, and each label's is shifted by an offset, since training shows
small labels more often than they occur:

| background | temperature | offsets of the labels 0 to 9 |
|---|---|---|
{rows}

They are fitted on {count:,} {split} pictures of each of these kinds: {kinds}. There the expected calibration error went
from {before} to {after}, and the mean cross-entropy from {loss_before:.3f} to {loss_after:.3f} nats."""
_NOT_CALIBRATED = "None: the probabilities are the network's own."
_READINGS = """A linear head on the feature map, `reader.safetensors`, determines which digits the network reads and
where.
On the same test pictures, as shares of the digits present:

| pictures | digits | read right | as another digit | missed | invented | contradicted |
|---|---|---|---|---|---|---|
{rows}

*Invented*: share of the readings where there is no such digit. *Contradicted*: share of the pictures in which the
largest digit read is not the answer, which the app calls unsure; in brackets the share of these answers that are right,
and of the others."""
_NO_READINGS = "None: this run has no reader, or was not measured with it."
_HEAT = """A heat map shows the evidence for a digit in a picture. On the first test pictures that the network answers
right, this is how often the hottest point of the map for its answer lies in the box of a largest digit (95 % interval),
and how much of the heat lies there:

| pictures | hottest point in the box | heat in the box |
|---|---|---|
{rows}

`python -m maxdigit heat --write` measures this; `benchmarks/heat.py` compares the method with others, on
validation pictures."""
_NO_HEAT = "Not measured."


def measured_runs(checkpoints: Path) -> Iterator[tuple[ModelSpec, str, Path]]:
    """Each run under ``checkpoints`` that has been measured: its model, its recipe and its folder."""
    for spec in MODELS.values():
        for recipe in RECIPE_NAMES:
            folder = checkpoints / spec.name / recipe
            if is_measured(folder):
                yield spec, recipe, folder


def write_cards(checkpoints: Path) -> None:
    """Write ``README.md`` into the folder of every measured run.

    Raises:
        TrainingError: a run's config or metrics cannot be read.
        CheckpointError: a run's calibration is damaged.
    """
    for spec, recipe, folder in measured_runs(checkpoints):
        (folder / CARD).write_text(model_card(spec, recipe, folder), encoding="utf-8")


def model_card(spec: ModelSpec, recipe: str, folder: Path) -> str:
    """The card of the run in ``folder``, as Markdown with YAML metadata.

    Raises:
        TrainingError: its config or metrics cannot be read, or are incomplete.
        CheckpointError: its calibration is damaged.
    """
    try:
        return _fill_card(spec, recipe, folder)
    except (KeyError, TypeError) as error:
        raise TrainingError(
            f"A file in {folder} is incomplete ({error}). Restore it from the repository, or make it again with: "
            "python -m maxdigit evaluate --write"
        ) from error


def percent(share: float) -> str:
    """A share, 0..1, as a percentage for tables."""
    return f"{100 * share:.1f} %"


def accuracy_cell(result: KindResult | None) -> str:
    """One kind's result: accuracy, 95 % interval and number of pictures."""
    if result is None:
        return NOT_MEASURED
    low, high = (100 * bound for bound in result.interval95)
    return f"{percent(result.accuracy)} ({low:.1f}-{high:.1f}; n = {result.count:,})"


def readings_cell(result: KindResult | None) -> str:
    """How many of one kind's digits were read right: share, 95 % interval and number of digits."""
    if result is None or result.readings is None:
        return NOT_MEASURED
    found = result.readings
    low, high = (100 * bound for bound in found.right_interval95)
    return f"{percent(found.right)} ({low:.1f}-{high:.1f}; n = {found.digits:,})"


def heat_cell(score: HeatScore | None) -> str:
    """How often the hottest point lies on a largest digit: share, 95 % interval and number of pictures."""
    if score is None:
        return NOT_MEASURED
    low, high = (100 * bound for bound in score.in_box_interval95)
    return f"{percent(score.in_box)} ({low:.1f}-{high:.1f}; n = {score.count:,})"


def _fill_card(spec: ModelSpec, recipe: str, folder: Path) -> str:
    config, results = read_config(folder), read_results(folder)
    settings, training = config.recipe, results.training
    figures = (
        (spec.paper_validation, "on its validation pictures"),
        (spec.paper_test, "on the competition's test set"),
    )
    paper = " and ".join(f"{percent(share)} {where}" for share, where in figures if share is not None) or "no accuracy"
    return _CARD.format(
        metadata=_metadata(spec, results).to_yaml(),
        title=spec.title,
        model=spec.name,
        recipe=recipe,
        use=(_USE if any(folder.glob("model*")) else _NO_WEIGHTS).format(model=spec.name, recipe=recipe),
        layers=spec.layers,
        parameters=known(results.parameters, "parameters"),
        gigaflops=known(results.flops_per_picture, "flops_per_picture") / 1e9,
        mebibytes=known(results.weight_bytes, "weight_bytes") / 2**20,
        data=_DATA[config.data or "generated"].format(kinds=_kinds(settings)),
        pool=_POOL.format(**asdict(config.pool)) if settings["fresh"] and config.pool is not None else "",
        earlier="".join(_earlier(run) for run in config.started_from),
        averaged=_AVERAGED if config.averaged else "",
        pictures_seen=known(training.pictures_seen, "pictures_seen"),
        epochs=known(training.epochs, "epochs"),
        minutes=known(training.seconds, "seconds") / 60,
        device=known(training.device, "device"),
        best=percent(known(training.best_validation_accuracy, "best_validation_accuracy")),
        settings="\n".join(f"| {key} | `{json.dumps(value)}` |" for key, value in settings.items()),
        calibration=_calibration(folder),
        test_pictures=known(results.test_pictures, "test_pictures"),
        results="\n".join(map(_result, results.test.values())),
        readings=_readings(results),
        heat=_heat(results),
        paper=paper,
    )


def _metadata(spec: ModelSpec, results: RunResults) -> ModelCardData:
    measured = [
        EvalResult(
            task_type="image-classification",
            dataset_type="maxdigit",
            dataset_name=f"MaxDigit {kind}: our own synthesis from MNIST's test digits",
            dataset_config=kind,
            dataset_split=known(result.split, "split"),
            metric_type="accuracy",
            metric_value=result.accuracy,
        )
        for kind, result in results.test.items()
    ]
    return ModelCardData(
        license="mit",
        library_name=_LIBRARIES[spec.framework],
        pipeline_tag="image-classification",
        tags=["mnist", "handwriting", "synthetic-data"],
        datasets=["mnist"],
        # A model index without results is refused.
        model_name=f"MaxDigit {spec.title}" if measured else None,
        eval_results=measured or None,
    )


def _kinds(settings: dict[str, Any]) -> str:
    return ", ".join(f"{kind} ({100 * share:.0f} %)" for kind, share in settings["kinds"].items())


def _earlier(run: EarlierRun) -> str:
    return _EARLIER.format(**vars(run), minutes=run.seconds / 60, kinds=_kinds(run.recipe))


def _calibration(folder: Path) -> str:
    found = read_calibration(folder)
    if found is None:
        return _NOT_CALIBRATED
    backgrounds = {"textured": found.textured, "black": found.black}
    if found.textured == found.black:
        backgrounds = {"any": found.black}
    return _CALIBRATED.format(
        count=found.count,
        split=found.split,
        kinds=", ".join(found.kinds),
        loss_before=found.loss_before,
        loss_after=found.loss_after,
        rows="\n".join(
            f"| {name} | {scaling.temperature:.3f} | {', '.join(f'{offset:+.2f}' for offset in scaling.offsets)} |"
            for name, scaling in backgrounds.items()
        ),
        before=percent(found.calibration_error_before),
        after=percent(found.calibration_error_after),
    )


def _result(result: KindResult) -> str:
    balanced = percent(known(result.balanced_accuracy, "balanced_accuracy"))
    error = percent(known(result.calibration_error, "calibration_error"))
    return f"| {result.kind} | {accuracy_cell(result)} | {balanced} | {known(result.loss, 'loss'):.3f} | {error} |"


def _readings(results: RunResults) -> str:
    rows = [_reading_row(result, result.readings) for result in results.test.values() if result.readings is not None]
    return _READINGS.format(rows="\n".join(rows)) if rows else _NO_READINGS


def _reading_row(result: KindResult, found: ReadingScore) -> str:
    low, high = (100 * bound for bound in found.right_interval95)
    right = f"{percent(found.right)} ({low:.1f}-{high:.1f})"
    where = [
        "none" if share is None else percent(share)
        for share in (found.accuracy_contradicted, found.accuracy_not_contradicted)
    ]
    return (
        f"| {result.kind} | {found.digits:,} | {right} | {percent(found.misread)} | {percent(found.missed)} | "
        f"{percent(found.invented)} | {percent(found.contradicted)} ({', '.join(where)}) |"
    )


def _heat(results: RunResults) -> str:
    rows = [f"| {kind} | {heat_cell(score)} | {percent(score.heat_in_box)} |" for kind, score in results.heat.items()]
    return _HEAT.format(rows="\n".join(rows)) if rows else _NO_HEAT
