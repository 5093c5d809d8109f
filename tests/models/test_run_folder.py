"""Files of a run's folder are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from maxdigit.models.run_folder import write_aside


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "weights"
    path.write_text("old")

    def fail(aside: Path) -> None:
        aside.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_aside(path, fail)
    assert path.read_text() == "old"
    write_aside(path, lambda aside: aside.write_text("new"))
    assert path.read_text() == "new" and [p.name for p in tmp_path.iterdir()] == ["weights"]
