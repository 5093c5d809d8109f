"""The tables of results in Markdown files, made from the runs' own files so that they cannot differ from them."""

from __future__ import annotations

from pathlib import Path

from maxdigit.data.kinds import TEST_KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.models.registry import ModelSpec
from maxdigit.models.run_folder import ENSEMBLE
from maxdigit.training.cards import NOT_MEASURED, accuracy_cell, measured_runs, percent
from maxdigit.training.results import RunResults, is_measured, known, read_results

START, END = "<!-- results -->", "<!-- /results -->"


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
    lines = [f"| model | {' | '.join(TEST_KINDS)} |", f"|---|{'---|' * len(TEST_KINDS)}"]
    for spec, recipe, folder in measured_runs(checkpoints):
        lines.append(_summary_row(f"`{spec.name}`, {recipe}", read_results(folder)))
    if is_measured(ensemble := checkpoints / ENSEMBLE):
        lines.append(_summary_row(f"`{ENSEMBLE}`", read_results(ensemble)))
    return "\n".join(lines)


def update_table(path: Path, table: str) -> None:
    """Put ``table`` between the two markers in the Markdown file ``path``.

    Raises:
        MaxDigitError: the markers are not there.
    """
    text = path.read_text(encoding="utf-8")
    if START not in text or END not in text:
        raise MaxDigitError(f"{path} needs the lines {START} and {END}, with the table to come between them.")
    head, rest = text.split(START, 1)
    tail = rest.split(END, 1)[1]
    path.write_text(f"{head}{START}\n{table}\n{END}{tail}", encoding="utf-8")


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
    return f"| `{ENSEMBLE}` | weighted mean | {_cells(results)} | {members} | none |"


def _cells(results: RunResults) -> str:
    blank = results.blank
    sure = f"{percent(blank.confident_share)} (n = {known(blank.count, 'count'):,})" if blank else NOT_MEASURED
    return " | ".join([*(accuracy_cell(results.test.get(kind)) for kind in TEST_KINDS), sure])
