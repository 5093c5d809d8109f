"""The answer: its words, its bars, its heat map, and digits erased from the picture."""

from __future__ import annotations

import base64
import io
import re
from html import escape
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from ui_support import ClassifyTab, FakePredictor, answer, draw, drawing, shares_in, stroke, uploaded

from maxdigit.inference.predict import Prediction
from maxdigit.models.registry import MODELS
from maxdigit.ui import texts
from maxdigit.ui.answer import answer_card, trouble_card, waiting_card
from maxdigit.ui.app import build_app
from maxdigit.ui.events import Changes
from maxdigit.ui.pad.strokes import MAX_SIZE
from maxdigit.ui.sampling import ANY, choose_sample
from maxdigit.ui.theme import MODEL_COLOURS
from maxdigit.ui.view_state import ModelInput

BLACK = ModelInput(np.zeros((128, 128), np.uint8))


def test_bars_stand_in_digit_order_and_sum_to_all() -> None:
    probabilities = np.array([0.02, 0.0, 0.01, 0.5, 0.0, 0.3, 0.1, 0.05, 0.0, 0.02], np.float32)
    card = answer_card(Prediction("torch_cnn", probabilities, 8.44), ModelInput(np.full((128, 128), 90, np.uint8)))
    assert shares_in(card) == pytest.approx(100 * probabilities, abs=0.06)
    assert re.findall(r'class="bar-digit">(\d)', card) == list("0123456789")
    assert card.count("bar-best") == 1 and re.search(r'class="bar bar-best" [^>]*data-digit="3"', card)
    assert "The largest digit is 3" in card and "8.4 ms" in card and MODEL_COLOURS["torch_cnn"] in card
    assert card.count('aria-live="polite"') == 1


def test_every_card_has_the_same_skeleton() -> None:
    """So that the page does not jump when an answer comes, or goes."""
    answered = answer_card(Prediction("resnet18", np.full(10, 0.1, np.float32), 1.0), BLACK)
    skeletons = {tuple(re.findall(r"<(/?\w+)", card)) for card in (answered, waiting_card("a", "b"), trouble_card("c"))}
    assert len(skeletons) == 1


def test_texts_from_outside_are_escaped() -> None:
    assert "<script>" not in trouble_card("<script>alert(1)</script>")


@pytest.mark.parametrize(
    ("shares", "start"),
    [
        ((0.97, 0.02), "Sure, with 97.0%."),
        ((0.75, 0.2), "Fairly sure"),
        ((0.45, 0.4), "Torn between 9 and 7"),
        ((0.4, 0.1), "Not sure"),
    ],
)
def test_certainty_is_said_in_words(shares: tuple[float, float], start: str) -> None:
    assert texts.certainty(9, shares[0], 7, shares[1]).startswith(start)


def test_a_drawing_is_answered_and_an_erased_one_is_not() -> None:
    predictor = FakePredictor()
    assert "The largest digit is" in answer(predictor, draw(drawing(stroke())))
    assert len(predictor.seen) == 1
    for value in ("", drawing(stroke(), stroke(tool="eraser", size=MAX_SIZE))):
        card = answer(predictor, draw(value))
        assert texts.DRAW_SOMETHING in card and shares_in(card) == []
    assert len(predictor.seen) == 1, "an empty pad must not be shown to a model"


def picture_in(card: str) -> Image.Image:
    data = re.search(r'class="answer-picture"[^>]*base64,([^"]+)"', card)
    assert data
    return Image.open(io.BytesIO(base64.b64decode(data.group(1))))


def test_a_pressed_bar_shows_what_spoke_for_its_digit() -> None:
    predictor = FakePredictor()
    value = drawing(stroke())
    plain = answer(predictor, draw(value))
    assert picture_in(plain).mode == "L"
    card, erased = ClassifyTab(predictor).press(draw(value), digit=4)
    assert erased == ()
    assert texts.WHY.format(digit=4) in card and card.count("bar-asked") == 1
    colours = np.asarray(picture_in(card)).astype(int)
    assert colours.shape == (128, 128, 3)
    assert colours[5, 50] == pytest.approx([0.65 * value for value in (255, 150, 0)], abs=1)  # where the fake heat lies
    assert (colours[5, 110] == 0).all()
    assert shares_in(card) == shares_in(plain)


