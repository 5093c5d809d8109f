"""Pictures that no model was trained on, and how good answers to pictures are: what a page asks of the generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.data.labelled import Sample


class Evaluation:
    """The generator's test pictures, and scores.

    Each method imports what it needs, for that takes torch: a process that only serves pages asks another.
    """

    def sample(
        self, seed: int, kind: str = "textured", *, family: str | None = None, digits: Sequence[int] | None = None
    ) -> Sample:
        """As :func:`maxdigit.data.sample.draw_sample`."""
        from maxdigit.data.sample import draw_sample

        return draw_sample(seed, kind, family=family, digits=digits)  # type: ignore[arg-type]

    def measured_picture(self, kind: str, index: int) -> Sample:
        """As :func:`maxdigit.data.sample.measured_picture`."""
        from maxdigit.data.sample import measured_picture

        return measured_picture(kind, index)  # type: ignore[arg-type]

    def measured_families(self, kind: str, indices: Sequence[int]) -> list[str | None]:
        """As :func:`maxdigit.data.sample.measured_families`."""
        from maxdigit.data.sample import measured_families

        return measured_families(kind, indices)  # type: ignore[arg-type]

    def score(self, probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> dict[str, Any]:
        """As :func:`maxdigit.training.metrics.score`."""
        from maxdigit.training.metrics import score

        return score(probabilities, labels)
