"""What every test stands on: quiet frameworks, no telemetry, and small runs that several tests look at."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from support import BROWSER, SLOW

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"  # nothing may be fetched
if "PYTEST_XDIST_WORKER" in os.environ:  # one process a core: more threads would only wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", "1")

gc.disable()  # while modules are imported: none of what they make is garbage


def pytest_collection_finish() -> None:
    """Leave the objects of imported modules out of later collections, which took up to a second each with them."""
    gc.freeze()
    gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where slow or browser tests are not wanted, do not even import their files: that takes as long as many tests."""
    wanted = config.option.markexpr
    unwanted = ("not slow" in wanted and collection_path.stem in SLOW) or (
        "not browser" in wanted and collection_path.name == BROWSER
    )
    return True if unwanted else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ``make check`` leaves out: of the files above, and those that load TensorFlow."""
    for item in items:
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if item.path.parent.name == BROWSER:
            item.add_marker(pytest.mark.browser)
        elif item.path.stem in SLOW or "keras_cnn" in map(str, parameters):
            item.add_marker(pytest.mark.slow)
