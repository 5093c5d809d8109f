"""Scoring on a cluster, with Ray Data, which distributes the parts and repeats those whose worker was lost.

Pictures, answers and models are read and written by the workers themselves, at the same paths on every machine.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.engine.runtime import choose_engine, chosen_engine, limit_cores
from maxdigit.scaling.cluster import cores
from maxdigit.scaling.pictures import ScoreError
from maxdigit.scaling.score import Part, ScoringRun, score_part

_BLOCKS = 10_000  # tasks at most: the parts of a task are computed in sequence


def score_on_cluster(run: ScoringRun, numbers: Sequence[int], workers: int | None = None) -> Iterator[Part]:
    """Compute parts on the cluster that Ray is connected to.

    Args:
        run: whose paths are the same on every machine of the cluster.
        numbers: the parts.
        workers: processes at most, of one core each; None for all cores.

    Raises:
        ScoreError: a worker cannot read the pictures or write the answers.
    """
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)  # without its log of plans and progress
    ray.data.DataContext.get_current().enable_progress_bars = False
    parts = ray.data.from_items(
        [{"number": number} for number in numbers], override_num_blocks=min(len(numbers), _BLOCKS)
    )
    answered = parts.map_batches(
        _Scorer,
        fn_constructor_args=(run, chosen_engine()),
        batch_size=1,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, workers or sum(cores()))),
    )
    try:
        for row in answered.iter_rows():
            yield Part(int(row["pictures"]), int(row["errors"]))
    except ray.exceptions.RayError as error:
        reason = str(getattr(error, "cause", None) or error).strip().rpartition("\n")[2]
        raise ScoreError(
            f"A worker of the cluster failed ({reason}). Finished parts are kept. Pictures, answers and models must be "
            "at the same paths on every machine."
        ) from error


class _Scorer:
    """A worker with one core, whose models stay loaded."""

    def __init__(self, run: ScoringRun, engine: str) -> None:
        limit_cores(1)
        choose_engine(engine)
        self._run = run

    def __call__(self, batch: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.int64]]:
        parts = [score_part(self._run, int(number)) for number in batch["number"]]
        return {
            "pictures": np.array([part.pictures for part in parts]),
            "errors": np.array([part.errors for part in parts]),
        }
