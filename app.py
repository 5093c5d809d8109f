"""The web app, on this machine and as a Hugging Face Space.

python app.py [--host 127.0.0.1] [--port 7860] [--checkpoints checkpoints] [--runs checkpoints]
              [--corrections FOLDER] [--mcp] [--open]
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

from maxdigit.errors import MaxDigitError
from maxdigit.inference.backstage import BackstagePredictor, backstage
from maxdigit.inference.predict import CHECKPOINTS, default_model


def main() -> None:
    """Serve the page until it is stopped."""
    parser = argparse.ArgumentParser(description="MaxDigit: which of three handwritten digits is the largest?")
    parser.add_argument("--host", help="address to serve on (0.0.0.0 for all; default: this machine only)")
    parser.add_argument("--port", type=int, help="port to serve on (default: 7860, or the next that is free)")
    parser.add_argument(
        "--checkpoints", type=Path, default=CHECKPOINTS, help="folder of trained models (default: %(default)s)"
    )
    parser.add_argument("--runs", type=Path, help="folder of training runs for the charts (default: --checkpoints)")
    parser.add_argument("--corrections", type=Path, help="ask visitors for right answers, and keep them in this folder")
    parser.add_argument(
        "--mcp", action="store_true", help="serve tools for language models too, by the Model Context Protocol"
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    args = parser.parse_args()
    if args.mcp and find_spec("mcp") is None:
        parser.exit(1, "--mcp needs a package that is not there. Install it with: pip install 'gradio[mcp]'\n")

    backstage.start()
    predictor = BackstagePredictor(args.checkpoints)
    Thread(target=_warm, args=(predictor,), daemon=True).start()
    from maxdigit.ui.app import build_app, launch_options  # takes seconds to load, and the models' process needs it not

    demo = build_app(predictor, args.runs or args.checkpoints, args.corrections)
    demo.launch(server_name=args.host, server_port=args.port, inbrowser=args.open, **launch_options(args.mcp))


def _warm(predictor: BackstagePredictor) -> None:
    """Have the first model ready by the time that the page is."""
    name = default_model(predictor.available())
    if name is not None:
        with suppress(MaxDigitError):  # a damaged checkpoint: the page says so when it is asked
            predictor.warm(name)


if __name__ == "__main__":
    main()
