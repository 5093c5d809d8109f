"""The README's table of results, made from the runs' own files so that it cannot drift from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maxdigit.data.pictures import TEST_KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.models.registry import MODELS, ModelSpec
from maxdigit.training.recipes import RECIPE_NAMES
from maxdigit.training.runs import METRICS, read_json

START, END = "<!-- results -->", "<!-- /results -->"


def results_table(checkpoints: Path) -> str:
    """A Markdown table of every measured run under ``checkpoints``, beside the paper's figures."""
    kinds = " | ".join(f"{kind}, ours" for kind in TEST_KINDS)
    lines = [
        f"| model | recipe | {kinds} | trained on | paper: validation / Kaggle test |",
        f"|---|---|{'---|' * len(TEST_KINDS)}---|---|",
    ]
    for spec in MODELS.values():
        for recipe in RECIPE_NAMES:
            path = checkpoints / spec.name / recipe / METRICS
            if path.is_file():
                lines.append(_row(spec, recipe, read_json(path)))
    return "\n".join(lines)


def update_readme(readme: Path, checkpoints: Path) -> None:
    """Put the table of results between the README's two markers.

    Raises:
        MaxDigitError: the markers are not there.
    """
    text = readme.read_text(encoding="utf-8")
    if START not in text or END not in text:
        raise MaxDigitError(f"{readme} needs the lines {START} and {END}, with the table to come between them.")
    head, rest = text.split(START, 1)
    tail = rest.split(END, 1)[1]
    readme.write_text(f"{head}{START}\n{results_table(checkpoints)}\n{END}{tail}", encoding="utf-8")


def _row(spec: ModelSpec, recipe: str, metrics: dict[str, Any]) -> str:
    cells = []
    for kind in TEST_KINDS:
        result = metrics["test"].get(kind)
        if result is None:
            cells.append("not measured")
            continue
        low, high = (100 * bound for bound in result["interval95"])
        cells.append(f"{100 * result['accuracy']:.1f} % ({low:.1f}-{high:.1f}; n = {result['count']:,})")
    training = metrics["training"]
    paper = f"{100 * spec.paper_validation:.1f} % / " + (
        f"{100 * spec.paper_test:.1f} %" if spec.paper_test else "none"
    )
    source = f"{training['pictures_seen']:,} pictures, {training['device']}"
    return f"| `{spec.name}` | {recipe} | {' | '.join(cells)} | {source} | {paper} |"
