"""The picture for a link to the page: named in the head, the link's own where there is one, never in the way."""

from __future__ import annotations

import html
import io
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ui_support import FakePredictor, ReadingPredictor, served

from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Prediction
from maxdigit.ui import texts
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.links import make_query
from maxdigit.ui.pad.example import example_drawing
from maxdigit.ui.sampling import SampleChoice
from maxdigit.ui.social_card import CARD, card_for
from maxdigit.ui.social_card.serving import SocialCards
from maxdigit.ui.texts import english, french
from maxdigit.ui.view_state import ViewState

EXAMPLE = ViewState("draw", example_drawing())


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(ReadingPredictor(), tmp_path_factory.mktemp("runs")) as url:
        yield url


def fetch(address: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as response:
        return response.read()


def named(page: bytes) -> dict[str, str]:
    """What the page says for cards; each name once."""
    pairs = re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)"', page.decode())
    assert len(dict(pairs)) == len(pairs)
    return {name: html.unescape(text) for name, text in pairs}


def test_the_committed_card_has_the_size_that_networks_show_and_is_small() -> None:
    card = Image.open(CARD)
    assert card.size == (1200, 630) and CARD.stat().st_size < 100_000


def test_the_head_names_the_pages_card_and_none_of_gradios_words(address: str) -> None:
    page = fetch(address)
    found = named(page)
    assert found["og:title"] == texts.TITLE and found["og:description"] == english.TAGLINE
    assert found["og:image"] == f"{address}card.png" and found["twitter:card"] == "summary_large_image"
    head = page.split(b"window.gradio_config")[0]
    assert b"githubusercontent" not in head and b"@Gradio" not in head and b"@teamGradio" not in head
    assert fetch(found["og:image"]) == CARD.read_bytes()
    assert named(fetch(address, **{"Accept-Language": "fr-FR"}))["og:description"] == french.TAGLINE
    behind = named(fetch(address, **{"X-Forwarded-Host": "digits.example", "X-Forwarded-Proto": "https"}))
    assert behind["og:image"] == "https://digits.example/card.png"


def test_a_link_has_the_card_of_what_it_shows(address: str) -> None:
    for shown in (EXAMPLE, ViewState("sample", choice=SampleChoice(7))):
        query = make_query(shown, "resnet18")
        found = named(fetch(f"{address}?{query}&other=1"))
        assert found["og:url"].endswith(f"/?{found['og:image'].split('?')[1]}") and "other" not in found["og:url"]
        card = Image.open(io.BytesIO(fetch(found["og:image"]))).convert("RGB")
        made = card_for(shown, "resnet18", predictor=ReadingPredictor(), evaluation=Evaluation())
        assert card.size == made.size
        assert np.abs(np.asarray(card, int) - np.asarray(made, int)).mean() < 2, "but for fewer colours"


def test_a_card_shows_the_answer_of_the_model_that_is_asked() -> None:
    def card(unlike: int, model: str = "resnet18") -> np.ndarray:
        predictor = ReadingPredictor()
        predictor.unlike = unlike
        return np.asarray(card_for(EXAMPLE, model, predictor=predictor, evaluation=Evaluation()), int)

    column = slice(630, None)
    assert (card(3)[:, column] != card(4)[:, column]).any(), "the digit"
    assert (card(3)[:, column] != card(3, "torch_cnn")[:, column]).any(), "the model's colour"
    assert (card(3)[:, :555] == card(4)[:, :555]).all() and (card(3)[:, :555] == 255).any(), "the drawing"
    with texts.speaking("fr"):
        assert (card(3)[:, column] != _english(card, 3)[:, column]).any()


def _english(card: object, digit: int) -> np.ndarray:
    with texts.speaking("en"):
        return card(digit)  # type: ignore[operator]


@pytest.mark.parametrize("query", ["drawing=AAAA", "drawing=", "sample=x", "model=none", "model=resnet18", "a=%00"])
def test_a_link_that_shows_nothing_has_the_pages_card(address: str, query: str) -> None:
    assert fetch(f"{address}card.png?{query}") == CARD.read_bytes()


class FailingPredictor(FakePredictor):
    def classify(self, *_: object) -> Prediction:
        raise MaxDigitError("No.")


def test_where_it_cannot_be_drawn_or_another_is_being_drawn_the_pages_card_is_given() -> None:
    query = (("drawing", make_query(EXAMPLE, "resnet18").split("drawing=")[1]),)
    assert SocialCards(None, FailingPredictor(), Evaluation()).card(query, "en") == CARD.read_bytes()  # type: ignore[arg-type]
    assert SocialCards(None, None, Evaluation()).card(query, "en") == CARD.read_bytes()  # type: ignore[arg-type]
    cards = SocialCards(None, ReadingPredictor(), Evaluation())  # type: ignore[arg-type]
    with cards._drawing:
        assert cards.card(query, "en") == CARD.read_bytes()
    assert cards.card(query, "en") != CARD.read_bytes()


def test_cards_of_links_count_among_the_requests_that_make_work(tmp_path: Path) -> None:
    from maxdigit.ui.guard import Guard, Limits

    guard = Guard(None, tmp_path, Limits(rate=0, burst=2))  # type: ignore[arg-type]

    def ask(path: str, query: bytes) -> bool:
        scope = {"path": path, "method": "GET", "query_string": query, "headers": []}
        return guard._refusal(scope, "client", guard._client("client")) is None

    assert ask("/card.png", b"drawing=a") and ask("/card.png", b"drawing=b") and not ask("/card.png", b"drawing=c")
    assert ask("/card.png", b"") and ask("/", b"drawing=c")
