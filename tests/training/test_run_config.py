"""``config.json``: written and read again, from older runs too, and refused if it is damaged."""

from __future__ import annotations

import json

import pytest
from support import REPOSITORY

from maxdigit.errors import TrainingError
from maxdigit.training.run_config import EarlierRun, PoolSettings, RunConfig, read_config, write_config

EARLIER = EarlierRun(recipe={"seed": 1}, pictures_seen=64, seconds=1.5, device="an abacus")
COMMITTED = sorted((REPOSITORY / "checkpoints").rglob("config.json"))
POOL = PoolSettings(pictures=512, kinds={"drawn": 1.0}, balance=0.5, seed=2, version=2)


@pytest.mark.parametrize(
    "config",
    [
        RunConfig(recipe={"model": "torch_cnn"}),
        RunConfig(recipe={"seed": 2}, data="generated", pool=POOL, started_from=(EARLIER, EARLIER), averaged=True),
    ],
)
def test_what_is_written_is_read_again(tmp_path, config):
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config


def test_what_is_unknown_is_left_out_of_the_file(tmp_path):
    write_config(tmp_path, RunConfig(recipe={"seed": 2}))
    assert json.loads((tmp_path / "config.json").read_text()) == {"recipe": {"seed": 2}, "started_from": []}


def test_runs_of_the_ink_finder_once_counted_scenes_by_another_name(tmp_path):
    earlier = {"recipe": {}, "scenes_seen": 7, "seconds": 2, "device": "a loom"}
    (tmp_path / "config.json").write_text(json.dumps({"recipe": {}, "data": "scenes", "started_from": [earlier]}))
    assert read_config(tmp_path).started_from[0].pictures_seen == 7


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_the_committed_runs_are_read_and_written_alike(tmp_path, path):
    config = read_config(path.parent)
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config and config.data in ("generated", "scenes")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"recipe": 1}',
        '{"recipe": {}, "pool": {"pictures": 1}}',
        '{"recipe": {}, "started_from": [{"recipe": {}}]}',
    ],
)
def test_a_damaged_file_is_refused_in_words(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(TrainingError, match=r"config\.json .*Restore it from the repository"):
        read_config(tmp_path)
