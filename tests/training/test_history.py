"""A run's history is read as it was written, and damage is named."""

from __future__ import annotations

import pytest

from maxdigit.training.history import COLUMNS, Epoch, HistoryError, append_epoch, read_history


def test_history_rows_come_back_and_damage_is_named(tmp_path):
    path = tmp_path / "history.csv"
    row = Epoch(1, 2.0, 0.1, 2.1, 0.2, 1e-3, 10.0, 100.0)
    append_epoch(path, row)
    assert read_history(path) == [row]
    path.write_text(path.read_text() + "2,oops\n")
    with pytest.raises(HistoryError, match="line 3"):
        read_history(path)
    path.write_text("epoch,loss\n1,2\n")
    with pytest.raises(HistoryError, match=COLUMNS[1]):
        read_history(path)
    with pytest.raises(HistoryError, match="cannot be read"):
        read_history(tmp_path / "none.csv")
