"""Plotly figures of training runs and of results. The page's style sheet fits colours to the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maxdigit.inference.predict import title
from maxdigit.ui import texts
from maxdigit.ui.measured import Measured
from maxdigit.ui.runs import Run
from maxdigit.ui.theme import model_colour

if TYPE_CHECKING:  # Plotly takes a while to load: not before a chart is wanted
    import plotly.graph_objects as go

_INK = "#808080"  # readable on either ground where the style sheet does not reach, as in a saved picture
_GRID = "rgba(128, 128, 128, 0.22)"
_CLEAR = "rgba(0, 0, 0, 0)"
# Dragging zooms and a double click goes back; of the buttons only "picture" and "all of it" are left.
_TOOLS_LEFT_OUT = ["zoom", "pan", "select", "lasso", "zoomin", "zoomout", "resetscale"]


def accuracy_figure(runs: list[Run]) -> go.Figure:
    """Accuracy against epoch, training and validation, for each run."""
    return _figure(runs, texts.ACCURACY, "train_accuracy", "validation_accuracy", ".1%")


def loss_figure(runs: list[Run]) -> go.Figure:
    """Loss against epoch, training and validation, for each run."""
    return _figure(runs, texts.LOSS, "train_loss", "validation_loss", ".3f")


def against_figure(measured: dict[str, Measured], against: str) -> go.Figure | None:
    """Accuracy against what makes pictures hard, a line for each model; None if that was not measured.

    Args:
        measured: results on the same kind of picture, by model.
        against: ``digit``, ``confidence``, or one of :data:`maxdigit.ui.measured.FACTORS`.
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
    figure.update_yaxes(tickformat=".0%", rangemode="normal")
    return figure


def _points(result: Measured, against: str) -> list[tuple[Any, int, float]]:
    """Place, number of pictures and accuracy of each point of a line."""
    if against == "confidence":
        return [(confidence, count, accuracy) for count, confidence, accuracy in result.reliability]
    if against == "digit":
        rows = [(str(digit), sum(row), row[digit]) for digit, row in enumerate(result.confusion)]
        return [(digit, count, right / count) for digit, count, right in rows if count]
    return [(name, count, accuracy) for name, (count, accuracy) in result.by.get(against, {}).items()]


def _figure(runs: list[Run], heading: str, train: str, validation: str, number: str) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure()
    for run in runs:
        for column, part, is_train in ((train, texts.TRAIN, True), (validation, texts.VALIDATION, False)):
            figure.add_scatter(
                x=[epoch.epoch for epoch in run.epochs],
                y=[getattr(epoch, column) for epoch in run.epochs],
                name=run.title,
                legendgroup=run.name,  # one entry shows or hides both lines
                showlegend=not is_train,
                mode="lines+markers" if len(run.epochs) == 1 or run.recipe == "paper" else "lines",
                line={"color": model_colour(run.spec.name), "width": 2, "dash": "5px,4px" if is_train else "solid"},
                marker={"symbol": "circle-open", "size": 6},  # the paper's recipe, in the same model's colour
                opacity=0.75 if is_train else 1,
                hovertemplate=f"{run.title}<br>{part}, {texts.EPOCH.lower()} %{{x}}: %{{y:{number}}}<extra></extra>",
            )
    longest = max((run.epochs[-1].epoch for run in runs), default=1)
    _dress(figure, heading, texts.EPOCH)
    figure.update_xaxes(range=[0, 1.03 * longest], **_ticks(longest))
    figure.update_yaxes(tickformat=".0%" if number.endswith("%") else "~g")
    return figure


def _dress(figure: go.Figure, heading: str, axis_title: str) -> None:
    """What all charts share."""
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
        uirevision="keep",  # a zoom stays while runs are shown and hidden
    )


def _ticks(longest: int) -> dict[str, int]:
    """Whole epochs only, and not more than about ten of them."""
    for step in (1, 2, 5, 10, 20, 50, 100):
        if longest <= 10 * step:
            return {"dtick": step}
    return {"nticks": 10}
