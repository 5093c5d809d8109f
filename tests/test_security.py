"""SECURITY.md: the tests that it names exist, and what it says about limits and versions is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import REPOSITORY

TEXT = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| guarantee")]


def test_every_guarantee_names_its_test() -> None:
    assert len(ROWS) > 20
    for row in ROWS:
        guarantee, proof = row.strip("| ").rsplit(" | ", 1)
        assert guarantee and re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`(, `tests/[\w/]+\.py::test_\w+`)*", proof), row


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_the_tests_that_are_named_exist(file: str, name: str) -> None:
    assert re.search(rf"^(async )?def {name}\(", (REPOSITORY / file).read_text(encoding="utf-8"), re.MULTILINE)


def requirements(path: Path) -> dict[str, str]:
    lines = (line.partition("#")[0].partition(";")[0].strip() for line in path.read_text().splitlines())
    found = (re.match(r"([\w.-]+)(?:\[[\w,]+\])?\s*(.*)", line) for line in lines if line and not line.startswith("-"))
    return {match[1].lower().replace("_", "-"): match[2] for match in found if match}


def test_every_requirement_has_an_upper_bound() -> None:
    for name, bounds in requirements(REPOSITORY / "requirements.txt").items():
        assert "<" in bounds or "==" in bounds, name


def test_the_lock_file_holds_every_requirement_at_one_version() -> None:
    locked = requirements(REPOSITORY / "requirements.lock")
    assert all(re.fullmatch(r"==[\w.+!]+", bounds) for bounds in locked.values())
    missing = set(requirements(REPOSITORY / "requirements.txt")) - set(locked)
    assert not missing
