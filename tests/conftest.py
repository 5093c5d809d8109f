"""What every test stands on: quiet frameworks, no telemetry, and small runs that several tests look at."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"  # nothing may be fetched
if "PYTEST_XDIST_WORKER" in os.environ:  # one process a core: more threads would only wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", "1")

REPOSITORY = Path(__file__).resolve().parents[1]
