"""The handler of the stress test of the compared picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from maxdigit.inference.changes import CHANGES
from maxdigit.inference.ensemble import mix
from maxdigit.inference.predict import Predictor
from maxdigit.models.run_folder import ENSEMBLE
from maxdigit.ui import texts
from maxdigit.ui.events import ASKING, CARRYING, Changes, Values, data_of
from maxdigit.ui.stress import Row, StressTest, stress_message, stress_value
from maxdigit.ui.view_state import ModelInput


@dataclass(frozen=True)
class Stressing:
    """The handler of the stress test's event."""

    predictor: Predictor
    view: StressTest
    compared: gr.State  # the picture, a ModelInput; None while there is none

    def connect(self) -> None:
        """Connect the view with its handler."""

        def stress(values: Values, asked: gr.EventData) -> Changes:
            return self.stress(values[self.compared], *data_of(asked, "number", "change"))

        self.view.stress(stress, {self.compared}, {self.view}, **ASKING | CARRYING)

    def stress(self, picture: ModelInput | None, number: Any, change: Any) -> Changes:
        """The models' answers at each strength of one kind of change.

        Args:
            picture: what is compared.
            number: of the picture, from the browser; it may be anything.
            change: the kind of change, from the browser.
        """
        if type(number) is not int or not isinstance(change, str) or change not in CHANGES:
            return gr.skip()
        if picture is None:
            return {self.view: stress_message(number, texts.STRESS["nothing"])}
        if not picture.has_writing:
            return {self.view: stress_message(number, texts.STRESS["blank"])}
        try:
            pictures = CHANGES[change].pictures(picture.pixels)
            return {self.view: stress_value(number, change, pictures, self._answers(pictures))}
        except Exception as error:
            return {self.view: stress_message(number, texts.told(error))}

    def _answers(self, pictures: NDArray[np.uint8]) -> list[Row]:
        """Each model's answers in one batch; the ensemble's are computed from those of its members."""
        found: dict[str, NDArray[np.float32]] = {}
        rows = []
        for name in self.predictor.available():
            try:
                found[name] = self._mixed(found, pictures) if name == ENSEMBLE else self._ask(pictures, name)
                rows.append(Row(name, found[name]))
            except Exception as error:
                rows.append(Row(name, trouble=texts.told(error)))
        return rows

    def _mixed(self, found: dict[str, NDArray[np.float32]], pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        weights = {name: weight for name, weight in self.predictor.weights().items() if weight}
        if not weights.keys() <= found.keys():
            return self._ask(pictures, ENSEMBLE)  # raises the member's error
        return mix([found[name] for name in weights], list(weights.values()))

    def _ask(self, pictures: NDArray[np.uint8], model: str) -> NDArray[np.float32]:
        return self.predictor.predict(pictures, model)
