"""The web app. Importing this package before Gradio switches off Gradio's telemetry and needless work."""

import inspect
import os
from typing import NoReturn

# Gradio reads these when it is imported.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# Otherwise Gradio would summarise all past events after each event, ten times a second while somebody draws.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")


def _no_file(_: object) -> NoReturn:
    raise OSError


# When it is imported, Gradio writes type stubs beside its own files, which doubles the time of the import; later it
# would write them for our components. It skips classes without a file.
_getfile = inspect.getfile
setattr(inspect, "getfile", _no_file)  # noqa: B010  # of another type, on purpose
try:
    import gradio.component_meta
finally:
    inspect.getfile = _getfile
gradio.component_meta.create_or_modify_pyi = lambda *_: None
