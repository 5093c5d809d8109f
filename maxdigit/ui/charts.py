"""Plotly figures of training runs and of results. The page's style sheet adapts their colours to the theme."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal

from maxdigit.inference.predict import title
from maxdigit.training.history import Epoch
from maxdigit.training.results import KindResult
from maxdigit.ui import texts
from maxdigit.ui.downloads import csv_text
from maxdigit.ui.saved_runs import Run
from maxdigit.ui.theme import model_colour

if TYPE_CHECKING:  # Plotly takes a while to load: only when a chart is needed
    import plotly.graph_objects as go

SOFTMAX_FLOOR = math.log(1 + 9 / math.e)  # lower bound of the loss with a softmax before the cross-entropy

_INK = "#808080"  # readable on both backgrounds where the style sheet does not apply, as in a saved picture
_GRID = "rgba(128, 128, 128, 0.22)"
_MARKS = ("", "circle-open", "square-open", "diamond-open", "triangle-up-open", "x-open")
_CLEAR = "rgba(0, 0, 0, 0)"
# Dragging zooms, a double click resets: the only buttons left save a picture and reset the axes.
_TOOLS_LEFT_OUT = ["zoom", "pan", "select", "lasso", "zoomin", "zoomout", "resetscale"]


@dataclass(frozen=True)
class View:
    """How curves are shown."""

    axis: Literal["epoch", "pictures", "minutes"] = "epoch"
    smoothing: float = 0.0  # 0 for none, towards 1 for more
    log: bool = False  # whether the loss has a logarithmic axis


def run_figures(runs: list[Run], view: View) -> dict[str, go.Figure]:
    """Charts of the runs: ``accuracy``, ``loss``, ``rate`` (learning rate) and ``speed``."""
    both = ((texts.TRAIN, "train", True), (texts.VALIDATION, "validation", False))
    figures = {
        "accuracy": _figure(runs, view, "accuracy", [(part, f"{name}_accuracy", d) for part, name, d in both], ".1%"),
        "loss": _figure(runs, view, "loss", [(part, f"{name}_loss", d) for part, name, d in both], ".3f"),
        "rate": _figure(runs, view, "rate", [("", "learning_rate", False)], ".2g"),
        "speed": _figure(runs, view, "speed", [("", "pictures_per_second", False)], ",.0f"),
    }
    for spec in {run.spec.name: run.spec for run in runs}.values():
        if spec.paper_validation is None:
            continue
        said = f"{spec.title}, {texts.PAPER_VALIDATION}"
        _reference(
            figures["accuracy"], runs, view, spec.paper_validation, model_colour(spec.name), f"{said}: %{{y:.1%}}"
        )
    if any(run.settings.get("softmax_before_loss") for run in runs):
        _reference(figures["loss"], runs, view, SOFTMAX_FLOOR, _INK, f"{texts.FLOOR}: %{{y:.3f}}")
    figures["loss"].update_yaxes(type="log" if view.log else "linear")
    return figures


def against_figure(measured: dict[str, KindResult], against: str) -> go.Figure | None:
    """Accuracy against a property of the pictures, a line for each model; None if that was not measured.

    Args:
        measured: results on the same kind of picture, by model.
        against: ``digit``, ``confidence``, or one of :data:`maxdigit.training.results.FACTORS`.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for name, result in measured.items():
        points = _points(result, against)
        if points:
            figure.add_scatter(
                x=[place for place, _, _ in points],
                y=[accuracy for _, _, accuracy in points],
                customdata=[count for _, count, _ in points],
                name=title(name),
                mode="lines+markers",
                line={"color": model_colour(name), "width": 2},
                marker={"size": 7},
                hovertemplate=f"{title(name)}, %{{x}}: %{{y:.1%}} ({texts.PICTURES}: %{{customdata:,}})<extra></extra>",
            )
    if not figure.data:
        return None
    is_confidence = against == "confidence"
    if is_confidence:
        figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": _INK, "width": 1, "dash": "2px,3px"})
    _dress(figure, texts.ACCURACY, texts.AGAINST_AXES[against])
    figure.update_xaxes(**({"range": [0, 1.02], "tickformat": ".0%"} if is_confidence else {"type": "category"}))
    # Otherwise the axis would extend beyond 100 % if all points are there.
    figure.update_yaxes(tickformat=".0%", rangemode="normal", autorangeoptions={"clipmin": 0, "clipmax": 1.01})
    return figure


def against_table(measured: dict[str, KindResult], against: str) -> str:
    """The data of :func:`against_figure` as CSV: model, position on the axis, number of pictures, accuracy (0..1)."""
    rows = [
        (name, place, count, f"{share:.5f}")
        for name, result in measured.items()
        for place, count, share in _points(result, against)
    ]
    return csv_text([("model", against, "count", "accuracy"), *rows])


def _points(result: KindResult, against: str) -> list[tuple[Any, int, float]]:
    """Position, number of pictures and accuracy of each point of a line."""
    if against == "confidence":
        return [(confidence, count, accuracy) for count, confidence, accuracy in result.reliability]
    if against == "digit":
        rows = [(str(digit), sum(row), row[digit]) for digit, row in enumerate(result.confusion)]
        return [(digit, count, right / count) for digit, count, right in rows if count]
    return [(name, found.count, found.accuracy) for name, found in result.by.get(against, {}).items()]


