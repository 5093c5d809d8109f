"""Sends repositories to the Hugging Face Hub.

Everything is checked and made first, then each repository changes in one commit: if anything fails, none is left half
written, and none that was made for it stays empty. The Space comes last, so that what its card names is there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from maxdigit.publishing.repositories import MadeFile, PublishError, Repository

_SETTINGS = "https://huggingface.co/settings/tokens"
# The Hub's own list of files that it stores with LFS: ours in its place would turn weights into pointers.
_HUBS_OWN = ".gitattributes"


def describe(repository: Repository) -> Iterator[str]:
    """What would be sent, a line for each file, after one for the repository."""
    yield f"{repository.type} {repository.id}: {len(repository.files)} files"
    for name, content in sorted(repository.files.items()):
        if isinstance(content, MadeFile):
            size = content.what
        else:
            size = f"{content.stat().st_size if isinstance(content, Path) else len(content):,} bytes"
        yield f"  {name}: {size}"


def send(repositories: list[Repository], say: Callable[[str], None]) -> None:
    """Make and fill these repositories on the Hub, in this order.

    Args:
        repositories: their contents; other files in them are removed.
        say: called with the address of each one when it is complete.

    Raises:
        PublishError: there is no token, or it may not write there, or the Hub cannot be reached or refuses, or there is
            no room for what has to be made. The sentence never holds the token.
    """
    token = get_token()
    if token is None:
        raise PublishError(
            f"There is no Hugging Face token. Make one that may write at {_SETTINGS}, then log in with: hf auth login "
            "(or set HF_TOKEN)."
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise PublishError(f"The Hugging Face token holds invalid characters. Copy it again from {_SETTINGS}.")
    api = HfApi(token=token, library_name="maxdigit")
    with _in_sentences(token):
        _check_rights(api, {repository.id.split("/")[0] for repository in repositories})
    with tempfile.TemporaryDirectory() as folder:
        made = [_make(repository, Path(folder)) for repository in repositories]
        unfilled: list[Repository] = []
        try:
            with _in_sentences(token):
                for repository in repositories:
                    if _create(api, repository):
                        unfilled.append(repository)
                for repository, files in zip(repositories, made, strict=True):
                    say(_commit(api, repository, files))
                    if repository in unfilled:
                        unfilled.remove(repository)
        except BaseException as error:  # Ctrl-C too
            if left := [repository.id for repository in unfilled if not _removed(api, repository)]:
                raise PublishError(f"{error} What was made for it is still there, empty: {', '.join(left)}.") from None
            raise


def _removed(api: HfApi, repository: Repository) -> bool:
    try:
        api.delete_repo(repository.id, repo_type=repository.type, missing_ok=True)
    except (httpx.HTTPError, OSError):
        return False
    return True


def _check_rights(api: HfApi, owners: set[str]) -> None:
    """Raise PublishError if the token's rights already show that it may not write there."""
    try:
        me = api.whoami()
    except HfHubHTTPError as error:
        if error.response.status_code not in (401, 403):
            raise
        raise PublishError(
            f"The Hub does not know this token: it is mistyped, revoked or expired. Make another at {_SETTINGS}."
        ) from None
    role = me.get("auth", {}).get("accessToken", {}).get("role")
    if role == "read":
        raise PublishError(f"The token of {me['name']} may only read. Make one that may write at {_SETTINGS}.")
    roles = {me["name"]: "admin"} | {group["name"]: group.get("roleInOrg") for group in me.get("orgs", [])}
    for owner in owners:
        if owner not in roles:
            raise PublishError(
                f"{me['name']} is not {owner}, nor a member of an organisation of that name. Give --space one of: "
                f"{', '.join(f'{name}/NAME' for name in roles)}."
            )
        if roles[owner] == "read":
            raise PublishError(f"{me['name']} may only read in {owner}. Ask its owners for the right to write.")


def _make(repository: Repository, folder: Path) -> dict[str, Path | bytes]:
    files: dict[str, Path | bytes] = {}
    for name, content in repository.files.items():
        files[name] = _written(content, folder / name) if isinstance(content, MadeFile) else content
    return files


def _written(content: MadeFile, path: Path) -> Path:
    try:
        content.write(path)
    except OSError as error:
        raise PublishError(f"{path.name} cannot be written to {path.parent} ({error.strerror}).") from None
    return path


def _create(api: HfApi, repository: Repository) -> bool:
    """Whether the repository had to be made."""
    options: dict[str, Any] = {"space_sdk": "gradio"} if repository.type == "space" else {}
    try:
        api.create_repo(repository.id, repo_type=repository.type, **options)
    except HfHubHTTPError as error:
        if error.response.status_code == 409:  # it is there already
            return False
        raise
    return True


def _commit(api: HfApi, repository: Repository, files: dict[str, Path | bytes]) -> str:
    """Make the repository hold exactly these files, and say where it is."""
    there = api.list_repo_files(repository.id, repo_type=repository.type)
    gone = [name for name in there if name not in files and name != _HUBS_OWN]
    api.create_commit(
        repository.id,
        [
            *(CommitOperationAdd(name, content) for name, content in files.items() if name != _HUBS_OWN),
            *(CommitOperationDelete(name) for name in gone),
        ],
        commit_message="Publish MaxDigit",
        repo_type=repository.type,
    )
    prefix = "" if repository.type == "model" else f"{repository.type}s/"
    return f"{api.endpoint}/{prefix}{repository.id}"


@contextmanager
def _in_sentences(token: str) -> Iterator[None]:
    """Turn errors of the Hub's client into PublishErrors without the token."""
    try:
        yield
    except PublishError:
        raise
    except HfHubHTTPError as error:
        raise PublishError(_refusal(error).replace(token, "...")) from None
    except (OfflineModeIsEnabled, httpx.HTTPError, OSError) as error:
        reason = (str(error) or type(error).__name__).replace(token, "...")
        raise PublishError(f"The Hub cannot be reached ({reason}). Try again.") from None
    except (ValueError, RuntimeError) as error:  # a card that the Hub does not take, or an upload that failed
        cause = error.__cause__
        sentence = _refusal(cause) if isinstance(cause, HfHubHTTPError) else f"The Hub refused: {error}"
        raise PublishError(sentence.replace(token, "...")) from None


def _refusal(error: HfHubHTTPError) -> str:
    status = error.response.status_code
    reason = error.server_message or error.response.reason_phrase or f"HTTP {status}"
    if status in (401, 403):
        return (
            f"The token has no right to do this: the Hub says {reason!r}. Make a token that may write to the owner's "
            f"repositories at {_SETTINGS}."
        )
    if status == 402:
        return f"The Hub wants a paid plan for this: it says {reason!r}."
    return f"The Hub refused ({status}): {reason}"
