"""The package's files agree with each other: commands, versions, links in the docs."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib import import_module

import pytest
import yaml
from packaging.requirements import Requirement
from support import REPOSITORY, SLOW

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])


def requirement(name: str, lines: list[str]) -> Requirement:
    (found,) = (line for line in map(Requirement, lines) if line.name == name)
    return found


def app_requirements() -> list[str]:
    lines = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("command", PROJECT["scripts"])
def test_commands_are_there(command):
    module, name = PROJECT["scripts"][command].split(":")
    assert callable(getattr(import_module(module), name))


def test_extras_need_the_same_gradio_as_the_app():
    extra = requirement("gradio", PROJECT["optional-dependencies"]["mcp"])
    assert extra.specifier == requirement("gradio", app_requirements()).specifier


def test_ruff_has_one_version():
    pinned = str(requirement("ruff", PROJECT["optional-dependencies"]["dev"]))
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    assert {tuple(hook["additional_dependencies"]) for hook in hooks} == {(pinned,)}


@pytest.mark.parametrize("name", SLOW)
def test_the_slow_files_that_are_named_are_there(name):
    assert len([*(REPOSITORY / "tests").rglob(f"{name}.py")]) == 1


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if not (document.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_named_in_documents_are_there(document):
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:maxdigit|benchmarks|tests|docs)/[\w./-]+\.(?:py|md|csv|css))`", text)
    missing = [name for name in named if "NAME" not in name and not (REPOSITORY / name).is_file()]
    assert not missing


# From the first to the last: a package imports only what stands before it, and packages in one row not each other.
LAYERS = ({"engine"}, {"preparation"}, {"data"}, {"models"}, {"training", "inference"}, {"scaling", "ui", "publishing"})


@pytest.mark.parametrize("package", [name for layer in LAYERS for name in sorted(layer)])
def test_packages_import_only_those_before_them(package):
    (place,) = (number for number, layer in enumerate(LAYERS) if package in layer)
    allowed = {package}.union(*LAYERS[:place])
    for file in (REPOSITORY / "maxdigit" / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                root, _, rest = name.partition(".")
                inner = rest.partition(".")[0]
                if root == "maxdigit" and (REPOSITORY / "maxdigit" / inner).is_dir() and inner:
                    assert inner in allowed, f"{file.relative_to(REPOSITORY)} imports {name}"