def test_the_evidence_follows_a_drawing_until_its_bar_is_pressed_again() -> None:
    tab = ClassifyTab(FakePredictor())
    one, two = drawing(stroke()), drawing(stroke(), stroke(points=[[700, 300], [700, 700]]))

    def asked(changes: Changes) -> tuple[int | None, bool, bool]:
        """The digit asked for, whether the card tells of its evidence, and whether heat lies on the pad."""
        page = tab.page
        return (
            changes[page.state.asked],
            texts.WHY.format(digit=4) in changes[page.answer],
            'class="heat"' in changes[page.drawn_marks],
        )

    answering = tab.answering
    assert asked(answering.press(draw(one), "resnet18", 4, None)) == (4, True, True)
    longer = answering.show(draw(two, asked=4), "torch_cnn")
    assert asked(longer) == (4, True, True) and longer[tab.page.answer].count('aria-pressed="true"') == 1
    assert asked(answering.press(draw(two, asked=4), "resnet18", None, 0)) == (4, True, True), "a digit is erased"
    assert asked(answering.press(draw(two, asked=4), "resnet18", 4, None)) == (None, False, False)
    assert answering.show(draw("", asked=4), "resnet18")[tab.page.state.asked] is None
    assert draw(two, asked=4).in_mode("upload").asked is None and draw(two, asked=4).in_mode("draw").asked == 4


@pytest.mark.parametrize("digit", [10, -1, None, "4"])
def test_a_bar_that_does_not_exist_changes_nothing(digit: object) -> None:
    answering = ClassifyTab(FakePredictor()).answering
    for number in (digit, 7):
        assert answering.press(draw(drawing(stroke())), "resnet18", digit, number) == gr.skip()
    assert answering.press(draw(""), "resnet18", 4, 0) == gr.skip()


def test_a_digit_that_was_found_is_erased_and_put_back() -> None:
    predictor = FakePredictor()
    value = drawing(stroke(points=[[100, 200], [100, 600]]), stroke(points=[[700, 300], [700, 700]]))
    tab = ClassifyTab(predictor)
    plain = tab.answer(draw(value))
    assert plain.count("<rect") == 2 and plain.count("data-erase") == 4, "a box and a button for each"
    assert plain.count('aria-pressed="false"') == 2 + 10, "the digits, and the bars"
    card, erased = tab.press(draw(value), number=1)
    assert erased == (1,) and card.count('aria-pressed="true"') == 1
    left = np.asarray(picture_in(card))
    assert (left[:, 64:] == 0).all() and left[64, :64].max() == 255, "only the second is gone"
    card, erased = tab.press(draw(value, erased=erased), digit=4)
    assert erased == (1,) and texts.WHY.format(digit=4) in card, "why, about what is left"
    card, erased = tab.press(draw(value, erased=erased), number=1)
    assert erased == () and card == plain


def test_trouble_is_told_in_the_card() -> None:
    assert "The drawing cannot be read" in answer(FakePredictor(), draw("nonsense"))
    assert "There is no model called" in answer(FakePredictor(), draw(drawing(stroke())), "resnet19")
    assert texts.FILE_GONE in answer(FakePredictor(), uploaded("/no/such/file.png"))


class FaultyPredictor(FakePredictor):
    """Fails, by no fault of the visitor's, when it is asked why."""

    def explain(self, *_: object) -> np.ndarray:
        raise TypeError("a tensor at /srv/secret was handed to another framework")


class BrokenPredictor(FaultyPredictor):
    """Fails whatever it is asked."""

    def classify(self, *_: object) -> Prediction:
        raise RuntimeError("out of memory in /srv/secret")


def test_a_fault_takes_the_place_of_the_answer_and_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever fails: no earlier answer stays on the page as if it were the one to what is shown now."""
    tab, broken = ClassifyTab(FaultyPredictor()), ClassifyTab(BrokenPredictor())
    shown, choice = draw(drawing(stroke())), choose_sample("textured", ANY, "1 2 3")
    assert "The largest digit is" in tab.answer(shown)
    failed = [tab.answering.press(shown, "resnet18", 4, None)]
    failed += [broken.answering.show(shown, "resnet18"), broken.answering.press(shown, "resnet18", None, 0)]
    failed.append(broken.answering.show_sample(choice, "resnet18"))
    for changes, page in zip(failed, [tab.page, *[broken.page] * 3], strict=True):
        card = changes[page.answer]
        assert escape(texts.FAULT) in card and "secret" not in card and shares_in(card) == []
        assert page.parts in changes and page.state.erased in changes
    assert caplog.text.count("Traceback") == len(failed) and "/srv/secret" in caplog.text
    with texts.speaking("fr"):
        assert "erreur de ce programme" in broken.answer(shown)


def test_the_ensemble_is_offered_beside_the_models_and_answers(tmp_path: Path) -> None:
    config = build_app(FakePredictor(), tmp_path).get_config_file()
    (choices,) = (c["props"]["choices"] for c in config["components"] if c["props"].get("elem_id") == "model")
    assert [name for _, name in choices] == [*MODELS, "ensemble"] and choices[-1][0] == "Ensemble"
    card = answer_card(Prediction("ensemble", np.eye(10, dtype=np.float32)[4], 20.0), BLACK)
    assert "The largest digit is 4" in card and "Ensemble, 20 ms" in card