def _figure(runs: list[Run], view: View, chart: str, lines: list[tuple[str, str, bool]], number: str) -> go.Figure:
    """One chart. For each line: the part it shows, its column in the history, and whether it is dashed."""
    import plotly.graph_objects as go

    figure = go.Figure()
    marks = _marks(runs)
    for run in runs:
        x = _places(run.epochs, view)
        for part, column, is_dashed in lines:
            y = [getattr(epoch, column) for epoch in run.epochs]
            where = ", ".join(filter(None, (part, f"{texts.EPOCH.lower()} %{{customdata}}")))
            look = {
                "x": x,
                "legendgroup": run.name,  # one entry shows or hides all of a run's lines
                "mode": "lines+markers" if len(run.epochs) == 1 or marks[run.name] else "lines",
                "line": {
                    "color": model_colour(run.spec.name),
                    "width": 2,
                    "dash": "5px,4px" if is_dashed else "solid",
                },
                "marker": {"symbol": marks[run.name] or "circle", "size": 6},
                "customdata": [epoch.epoch for epoch in run.epochs],
            }
            if view.smoothing:  # the measured values stay visible, faintly
                figure.add_scatter(**{**look, "mode": "lines"}, y=y, opacity=0.25, showlegend=False, hoverinfo="skip")
            figure.add_scatter(
                **look,
                y=smooth(y, view.smoothing),
                name=run.title,
                showlegend=not is_dashed,
                opacity=0.75 if is_dashed else 1,
                hovertemplate=f"{run.title}<br>{where}: %{{y:{number}}}<extra></extra>",
            )
    longest = max((_places(run.epochs, view)[-1] for run in runs), default=1)
    _dress(figure, texts.CHARTS[chart], texts.AXIS_TITLES[view.axis], keep=f"{view.axis} {view.log}")
    figure.update_xaxes(range=[0, 1.03 * longest], **(_ticks(longest) if view.axis == "epoch" else {}))
    figure.update_yaxes(tickformat=".0%" if number.endswith("%") else "~s" if chart == "speed" else "~g")
    return figure


def _marks(runs: list[Run]) -> dict[str, str]:
    """Markers that distinguish runs of one model, which share its colour: by run; the first has none."""
    seen: dict[str, int] = {}
    marks = {}
    for run in runs:
        number = max(seen.get(run.spec.name, 0), int(run.recipe == "paper"))  # always has markers
        marks[run.name] = _MARKS[number % len(_MARKS)]
        seen[run.spec.name] = number + 1
    return marks


def smooth(values: list[float], weight: float) -> list[float]:
    """An exponential moving average with bias correction.

    D. P. Kingma, J. Ba, "Adam" (2015), section 3, whose correction TensorBoard's curves use as well.
    """
    mean, shown = 0.0, []
    for number, value in enumerate(values, start=1):
        mean = weight * mean + (1 - weight) * value
        shown.append(mean / (1 - weight**number))
    return shown


def _places(epochs: list[Epoch], view: View) -> list[float]:
    """The end of each epoch on the horizontal axis."""
    if view.axis == "epoch":
        return [epoch.epoch for epoch in epochs]
    if view.axis == "minutes":
        return list(accumulate(epoch.seconds / 60 for epoch in epochs))
    return list(accumulate(epoch.pictures for epoch in epochs))


def _reference(figure: go.Figure, runs: list[Run], view: View, value: float, colour: str, says: str) -> None:
    """A horizontal dotted line."""
    longest = max(_places(run.epochs, view)[-1] for run in runs)
    figure.add_scatter(
        x=[0, longest / 2, longest],
        y=[value] * 3,
        mode="lines",
        line={"color": colour, "width": 1, "dash": "1px,4px"},
        showlegend=False,
        hovertemplate=f"{says}<extra></extra>",
    )


def _dress(figure: go.Figure, heading: str, axis_title: str, keep: str = "keep") -> None:
    """The layout of all charts. The zoom is kept as long as ``keep`` stays the same."""
    axis = {"gridcolor": _GRID, "zeroline": False, "linecolor": _GRID, "automargin": True}
    figure.update_layout(
        height=380,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
        font={"color": _INK, "size": 13, "family": "IBM Plex Sans, system-ui, sans-serif"},
        title={
            "text": heading,
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 6},
            "font": {"size": 15},
        },
        xaxis={**axis, "title": {"text": axis_title, "standoff": 6}},
        yaxis=axis,
        legend={"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
        hovermode="closest",
        modebar={"bgcolor": _CLEAR, "color": _INK, "activecolor": _INK, "remove": _TOOLS_LEFT_OUT},
        uirevision=keep,
        separators=texts.SEPARATORS,
    )


def _ticks(longest: float) -> dict[str, int]:
    """Ticks at whole epochs, about ten at most."""
    for step in (1, 2, 5, 10, 20, 50, 100):
        if longest <= 10 * step:
            return {"dtick": step}
    return {"nticks": 10}
