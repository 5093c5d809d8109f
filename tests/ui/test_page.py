"""The page as a whole: colours, styles, tables, what it loads and what it sends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import gradio as gr
import pytest
from gradio.routes import App
from support import REPOSITORY
from ui_support import FakePredictor

from maxdigit.inference.predict import NAMES, default_model
from maxdigit.models.registry import MODELS
from maxdigit.ui import texts, theme
from maxdigit.ui.about_tab import card_text
from maxdigit.ui.app import build_app, launch_options
from maxdigit.ui.press import pressed
from maxdigit.ui.table import Cell, Row, table
from maxdigit.ui.theme import MODEL_COLOURS, make_theme


def test_what_only_programs_use_is_not_shown(tmp_path: Path) -> None:
    config = build_app(FakePredictor(), tmp_path).get_config_file()
    used = {number for dependency in config["dependencies"] if dependency["api_visibility"] == "public"
            for number in dependency["inputs"] + dependency["outputs"]}  # fmt: skip
    assert used and not any(c["props"].get("visible", True) for c in config["components"] if c["id"] in used)


def contrast(first: str, second: str) -> float:
    """WCAG 2's contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_enough_in_both_themes() -> None:
    theme = make_theme()
    for suffix in ("", "_dark"):
        grounds = [getattr(theme, name + suffix) for name in ("body_background_fill", "block_background_fill")]
        for ground in grounds:
            for text in ("body_text_color", "body_text_color_subdued"):
                assert contrast(getattr(theme, text + suffix), ground) >= 4.5
            for colour in MODEL_COLOURS.values():
                assert contrast(colour, ground) >= 3
    assert set(MODEL_COLOURS) == set(NAMES), "each model has its colour"


def test_every_components_style_is_in_the_head_of_the_page() -> None:
    head = launch_options()["head"]
    ours = {
        path.parent.name: path.read_text(encoding="utf-8") for path in Path(theme.__file__).parent.rglob("style.css")
    }
    kept_apart_by_gradio = {"pad", "cropper", "inside", "challenge", "duel", "drop_area", "stress", "replay"}
    assert {name for name, style in ours.items() if style not in head} == kept_apart_by_gradio


def test_a_table_names_its_rows_and_columns_and_escapes_what_is_text() -> None:
    made = table([Cell(), Cell("a", is_head=True)], [Row([Cell("b", is_head=True), Cell("<i>c</i>")])], caption="<d>")
    assert made == (
        '<table><caption>&lt;d&gt;</caption><thead><tr><td></td><th scope="col">a</th></tr></thead>'
        '<tbody><tr><th scope="row">b</th><td><i>c</i></td></tr></tbody></table>'
    )
    cell = Cell(attributes={"data-column": '"', "data-sort": "", "class": ""})
    assert '<tr class="differs"><td data-column="&quot;" data-sort=""></td></tr>' in table([], [Row([cell], "differs")])


def test_what_is_pressed_says_what_it_stands_for() -> None:
    assert pressed(digit=4) == 'data-press="select" data-digit="4"'
    assert pressed("edit", fit=True) == 'data-press="edit" data-fit="true"'
    assert pressed(truth=None, name='"') == 'data-press="select" data-truth="" data-name="&quot;"'


def test_nothing_is_recorded_or_sent_out() -> None:
    options = launch_options()
    assert options["run_history"] is False and options["share"] is False
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


def test_gradio_makes_one_server_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create, made = App.create_app, []

    def noted(blocks: gr.Blocks, **options: object) -> App:
        made.append(blocks)
        return create(blocks, **options)

    monkeypatch.setattr(App, "create_app", staticmethod(noted))
    demo = build_app(FakePredictor(), tmp_path)
    assert made == []
    assert demo.app is None and App.create_app(demo).get_blocks() is demo and made == [demo]


@pytest.mark.slow
def test_the_page_comes_before_any_framework() -> None:
    script = """
import sys
from pathlib import Path
from maxdigit.inference.predict import Predictor
from maxdigit.ui.app import build_app, launch_options
build_app(Predictor(), Path("checkpoints"), Path("corrections")) and launch_options()
print([name for name in ("torch", "tensorflow", "keras", "plotly", "captum") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stdout + done.stderr


def test_the_page_starts_with_resnet18_where_it_is_trained() -> None:
    assert default_model(list(MODELS)) == "resnet18"
    assert default_model(["torch_cnn"]) == "torch_cnn"
    assert default_model([]) is None


def test_without_trained_models_the_page_says_how_to_train_one(tmp_path: Path) -> None:
    build_app(FakePredictor(names=[]), tmp_path)
    first = texts.translations().translations["en"]["first card"]  # what the page shows for the label of that name
    assert "No trained model was found" in first and "python train.py resnet18" in first


def test_a_models_card_is_read_without_what_only_programs_want(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(
        "---\nlicense: mit\n---\n\n# MaxDigit: ResNet18\n\nWhat it is.\n\n## Use\n\nFun.\n"
    )
    assert card_text(tmp_path) == "\nWhat it is.\n\n#### Use\n\nFun.\n"
    assert card_text(tmp_path / "none") == ""
