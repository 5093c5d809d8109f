"""The web app. Importing this package before Gradio switches off Gradio's telemetry and needless work."""

import inspect
import os
from typing import NoReturn

# Gradio reads these while it is imported, so they must be set before: here.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# Gradio would summarise all past events after each event, ten times a second while somebody draws.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")


def _no_file(_: object) -> NoReturn:
    raise OSError


# On import Gradio writes type stubs beside its own files, which doubles the time that importing takes; later it would
# write them for our components. It skips classes that have no file.
_getfile = inspect.getfile
setattr(inspect, "getfile", _no_file)  # noqa: B010  # of another type, on purpose
try:
    import gradio.component_meta
finally:
    inspect.getfile = _getfile
gradio.component_meta.create_or_modify_pyi = lambda *_: None
