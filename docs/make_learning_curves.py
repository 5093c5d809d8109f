"""Draw how fast each model learned, by three recipes: ``python docs/make_learning_curves.py [--out PNG]``.

The tuned and the paper's recipe are drawn from the committed runs' ``history.csv``. The curves of the first tuned
recipe (AdamW, no training form) on two CPU cores are in ``docs/learning_curves``, since the folders of its runs were
replaced. Needs Chromium, on the path or named by ``CHROMIUM``.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
from itertools import accumulate
from pathlib import Path

import plotly.graph_objects as go
from playwright.sync_api import sync_playwright
from plotly.subplots import make_subplots

from maxdigit import CHECKPOINTS
from maxdigit.models.registry import MODELS
from maxdigit.training.history import read_whole_history

FOLDER = Path(__file__).parent
SIZE = (1100, 980)
Curve = tuple[list[float], list[float], list[float]]  # pictures seen, hours, validation accuracy in percent
RECIPES = {
    "tuned recipe, H200, two of them then also two CPU cores (four kinds)": "#4f46e5",
    "paper's recipe, H200 (textured pictures only)": "#d97706",
    "first tuned recipe, two CPU cores (four kinds)": "#6b7280",
}


def of_run(folder: Path) -> Curve:
    """Pictures seen, hours and accuracy of the run in ``folder`` and of those before it, by epoch."""
    rows, _ = read_whole_history(folder)
    pictures = list(accumulate(row.seconds * row.pictures_per_second for row in rows))
    hours = list(accumulate(row.seconds / 3600 for row in rows))
    return pictures, hours, [100 * row.validation_accuracy for row in rows]


def of_first_recipe(model: str) -> Curve:
    """The same for the runs whose folders were replaced."""
    with (FOLDER / "learning_curves" / f"{model}_first_recipe.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = [[float(row[key]) for row in rows] for key in ("pictures_seen", "hours", "validation_accuracy")]
    return columns[0], columns[1], [100 * share for share in columns[2]]


def figure(checkpoints: Path) -> go.Figure:
    """Validation accuracy against pictures seen and against hours, a row for each model."""
    titles = [f"{spec.title}: {axis}" for spec in MODELS.values() for axis in ("pictures seen", "hours of training")]
    plot = make_subplots(len(MODELS), 2, subplot_titles=titles, shared_yaxes=True, vertical_spacing=0.08)
    for row, name in enumerate(MODELS, start=1):
        curves = (of_run(checkpoints / name / "tuned"), of_run(checkpoints / name / "paper"), of_first_recipe(name))
        for (label, colour), (pictures, hours, accuracy) in zip(RECIPES.items(), curves, strict=True):
            for column, values in enumerate((pictures, hours), start=1):
                is_first = row == column == 1
                line = go.Scatter(
                    x=values, y=accuracy, name=label, line={"color": colour}, mode="lines+markers", showlegend=is_first
                )
                plot.add_trace(line.update(marker={"size": 4}), row, column)
        plot.update_yaxes(title_text="validation accuracy, %", range=[0, 100], row=row, col=1)
    plot.update_xaxes(type="log")
    plot.update_layout(template="plotly_white", width=SIZE[0], height=SIZE[1], margin={"t": 90, "r": 20, "b": 40})
    return plot.update_layout(legend={"orientation": "h", "y": 1.08, "x": 0})


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=FOLDER / "learning_curves.png", help="default %(default)s")
    args = parser.parse_args()
    page_text = figure(CHECKPOINTS).to_html(include_plotlyjs=True, config={"staticPlot": True})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.set_content(page_text)
        page.wait_for_selector(".legend .traces")
        page.screenshot(path=args.out)
        browser.close()
    print(args.out)


if __name__ == "__main__":
    main()
