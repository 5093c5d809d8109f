"""The card of the ink finder, made from its run's own files so that it stays correct."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import ModelCardData

from maxdigit.errors import TrainingError
from maxdigit.models.run_folder import CARD, CONFIG, HISTORY, INK_FINDER, METRICS
from maxdigit.training.cards import percent
from maxdigit.training.history import read_history
from maxdigit.training.ink_results import SceneScore, read_ink_results
from maxdigit.training.run_config import EarlierRun, read_config

_CARD = """---
{metadata}
---

# MaxDigit: the ink finder

Where in a picture is the writing? Before one of MaxDigit's networks reads a photograph, a scan or a screenshot, this
one finds the ink in it, whatever its colour and background; the reading network then gets that ink alone, scaled to one
size of digits.

## Use

For preparing pictures of handwritten digits, in MaxDigit. From the repository's root:

```python
from maxdigit.preparation.files import open_picture
from maxdigit.preparation.prepare import prepare

pixels = prepare(open_picture("photo.jpg")).pixels
```

## Architecture

A U-Net of {parameters:,} parameters for RGB pictures of any size: four levels, batch norm after every convolution, the
last step to full resolution by pixel shuffle. It also says whether a picture looks like the competition's textured
ones, which are not changed.

## Training

It was trained on {scenes:,} generated scenes of 192 x 192 pixels, no scene twice, in {minutes:,.0f} minutes on
{device}: digits of MNIST's training part, forms of our own, type and seven-segment digits, in ink of any colour, on
paper, boards, canvases and screens, with printed lines, frames, desks and things around them, in uneven light, blurred,
noisy and compressed.{earlier} Its best Dice coefficient on validation scenes was {dice:.3f}. Muon for its convolutions
(rate {rate:g}, decaying linearly to zero), AdamW for the rest, batches of {batch}.

## Results

On {count:,} test scenes (split `test`, seed {seed}; MNIST's test digits, backgrounds never trained on), pixels counting
as ink from a probability of {threshold} on. Scenes are made without regard to whether a person could read them: in some
the ink is lost in glare, noise or one-bit conversion.

| scene | n | ink found | found is ink | digits whole | scenes with all digits whole | competition's look told |
|---|---|---|---|---|---|---|
{rows}

Digits of which only the outline is drawn count as filled. *Ink found*: share of the ink's pixels. *Found is ink*: share
of the pixels found that are ink, or within two pixels of it. *Whole*: at least 60 % of a digit's ink was found; where
nothing is written, nothing was found.

## Limits

It knows digits as ink. Letters, drawings and print much like digits are found too, or in part. Very small writing
(under 4 % of a picture's height) may be missed unless the picture is cropped.
"""


_EARLIER = """ It started from the weights of an earlier run, which saw {scenes:,} scenes in {minutes:,.0f} minutes
on {device}."""


def write_ink_card(checkpoints: Path) -> None:
    """Write ``README.md`` into the ink finder's folder, if it was measured.

    Raises:
        TrainingError: a file of the run cannot be read, or is incomplete.
    """
    folder = checkpoints / INK_FINDER
    if (folder / METRICS).is_file():
        (folder / CARD).write_text(ink_card(folder), encoding="utf-8")


def ink_card(folder: Path) -> str:
    """The card, as Markdown with YAML metadata.

    Raises:
        TrainingError: a file of the run cannot be read, or is incomplete.
    """
    results, config = read_ink_results(folder), read_config(folder)
    history = read_history(folder / HISTORY)
    metadata = ModelCardData(
        license="mit",
        library_name="pytorch",
        pipeline_tag="image-segmentation",
        tags=["mnist", "handwriting", "synthetic-data"],
        datasets=["mnist"],
    )
    try:
        rate, batch = config.recipe["learning_rate"], config.recipe["batch_size"]
    except KeyError as error:
        raise TrainingError(f"{folder / CONFIG} is incomplete ({error}). Restore it from the repository.") from error
    return _CARD.format(
        metadata=metadata.to_yaml(),
        parameters=results.parameters,
        scenes=results.training.scenes_seen,
        minutes=results.training.seconds / 60,
        device=results.training.device,
        earlier="".join(_earlier(run) for run in config.started_from),
        dice=max(row.validation_accuracy for row in history),
        rate=rate,
        batch=batch,
        count=results.scenes,
        seed=results.seed,
        threshold=results.threshold,
        rows="\n".join(_row(kind, score) for kind, score in results.by_kind.items()),
    )


def _earlier(run: EarlierRun) -> str:
    return _EARLIER.format(scenes=run.pictures_seen, minutes=run.seconds / 60, device=run.device)


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _row(kind: str, score: SceneScore) -> str:
    shares = (score.ink_found, score.found_is_ink, score.digits_whole, score.scenes_whole, score.look_told)
    return " | ".join([f"| {kind}", f"{score.count:,}", *map(_share, shares)]) + " |"
