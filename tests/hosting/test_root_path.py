"""``app.py --root-path``: what is no path is refused before anything starts."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import REPOSITORY

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("path", ["demo", "/a b", "javascript:alert(1)", "https://", "//host"])
def test_nonsense_is_refused_with_a_sentence(path: str) -> None:
    command = [sys.executable, "app.py", "--root-path", path]
    said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert said.returncode == 1 and said.stdout == ""
    assert said.stderr == f"--root-path must be a path such as /demo, or a whole address, not {path!r}.\n"
