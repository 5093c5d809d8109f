"""The measured test pictures as a data set for the Hub: one WebDataset archive for each kind, and a card.

A WebDataset is a TAR file whose members with one stem are one example: ``0000017.png`` beside ``0000017.json``. The
Hub shows it, and ``datasets.load_dataset`` reads it, without any code of ours.
"""

from __future__ import annotations

import io
import json
import tarfile
from functools import partial
from pathlib import Path

from huggingface_hub import DatasetCardData

from maxdigit.data.kinds import KINDS, MEASURED_KINDS
from maxdigit.models.run_folder import CARD
from maxdigit.publishing.repositories import Content, MadeFile, Repository, check_id

# As many of each kind as the published results were measured on.
COUNTS = {kind: 10_000 if kind == "textured" else 4_000 if KINDS[kind].has_digits else 1_000 for kind in MEASURED_KINDS}

_CARD = """---
{metadata}
---

# MaxDigit: test pictures

Grey pictures of 128 x 128 pixels with handwritten digits. The task: **which digit is the largest?** These are the
pictures on which the models of [{space}](https://huggingface.co/spaces/{space}) are measured.

| configuration | pictures | what they show |
|---|---|---|
{rows}

```python
from datasets import load_dataset

pictures = load_dataset("{dataset}", "textured", split="test")
pictures[0]["png"], pictures[0]["json"]["max_digit"]
```

## Fields

- `png`: the picture, 8 bits a pixel, light digits on a darker background.
- `json`: `max_digit`, the label, 0 to 9 (null where there is no digit); `digits`, all that are there; `boxes`, for each
  of them x0, y0, x1, y1 in pixels; `background`, the family of the background, `plain` if it has none.

## How they were made

They are a synthesis of our own from MNIST's 10,000 test digits, which no model was trained on, made after measurements
on the few published examples of *Modified MNIST*, a competition of McGill University's course COMP 551 in the fall of
2019, whose own files are no longer available. They are the first pictures of the split `test` (seed {seed}, version
{version} of the generator), and the generator makes the same pictures again.

As the competition has it, digits are drawn uniformly: of three digits the largest is a 9 in 27 % of the pictures, and a
0 in 0.1 %.

## Limits

MNIST's digits were written by American high-school students and census workers around 1990. Backgrounds, photographs
and other ways of writing are simulated.

## Source and licence

The digits are from the [MNIST database](http://yann.lecun.com/exdb/mnist/) of Y. LeCun, C. Cortes and C. Burges,
usually given as CC BY-SA 3.0, which therefore holds for these pictures too.
"""


def dataset_id(space: str) -> str:
    """The name of a Space's data set."""
    return f"{space}-test-pictures"


def dataset_repository(space: str, counts: dict[str, int] | None = None) -> Repository:
    """The data set's repository.

    Args:
        space: OWNER/NAME of the Space it belongs to.
        counts: how many pictures of each kind, instead of ``COUNTS``.
    """
    counts = counts or COUNTS
    files: dict[str, Content] = {CARD: _card(space, counts).encode()}
    for kind, count in counts.items():
        files[f"{kind}.tar"] = MadeFile(f"{count:,} pictures", partial(write_archive, kind=kind, count=count))
    return Repository("dataset", check_id(dataset_id(space)), files)


def write_archive(path: Path, kind: str, count: int) -> None:
    """Write the first ``count`` measured test pictures of a kind as WebDataset; the same bytes each time."""
    from PIL import Image

    from maxdigit.data.pictures import CHUNK, generate
    from maxdigit.data.sample import iter_samples
    from maxdigit.data.splits import TEST

    with tarfile.open(path, "w") as archive:
        for start in range(0, count, CHUNK):
            batch = generate(TEST, start, min(CHUNK, count - start), kind=kind)
            for number, sample in enumerate(iter_samples(batch), start):
                png = io.BytesIO()
                Image.fromarray(sample.pixels).save(png, "png")
                label = {
                    "max_digit": sample.max_digit if sample.digits else None,
                    "digits": sample.digits,
                    "boxes": sample.boxes,
                    "background": sample.family or "plain",
                }
                _add(archive, f"{number:07d}.png", png.getvalue())
                _add(archive, f"{number:07d}.json", json.dumps(label).encode())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # without the time, so that the archive is the same each time
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _card(space: str, counts: dict[str, int]) -> str:
    from maxdigit.data.pictures import VERSION
    from maxdigit.data.splits import TEST

    configs = [
        {"config_name": kind, "data_files": [{"split": "test", "path": f"{kind}.tar"}], "default": kind == "textured"}
        for kind in counts
    ]
    total = sum(counts.values())
    metadata = DatasetCardData(
        pretty_name="MaxDigit: test pictures",
        license="cc-by-sa-3.0",
        task_categories=["image-classification"],
        size_categories="n<1K" if total < 1_000 else "1K<n<10K" if total < 10_000 else "10K<n<100K",
        source_datasets=["ylecun/mnist"],
        tags=["mnist", "handwriting", "synthetic-data"],
        configs=configs,
    )
    return _CARD.format(
        metadata=metadata.to_yaml(),
        space=space,
        dataset=dataset_id(space),
        rows="\n".join(f"| `{kind}` | {count:,} | {KINDS[kind].summary} |" for kind, count in counts.items()),
        seed=TEST.seed,
        version=VERSION,
    )
