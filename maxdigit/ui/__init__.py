"""The web app. Importing this package, before Gradio itself, keeps Gradio from phoning home and from idle work."""

import inspect
import os
from typing import NoReturn

# Gradio reads these while it is imported, so they must be set by whatever imports first: this package.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# Gradio would sum up all past events after each event, ten times a second while somebody draws.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")


def _no_file(_: object) -> NoReturn:
    raise OSError


# At every start Gradio writes type stubs beside its own files, which takes as long as all else that importing it does.
# A class that comes from no file it leaves alone. Later on it would write them for our components.
_getfile = inspect.getfile
inspect.getfile = _no_file
try:
    import gradio.component_meta
finally:
    inspect.getfile = _getfile
gradio.component_meta.create_or_modify_pyi = lambda *_: None
