"""The web app. Importing this package, before Gradio itself, keeps Gradio and its friends from phoning home."""

import os

# Gradio reads these while it is imported, so they must be set by whatever imports first: this package.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
