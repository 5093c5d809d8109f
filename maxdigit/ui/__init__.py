"""The web app. Importing this package before Gradio switches off Gradio's telemetry and needless work."""

import os

from maxdigit.ui.gradio_import import import_gradio

# Gradio reads these when it is imported.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# Otherwise Gradio would summarise all past events after each event, ten times a second while somebody draws.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")

import_gradio()
