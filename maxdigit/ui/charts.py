"""Plotly figures of training runs. Colours that the page's own style sheet then fits to the light or dark theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maxdigit.ui import texts
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


def _figure(runs: list[Run], title: str, train: str, validation: str, number: str) -> go.Figure:
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
    axis = {"gridcolor": _GRID, "zeroline": False, "linecolor": _GRID, "automargin": True}
    figure.update_layout(
        height=380,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
        font={"color": _INK, "size": 13, "family": "IBM Plex Sans, system-ui, sans-serif"},
        title={
            "text": title,
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 6},
            "font": {"size": 15},
        },
        xaxis={**axis, "title": {"text": texts.EPOCH, "standoff": 6}, "range": [0, 1.03 * longest], **_ticks(longest)},
        yaxis={**axis, "tickformat": ".0%" if number.endswith("%") else "~g"},
        legend={"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
        hovermode="closest",
        modebar={"bgcolor": _CLEAR, "color": _INK, "activecolor": _INK, "remove": _TOOLS_LEFT_OUT},
        uirevision="keep",  # a zoom stays while runs are shown and hidden
    )
    return figure


def _ticks(longest: int) -> dict[str, int]:
    """Whole epochs only, and not more than about ten of them."""
    for step in (1, 2, 5, 10, 20, 50, 100):
        if longest <= 10 * step:
            return {"dtick": step}
    return {"nticks": 10}
