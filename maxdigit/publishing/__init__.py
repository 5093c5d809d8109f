"""What ``maxdigit publish`` sends to the Hugging Face Hub, and how."""

from __future__ import annotations

from pathlib import Path

from maxdigit.publishing.dataset import dataset_repository
from maxdigit.publishing.repositories import Repository, check_id, model_repositories, space_repository

_ROOT = Path(__file__).resolve().parents[2]


def collect(
    space: str, checkpoints: Path, *, models: bool, dataset: bool, counts: dict[str, int] | None = None
) -> list[Repository]:
    """The repositories to publish, the Space last.

    Args:
        space: its name, OWNER/NAME, from which those of the others are made.
        checkpoints: the folder of trained models. The Space gets the repository's own.
        models: whether to publish each checkpoint.
        dataset: whether to publish the test pictures.
        counts: how many pictures of each kind, instead of all that are measured.

    Raises:
        PublishError: ``space`` is no such name, or something is missing.
    """
    check_id(space)
    others = model_repositories(checkpoints, space) if models else []
    pictures = [dataset_repository(space, counts)] if dataset else []
    named = {"models": [other.id for other in others], "datasets": [other.id for other in pictures]}
    return [*others, *pictures, space_repository(_ROOT, space, **named)]
