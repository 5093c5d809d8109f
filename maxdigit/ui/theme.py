"""The theme: greys in light and dark mode, and a colour for each model."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.themes.utils import fonts, sizes

from maxdigit.models.registry import MODELS
from maxdigit.models.run_folder import ENSEMBLE

_FOLDER = Path(__file__).parent
SCRIPT = _FOLDER / "paste.js"

# One colour for each model in the registry's order, and two for models to come. From Okabe and Ito's set for
# colour-blind readers, the last two and the ensemble's a shade darker; all have a contrast of at least 3:1 on both
# backgrounds.
_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#9a7400", "#6f7f8f")
MODEL_COLOURS = {**dict(zip(MODELS, _COLOURS, strict=False)), ENSEMBLE: "#b8619a"}
OTHER_COLOUR = "#808080"


def model_colour(name: str) -> str:
    """The colour of a model in bars and charts."""
    return MODEL_COLOURS.get(name, OTHER_COLOUR)


def style_sheet() -> str:
    """The page's style sheet: the layout, then the styles of tabs and components, from their folders.

    Their order does not matter: no two of them select the same element with the same specificity.
    """
    # Gradio gets the styles of components with a template, and limits each to its component.
    parts = [path for path in sorted(_FOLDER.glob("*/style.css")) if not path.with_name("template.html").exists()]
    return "\n".join(path.read_text(encoding="utf-8") for path in (_FOLDER / "style.css", *parts))


def make_theme() -> gr.themes.Base:
    """The theme. Gradio serves its fonts."""
    theme = gr.themes.Base(
        primary_hue="zinc",
        secondary_hue="zinc",
        neutral_hue="zinc",
        radius_size=sizes.radius_md,
        font=(fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=("ui-monospace", "monospace"),
    )
    return theme.set(
        body_background_fill="#fafafa",
        body_background_fill_dark="#101012",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#19191c",
        body_text_color="#18181b",
        body_text_color_dark="#f4f4f5",
        body_text_color_subdued="#5b5b66",
        body_text_color_subdued_dark="#a8a8b3",
        block_background_fill="#ffffff",
        block_background_fill_dark="#19191c",
        block_border_color="#e4e4e7",
        block_border_color_dark="#2d2d33",
        border_color_primary="#e4e4e7",
        border_color_primary_dark="#2d2d33",
        block_title_text_color="*body_text_color",
        block_title_text_color_dark="*body_text_color",
        block_shadow="none",
        block_shadow_dark="none",
        input_background_fill="#ffffff",
        input_background_fill_dark="#19191c",
        button_primary_background_fill="#18181b",
        button_primary_background_fill_hover="#3f3f46",
        button_primary_text_color="#ffffff",
        button_primary_background_fill_dark="#f4f4f5",
        button_primary_background_fill_hover_dark="#d4d4d8",
        button_primary_text_color_dark="#18181b",
        checkbox_background_color_selected="#18181b",
        checkbox_background_color_selected_dark="#71717a",
        checkbox_border_color_selected="#18181b",
        checkbox_border_color_selected_dark="#a1a1aa",
        color_accent="*body_text_color",
        link_text_color="#18181b",
        link_text_color_dark="#f4f4f5",
        link_text_color_hover="#52525b",
        link_text_color_hover_dark="#a8a8b3",
    )
