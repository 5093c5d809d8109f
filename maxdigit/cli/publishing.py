"""The command that publishes the app."""

from __future__ import annotations

from typing import Annotated

import typer

from maxdigit import CHECKPOINTS
from maxdigit.cli.command import Checkpoints, command


@command()
def publish(
    space: Annotated[str, typer.Option(metavar="OWNER/NAME", help="The Space to create or update.")],
    models: Annotated[bool, typer.Option("--models", help="Each checkpoint too, as a model repository.")] = False,
    dataset: Annotated[bool, typer.Option("--dataset", help="The test pictures too, as a data set.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be sent.")] = False,
    checkpoints: Checkpoints = CHECKPOINTS,
) -> None:
    """Publish the app as a Hugging Face Space, with the token of hf auth login or HF_TOKEN.

    Each repository changes in one commit, and then holds exactly these files.
    """
    from maxdigit.publishing import collect
    from maxdigit.publishing.hub import describe, send

    repositories = collect(space, checkpoints, models=models, dataset=dataset)
    if not dry_run:
        send(repositories, typer.echo)
        return
    for repository in repositories:
        typer.echo("\n".join(describe(repository)))
