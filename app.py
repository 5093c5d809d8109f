"""The web app, on this machine and as a Hugging Face Space: ``python app.py``. See ``--help``."""

from __future__ import annotations

import argparse
import gc
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from maxdigit import CHECKPOINTS
from maxdigit.engine.runtime import ENGINES, choose_engine
from maxdigit.errors import MaxDigitError
from maxdigit.inference.model_process import Calls, ModelProcess, ModelProcessPredictor
from maxdigit.inference.on_demand import OnDemandProcess
from maxdigit.serving import ended_by_signals, find_address, private_folder, serve, without_proxies


def main() -> None:
    """Serve the page until it is stopped."""
    parser = argparse.ArgumentParser(description="MaxDigit: which of three handwritten digits is the largest?")
    parser.add_argument("--host", help="address to serve on (0.0.0.0 for all; default: this machine only)")
    parser.add_argument("--port", type=int, help="port to serve on (default: 7860, or the next that is free)")
    parser.add_argument("--root-path", help="path under which a proxy in front serves the page, such as /demo")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder of trained models")
    parser.add_argument("--runs", type=Path, help="folder of training runs for the charts (default: --checkpoints)")
    parser.add_argument("--corrections", type=Path, help="store right answers reported by visitors in this folder")
    parser.add_argument("--review", action="store_true", help="show the stored corrections to all visitors")
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0], help="engine (native: PyTorch, Keras)")
    parser.add_argument("--mcp", action="store_true", help="also serve tools of the Model Context Protocol")
    parser.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="serve the models by Ray Serve on a cluster: HOST:PORT, auto (the one here), local (start one)",
    )
    parser.add_argument("--replicas", type=int, help="number of replicas of the models with --ray (default: 1)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    args = parser.parse_args()
    choose_engine(args.engine)
    if args.mcp and find_spec("mcp") is None:
        parser.exit(1, "--mcp needs a package that is not installed. Install it with: pip install 'gradio[mcp]'\n")
    if args.review and args.corrections is None:
        parser.exit(1, "--review needs to know where: add --corrections FOLDER.\n")
    if args.replicas is not None and (args.ray is None or args.replicas < 1):
        parser.exit(1, "--replicas takes a number from 1 on, together with --ray.\n")
    root_path = (args.root_path or "").rstrip("/")
    if root_path and not re.fullmatch(r"(https?://[\w.:\[\]-]+)?(/[\w.~%-]+)*", root_path, re.ASCII):
        parser.exit(1, f"--root-path must be a path such as /demo, or a whole address, not {args.root_path!r}.\n")

    try:
        host, port = find_address(args.host, args.port)
        with ended_by_signals(), private_folder(port), without_proxies(), _models(args) as (generator, predictor):
            _serve(args, generator, predictor, host, port, root_path or None)
    except MaxDigitError as error:
        parser.exit(1, f"{error}\n")
    except KeyboardInterrupt:  # during the start
        parser.exit(130)


@contextmanager
def _models(args: argparse.Namespace) -> Iterator[tuple[Calls, ModelProcessPredictor]]:
    """The services that make samples and that answer: two processes, or replicas on a cluster for both."""
    if args.ray is None:
        predictor = ModelProcessPredictor(ModelProcess(), args.checkpoints)
        predictor.get_ready()
        yield OnDemandProcess(), predictor
        return
    from maxdigit.scaling.cluster import connected
    from maxdigit.scaling.replicas import Replicas, ReplicasPredictor

    with connected(args.ray):
        replicas = Replicas(args.checkpoints, args.replicas or 1)
        yield replicas, ReplicasPredictor(replicas, args.checkpoints)


def _serve(
    args: argparse.Namespace,
    generator: Calls,
    predictor: ModelProcessPredictor,
    host: str,
    port: int,
    root_path: str | None,
) -> None:
    # Before the first answer Gradio loads Matplotlib if it can: 25 MB that nothing here needs and, at its first start,
    # seconds of searching for fonts and a folder for its cache. None keeps a module from being loaded.
    sys.modules["matplotlib"] = None  # type: ignore[assignment]
    if not args.mcp:  # this too is loaded where it is installed, which takes a tenth of the start
        sys.modules["mcp"] = None  # type: ignore[assignment]
    if args.ray is None:  # so is the first version of Pydantic, by FastAPI
        sys.modules["pydantic.v1"] = None  # type: ignore[assignment]
    # Looking for garbage takes a fifth of the start, which leaves hardly any. `serve` switches it on.
    gc.disable()
    # Here, since it loads Gradio, which takes seconds and reads the environment. The model process does not need it.
    from maxdigit.models.gpu import satisfy_zero_gpu
    from maxdigit.ui.app import build_app, launch_options
    from maxdigit.ui.evaluation import Evaluation

    evaluation = Evaluation(generator.call)
    runs = args.runs or args.checkpoints
    demo = build_app(predictor, runs, args.corrections, review=args.review, evaluation=evaluation)
    satisfy_zero_gpu()
    serve(
        demo,
        host,
        port,
        open_browser=args.open,
        root_path=root_path,  # None: GRADIO_ROOT_PATH
        **launch_options(args.mcp, predictor=predictor, evaluation=evaluation),
    )


if __name__ == "__main__":
    main()
