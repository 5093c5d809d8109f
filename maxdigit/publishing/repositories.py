"""What the repositories on the Hub consist of: the Space, one model repository for each checkpoint, and the data set.

Nothing here uses the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import CardData, RepoCard
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # public, but not named in __all__

from maxdigit.errors import MaxDigitError
from maxdigit.models.registry import MODELS
from maxdigit.models.run_folder import CARD, CONFIG, INK_FINDER, RECIPE_NAMES

# Files of the Space: the app, and what its README and documents link to. Tests, benchmarks and what only contributors
# need are left out, so that it builds faster.
_SPACE_FILES = ("app.py", "train.py", "requirements.txt", "pyproject.toml", "LICENSE", "*.md")
_SPACE_FOLDERS = ("maxdigit", "checkpoints", "docs")
_THUMBNAIL = "docs/laptop-light.png"
_PAGES = "https://huggingface.co"
# The free hardware has no graphics processor: torch from here has no CUDA, whose libraries take 3 GB and minutes of
# every build.
_TORCH_INDEX = "https://download.pytorch.org/whl/cpu"

RepositoryType = Literal["model", "dataset", "space"]


class PublishError(MaxDigitError):
    """Something cannot be published."""


@dataclass(frozen=True)
class MadeFile:
    """A file that is made only when it is sent, because making it takes long."""

    what: str  # is in it, in words
    write: Callable[[Path], None]


Content = Path | bytes | MadeFile


@dataclass(frozen=True)
class Repository:
    """One repository on the Hub: exactly these files."""

    type: RepositoryType
    id: str  # OWNER/NAME
    files: dict[str, Content]  # by their path in the repository


def check_id(space: str) -> str:
    """``space`` if it can be the name of a Space.

    Raises:
        PublishError: it is not OWNER/NAME, or has characters that the Hub does not allow.
    """
    try:
        validate_repo_id(space)
        if space.count("/") != 1:
            raise HFValidationError
    except HFValidationError:
        raise PublishError(
            f"--space must be OWNER/NAME, in letters, digits and - _ . only, and at most 96 characters, not {space!r}."
        ) from None
    return space


def model_repositories(checkpoints: Path, space: str) -> list[Repository]:
    """One repository for each checkpoint that has weights, with its model card.

    Raises:
        PublishError: there is none, or one has no card.
    """
    owner, name = space.split("/")
    repositories = []
    for folder in _weight_folders(checkpoints):
        parts = "-".join([name, *folder.relative_to(checkpoints).parts]).replace("_", "-")
        files: dict[str, Content] = {**dict(_files_in(folder, folder))}
        if CARD not in files:
            raise PublishError(f"{folder} has no model card. Make it with: python -m maxdigit report")
        files[CARD] = _linked_card(folder / CARD, space)
        repositories.append(Repository("model", check_id(f"{owner}/{parts}"), files))
    if not repositories:
        raise PublishError(f"There are no trained models in {checkpoints}. Train one with train.py.")
    return repositories


def space_repository(root: Path, space: str, *, models: list[str], datasets: list[str]) -> Repository:
    """The Space.

    Args:
        root: of the project.
        space: its name, OWNER/NAME.
        models: repositories for its card to name, as are ``datasets``.

    Raises:
        PublishError: ``root`` does not hold the whole project.
    """
    files: dict[str, Content] = {}
    for pattern in _SPACE_FILES:
        files |= {path.name: path for path in sorted(root.glob(pattern)) if path.is_file()}
    for folder in _SPACE_FOLDERS:
        files |= dict(_files_in(root / folder, root))
    missing = [name for name in ("app.py", "requirements.txt", CARD, _THUMBNAIL) if name not in files]
    if missing:
        raise PublishError(
            f"{root} lacks {', '.join(missing)}: a Space is published from a clone of the repository, not from an "
            "installed package."
        )
    # Without TensorFlow, which only training takes: there Keras computes with torch.
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    lines = [f"--extra-index-url {_TORCH_INDEX}", *(line for line in lines if not line.startswith("tensorflow"))]
    files["requirements.txt"] = ("\n".join(lines) + "\n").encode()
    files[CARD] = _space_card(root / CARD, space, models, datasets)
    return Repository("space", space, files)


def _weight_folders(checkpoints: Path) -> Iterator[Path]:
    folders = [checkpoints / model / recipe for model in MODELS for recipe in RECIPE_NAMES]
    for folder in [*folders, checkpoints / INK_FINDER]:
        if (folder / CONFIG).is_file() and any(folder.glob("model*")):
            yield folder


def _files_in(folder: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """The files in ``folder``, by their path from ``root``.

    Hidden files (among them unfinished ones), caches, and the state that a run is resumed from are left out.
    """
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        left_out = any(part.startswith((".", "__pycache__")) or part in ("state", "state_before") for part in parts)
        if path.is_file() and not left_out:
            yield path.relative_to(root).as_posix(), path


def _space_card(path: Path, space: str, models: list[str], datasets: list[str]) -> bytes:
    card = RepoCard(path.read_text(encoding="utf-8"))
    _set(card.data, thumbnail=f"{_PAGES}/spaces/{space}/resolve/main/{_THUMBNAIL}", models=models, datasets=datasets)
    return str(card).encode()


def _linked_card(path: Path, space: str) -> bytes:
    """A model's card with a link to its code, which the card itself calls "the repository"."""
    text = path.read_text(encoding="utf-8")
    link = f"The repository is the Space [{space}]({_PAGES}/spaces/{space}), where the model can be tried.\n\n## Use"
    if "\n## Use\n" not in text:
        raise PublishError(f"{path} has no section on use. Make it again with: python -m maxdigit report")
    return text.replace("## Use", link, 1).encode()


def _set(data: CardData, **values: Any) -> None:
    for name, value in values.items():
        if value:
            data[name] = value
