"""The repository is a valid Hugging Face Space as it stands, and so is what ``maxdigit publish`` sends."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support import REPOSITORY

from maxdigit.publishing.repositories import Repository, space_repository

LARGEST = 10_000_000  # bytes; the Hub takes larger files by LFS or Xet only
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
# https://huggingface.co/docs/hub/spaces-config-reference, those of a Gradio Space
KEYS = {"title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file"} | {
    *("suggested_hardware", "short_description", "license", "tags", "models", "datasets", "thumbnail", "pinned"),
    *("fullWidth", "header", "preload_from_hub", "startup_duration_timeout", "disable_embedding", "custom_headers"),
}
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def head_of(text: str) -> dict[str, Any]:
    assert text.startswith("---\n")
    return yaml.safe_load(text.split("---\n")[1])


def required(lines: list[str]) -> dict[str, Requirement]:
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(one.name): one for one in found}


@pytest.fixture(scope="module")
def space() -> Repository:
    return space_repository(REPOSITORY, "me/digits", models=["me/digits-one"], datasets=["me/digits-pictures"])


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    git = shutil.which("git")
    if git is None or not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (REPOSITORY / name).is_file()]


@pytest.mark.parametrize("which", ["repository", "published"])
def test_the_front_matter_is_what_the_hub_takes(which: str, space: Repository) -> None:
    sent = space.files["README.md"]
    assert isinstance(sent, bytes)
    head = head_of((REPOSITORY / "README.md").read_text(encoding="utf-8") if which == "repository" else sent.decode())
    assert set(head) <= KEYS
    assert head["sdk"] == "gradio" and head["license"] == "mit" and head["title"] and len(head["emoji"]) == 1
    assert {head["colorFrom"], head["colorTo"]} <= COLOURS
    assert (REPOSITORY / head["app_file"]).is_file()
    assert len(head["short_description"]) <= 60, "the Hub refuses longer ones"
    assert re.fullmatch(r"3\.\d+", head["python_version"]), "in quotes: 3.10 would become 3.1"
    minimum = [int(part) for part in PROJECT["requires-python"].removeprefix(">=").split(".")]
    assert [int(part) for part in head["python_version"].split(".")] >= minimum
    assert all(re.fullmatch(r"[a-z0-9-]+", tag) for tag in head["tags"])
    if which == "published":
        assert head["models"] == ["me/digits-one"] and head["datasets"] == ["me/digits-pictures"]
        address, picture = head["thumbnail"].split("/resolve/main/")
        assert address == "https://huggingface.co/spaces/me/digits" and picture in space.files


def test_gradio_is_pinned_to_the_version_that_the_space_installs() -> None:
    head = head_of((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    pinned = required((REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines())["gradio"]
    assert str(pinned.specifier) == f"=={head['sdk_version']}"


def test_the_published_space_needs_neither_cuda_nor_tensorflow_as_the_container(space: Repository) -> None:
    sent = space.files["requirements.txt"]
    assert isinstance(sent, bytes)
    option, *rest = sent.decode().splitlines()
    everything = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (left_out,) = set(everything) - set(rest)
    assert Requirement(left_out).name == "tensorflow" and set(rest) < set(everything)
    index = option.removeprefix("--extra-index-url ")
    steps = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    assert f"ARG TORCH_INDEX={index}\n" in steps and 'grep -v "^tensorflow" requirements.txt' in steps


def test_no_file_needs_lfs(tracked: list[str], space: Repository) -> None:
    paths = [REPOSITORY / name for name in tracked] + [one for one in space.files.values() if isinstance(one, Path)]
    assert not [path for path in paths if path.stat().st_size >= LARGEST]
    attributes = (REPOSITORY / ".gitattributes").read_text(encoding="utf-8")
    assert "filter=" not in attributes, "without git-lfs a clone would hold pointers in place of weights"


def test_git_knows_which_files_are_not_text(tracked: list[str]) -> None:
    attributes = (REPOSITORY / ".gitattributes").read_text(encoding="utf-8")
    named = set(re.findall(r"^\*(\.\w+) binary$", attributes, re.MULTILINE))
    for name in tracked:
        is_binary = b"\0" in (REPOSITORY / name).read_bytes()[:8192]
        assert is_binary == (Path(name).suffix in named), name


def imported(path: Path) -> set[str]:
    """The packages that a module imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found |= {one.value.split(".")[0] for one in node.args[:1] if isinstance(one, ast.Constant)}
    return found - sys.stdlib_module_names - {"maxdigit"}


@pytest.mark.slow
def test_what_is_imported_is_required_and_nothing_else_is() -> None:
    files = [REPOSITORY / "app.py", REPOSITORY / "train.py", *(REPOSITORY / "maxdigit").rglob("*.py")]
    provided = packages_distributions()
    names = set().union(*(imported(path) for path in files))
    # What a module asks for that runs only with an extra, or on a host that brings it.
    extras = required([line for extra in ("train", "mcp") for line in PROJECT["optional-dependencies"][extra]])
    elsewhere = {"accelerate", "tqdm", "mcp", "pyarrow", "ray", "spaces"}
    unknown = names - set(provided) - elsewhere
    assert not unknown, f"imported but not installed: {unknown}"
    needed = {canonicalize_name(provided[name][0]) for name in names - elsewhere}
    named = set(required((REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines()))
    assert needed == named
    assert {"accelerate", "tqdm", "gradio"} <= set(extras)
