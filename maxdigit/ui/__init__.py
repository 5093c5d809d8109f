"""The web app. Importing this package, before Gradio itself, keeps Gradio and its friends from phoning home."""

import os

# Gradio reads these while it is imported, so they must be set by whatever imports first: this package.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# Gradio would sum up all past events after each event, ten times a second while somebody draws.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")
