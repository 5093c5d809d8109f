"""The tables of results in Markdown files, made from the runs' own files so that they stay correct."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from maxdigit.data.kinds import TEST_KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.models.registry import ModelSpec
from maxdigit.models.run_folder import ENSEMBLE
from maxdigit.training.cards import (
    NOT_MEASURED,
    accuracy_cell,
    heat_cell,
    measured_runs,
    percent,
    readings_cell,
)
from maxdigit.training.results import HEAT_KINDS, RunResults, is_measured, known, read_results

RESULTS, READINGS = "results", "readings"  # names of the tables in the comments around them


def results_table(checkpoints: Path) -> str:
    """A Markdown table of every measured run under ``checkpoints``, beside the paper's figures."""
    kinds = " | ".join(f"{kind}, ours" for kind in TEST_KINDS)
    lines = [
        f"| model | recipe | {kinds} | no digit, yet sure | trained on | paper: validation / Kaggle test |",
        f"|---|---|{'---|' * len(TEST_KINDS)}---|---|---|",
    ]
    lines += [_row(spec, recipe, read_results(folder)) for spec, recipe, folder in measured_runs(checkpoints)]
    if is_measured(ensemble := checkpoints / ENSEMBLE):
        lines.append(_ensemble_row(read_results(ensemble)))
    return "\n".join(lines)


def summary_table(checkpoints: Path) -> str:
    """A Markdown table with the accuracy of every measured run under ``checkpoints``, by kind of picture."""
    lines = _head(list(TEST_KINDS))
    for spec, recipe, folder in measured_runs(checkpoints):
        lines.append(_summary_row(f"`{spec.name}`, {recipe}", read_results(folder)))
    if is_measured(ensemble := checkpoints / ENSEMBLE):
        lines.append(_summary_row(f"`{ENSEMBLE}`", read_results(ensemble)))
    return "\n".join(lines)


def readings_table(checkpoints: Path) -> str:
    """A Markdown table of readings and heat maps of the measured models, with 95 % intervals."""
    columns = [*(f"{kind}: read right" for kind in TEST_KINDS), *(f"{kind}: hottest point" for kind in HEAT_KINDS)]
    lines = _head(columns)
    for name, results in _readers(checkpoints):
        cells = [readings_cell(results.test.get(kind)) for kind in TEST_KINDS]
        cells += [heat_cell(results.heat.get(kind)) for kind in HEAT_KINDS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def readings_summary(checkpoints: Path) -> str:
    """The same in short: shares only, on the kinds that heat maps are measured on."""
    columns = [f"{what}, {kind}" for what in ("digits read right", "heat on the answer") for kind in HEAT_KINDS]
    lines = _head(columns)
    for name, results in _readers(checkpoints):
        read = [result.readings if result else None for result in map(results.test.get, HEAT_KINDS)]
        shares = [score.right if score else None for score in read]
        shares += [score.in_box if score else None for score in map(results.heat.get, HEAT_KINDS)]
        cells = [NOT_MEASURED if share is None else percent(share) for share in shares]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def update_table(path: Path, table: str, name: str = RESULTS) -> None:
    """Put ``table`` between the two comments with its name in the Markdown file ``path``.

    Raises:
        MaxDigitError: the comments are not there.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = path.read_text(encoding="utf-8")
    if start not in text or end not in text:
        raise MaxDigitError(f"{path} needs the lines {start} and {end}, with the table to come between them.")
    head, rest = text.split(start, 1)
    tail = rest.split(end, 1)[1]
    path.write_text(f"{head}{start}\n{table}\n{end}{tail}", encoding="utf-8")


def _head(columns: list[str]) -> list[str]:
    return [f"| model | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]


def _readers(checkpoints: Path) -> Iterator[tuple[str, RunResults]]:
    """The models that were measured with a reader: name in the table, and results."""
    named = [(f"`{spec.name}`, {recipe}", folder) for spec, recipe, folder in measured_runs(checkpoints)]
    if is_measured(ensemble := checkpoints / ENSEMBLE):
        named.append((f"`{ENSEMBLE}`", ensemble))
    for name, folder in named:
        results = read_results(folder)
        if results.heat or any(result.readings for result in results.test.values()):
            yield name, results


def _summary_row(name: str, results: RunResults) -> str:
    found = (results.test.get(kind) for kind in TEST_KINDS)
    return f"| {name} | {' | '.join(percent(result.accuracy) if result else NOT_MEASURED for result in found)} |"


def _row(spec: ModelSpec, recipe: str, results: RunResults) -> str:
    training = results.training
    paper = " / ".join(percent(share) if share else "none" for share in (spec.paper_validation, spec.paper_test))
    source = f"{known(training.all_pictures, 'pictures_seen'):,} pictures, {training.device}"
    return f"| `{spec.name}` | {recipe} | {_cells(results)} | {source} | {paper} |"


def _ensemble_row(results: RunResults) -> str:
    weights = known(results.weights, "weights")
    members = ", ".join(f"{100 * weight:.0f} % `{name}`" for name, weight in weights.items() if weight)
    return f"| `{ENSEMBLE}` | geometric mean | {_cells(results)} | {members} | none |"


def _cells(results: RunResults) -> str:
    blank = results.blank
    sure = f"{percent(blank.confident_share)} (n = {known(blank.count, 'count'):,})" if blank else NOT_MEASURED
    return " | ".join([*(accuracy_cell(results.test.get(kind)) for kind in TEST_KINDS), sure])
