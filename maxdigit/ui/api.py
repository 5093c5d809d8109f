"""The endpoint for programs: a picture and a model's name in, the answer out."""

from __future__ import annotations

from typing import Any

import gradio as gr

from maxdigit.data.prepare import open_picture, prepare
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Predictor
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui.classify_tab import default_model
from maxdigit.ui.picture_input import PictureInput, existing


class _AnswerData(gr.JSON):
    """The answer, with its form told to programs."""

    is_template = True

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "model": {"type": "string"},
                "max_digit": {"type": "integer", "minimum": 0, "maximum": NUM_CLASSES - 1},
                "probabilities": {
                    "type": "array",
                    "items": {"type": "number"},
                    "minItems": NUM_CLASSES,
                    "maxItems": NUM_CLASSES,
                },
                "milliseconds": {"type": "number"},
            },
            "required": ["model", "max_digit", "probabilities", "milliseconds"],
        }


def add_api(predictor: Predictor) -> None:
    """Add ``/classify`` to the Blocks being built."""

    def classify(image: str | None, model: str) -> dict[str, Any]:
        """Which of the three handwritten digits in a picture is the largest?

        Args:
            image: A picture with three handwritten digits, of any size and common format. Dark ink on light paper
                is turned to light on dark by itself.
            model: The name of the model to ask.

        Returns:
            The model's name, the largest digit, ten probabilities for 0 to 9 that sum to 1, and the time of the
            forward pass in milliseconds.
        """
        try:
            if image is None:
                raise MaxDigitError("There is no picture. Send one as `image`.")
            prediction = predictor.classify(prepare(open_picture(existing(image))).pixels, model)
        except MaxDigitError as error:
            raise gr.Error(str(error), print_exception=False) from None
        return {
            "model": prediction.model,
            "max_digit": prediction.max_digit,
            "probabilities": [float(share) for share in prediction.probabilities],
            "milliseconds": prediction.milliseconds,
        }

    # The endpoint's own components, never shown: they carry its types and its checks.
    image = PictureInput(visible=False, label="image")
    names = predictor.available()
    # Custom values come through, so that a wrong name gets our sentence and not Gradio's.
    model = gr.Dropdown(names, value=default_model(names), allow_custom_value=True, visible=False, label="model")
    answer = _AnswerData(visible=False, label="answer")
    gr.on([], classify, [image, model], answer, api_name="classify", api_visibility="public", concurrency_limit=1)
