"""The app's models behind Ray Serve: replicas on the machines of a cluster replace the model process.

Each replica gathers simultaneous requests into batches, as the model process does. Ray replaces a replica that dies,
and its requests are repeated.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from maxdigit import CHECKPOINTS
from maxdigit.engine.runtime import choose_engine, chosen_engine, limit_cores
from maxdigit.errors import MaxDigitError, PictureError
from maxdigit.inference.model_process import ModelProcessError, ModelProcessPredictor, ask_predictor, outcome
from maxdigit.inference.predict import Predictor, default_model
from maxdigit.preparation.files import read_content
from maxdigit.preparation.prepare import PreparedPicture
from maxdigit.scaling.cluster import ClusterError, cores

_P = ParamSpec("_P")
_R = TypeVar("_R")

NAME = "maxdigit"  # prefix of the names of the applications of Ray Serve
_AT_ONCE = 64  # simultaneous requests of a replica: more than it answers in one pass
_TRIES = 3  # attempts of one call: after the death of so many replicas it is not repeated, as it may be the cause
_PATIENCE = 120.0  # seconds to wait for an answer
_HEALTH = 2.0  # seconds between checks that a replica is alive
_KEPT = 16  # prepared pictures: the page asks for the one it shows again at every press


class Replicas:
    """Calls functions in replicas, as :class:`maxdigit.inference.model_process.ModelProcess` does in its process."""

    def __init__(self, checkpoints: Path, count: int) -> None:
        """Start replicas, or find those that another server of the page has started, and wait until they can answer.

        Args:
            checkpoints: the folder of models, at the same path on every machine of the cluster.
            count: how many; they share the cluster's cores.

        Raises:
            ClusterError: there are not enough cores, or they do not start.
        """
        from ray import serve

        each = cores_for_each(cores(), count)
        checkpoints = checkpoints.absolute()
        logging.getLogger("ray.serve").setLevel(logging.ERROR)
        name = f"{NAME}-{hashlib.sha256(repr((checkpoints, count, chosen_engine())).encode()).hexdigest()[:8]}"
        deployment = serve.deployment(
            name="models",
            num_replicas=count,
            max_ongoing_requests=_AT_ONCE,
            health_check_period_s=_HEALTH,
            ray_actor_options={"num_cpus": each},
            logging_config={"log_level": "ERROR", "enable_access_log": False},
        )(_Replica)
        try:
            serve.start(proxy_location="Disabled")  # no port: the page's server reaches them through Ray
            there = serve.status().applications.get(name)
            if there is not None and there.status == "RUNNING":
                self._handle = serve.get_app_handle(name)
            else:
                application = deployment.bind(checkpoints, each, chosen_engine())
                self._handle = serve.run(application, name=name, route_prefix=None)
        except RuntimeError as error:
            reason = str(error).strip().rpartition("\n")[2]
            raise ClusterError(f"The models do not start on the cluster ({reason}). Look at: serve status") from error

    def call(self, function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """As :meth:`maxdigit.inference.model_process.ModelProcess.call`."""
        import ray.exceptions

        for _ in range(_TRIES):
            try:
                result, error = self._handle.call.remote(function, *args, **kwargs).result(timeout_s=_PATIENCE)
            except (ray.exceptions.RayError, TimeoutError):  # an exception of the function is a value here
                continue
            if error is not None:
                raise error
            return result
        raise ModelProcessError(
            "The models stopped, perhaps because memory ran out, and are being restarted. Please try again."
        )


class ReplicasPredictor(ModelProcessPredictor):
    """A :class:`Predictor` whose models are in replicas, which need not see this machine's files."""

    def __init__(self, replicas: Replicas, checkpoints: Path = CHECKPOINTS) -> None:
        super().__init__(replicas, checkpoints)
        self._prepared = lru_cache(_KEPT)(self._prepare_file)

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        """As :meth:`Predictor.prepare`."""
        if isinstance(source, bytes):
            return super().prepare(source, **options)
        try:
            status = source.stat()
        except (OSError, ValueError):
            return self._prepare_file(source, (0, 0))  # raises a MaxDigitError
        return self._prepared(source, (status.st_mtime_ns, status.st_size), **options)

    def _prepare_file(self, source: Path, _state: tuple[int, int], **options: Any) -> PreparedPicture:
        name, content = read_content(source)
        try:
            return super().prepare(content, **options)
        except PictureError as error:
            named = {key: name if key == "name" else value for key, value in error.values.items()}
            raise type(error)(error.sentence, **named) from None


class _Replica:
    """One process with the models."""

    def __init__(self, checkpoints: Path, count: int, engine: str) -> None:
        limit_cores(count)
        choose_engine(engine)
        with suppress(MaxDigitError):  # a damaged checkpoint: the page shows the error when the model is asked
            name = default_model(Predictor(checkpoints).sound())
            if name is not None:
                ask_predictor(checkpoints, Predictor.warm, name)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, Exception | None]:
        return outcome(function, *args, **kwargs)


def cores_for_each(offered: list[int], count: int) -> int:
    """The number of cores that each of ``count`` replicas can have on these machines.

    Raises:
        ClusterError: there are too few.
    """
    for each in range(max(offered, default=0), 0, -1):
        if sum(machine // each for machine in offered) >= count:
            return each
    raise ClusterError(f"{count} replicas need a core each; the cluster has {sum(offered)}. Ask for fewer: --replicas")
