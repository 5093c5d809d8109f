"""``maxdigit publish``, against a stand-in for the Hub that runs on this machine."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from hub_stand_in import TOKEN, StandIn, running
from huggingface_hub import constants
from PIL import Image
from typer.testing import CliRunner, Result

import maxdigit.publishing
from maxdigit import CHECKPOINTS
from maxdigit.cli import app
from maxdigit.data.sample import evaluation_picture
from maxdigit.publishing import dataset
from maxdigit.publishing.hub import send
from maxdigit.publishing.repositories import PublishError, Repository, space_repository

COUNTS = {"drawn": 3, "blank": 2}
MODELS = [f"me/digits-{name}" for name in ("torch-cnn-tuned", "torch-cnn-paper", "ink-finder")]
PICTURES = "me/digits-test-pictures"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    with running(StandIn()) as stand_in:
        monkeypatch.setattr(constants, "ENDPOINT", stand_in.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # its protocol is the Hub's own; LFS is as good
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setattr(dataset, "COUNTS", COUNTS)
        yield stand_in


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project."""
    folder = tmp_path_factory.mktemp("project")
    for name, text in {
        "README.md": "---\ntitle: Digits\nsdk: gradio\n---\n\n# Digits\n",
        "LICENSE": "MIT",
        "app.py": "print()",
        "requirements.txt": "gradio\ntensorflow\n",
        "maxdigit/__init__.py": "",
        "maxdigit/__pycache__/junk.pyc": "",
        "maxdigit/.gradio/junk": "",
        "tests/test.py": "",
        "docs/laptop-light.png": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for model in ("torch_cnn", "ink_finder"):
        shutil.copytree(CHECKPOINTS / model, folder / "checkpoints" / model)
    (folder / "checkpoints/torch_cnn/tuned/state").mkdir()
    (folder / "checkpoints/torch_cnn/tuned/state/junk").write_text("")
    return folder


@pytest.fixture
def publish(hub: StandIn, root: Path, monkeypatch: pytest.MonkeyPatch):
    assert hub.url  # never the real one
    monkeypatch.setattr(maxdigit.publishing, "_ROOT", root)

    def run(*options: str, space: str = "me/digits") -> Result:
        arguments = ["publish", "--space", space, "--checkpoints", str(root / "checkpoints"), *options]
        result = CliRunner().invoke(app, arguments)
        assert TOKEN not in result.output and "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def files_of(hub: StandIn, kind: str, name: str) -> dict[str, bytes]:
    return {path: content for path, content in hub.repositories[kind, name].items() if path != ".gitattributes"}


def test_the_space_holds_the_app_and_no_caches_and_comes_last(hub: StandIn, publish, root: Path):
    result = publish("--models", "--dataset")
    assert result.exit_code == 0, result.output
    expected = [("model", name) for name in MODELS] + [("dataset", PICTURES), ("space", "me/digits")]
    assert hub.commits == expected, "one commit each, the Space after what its card names"
    assert hub.checked_cards == [kind for kind, _ in expected], "the Hub looked at each card"
    assert hub.sdks["me/digits"] == "gradio"
    space = files_of(hub, "space", "me/digits")
    assert {"app.py", "requirements.txt", "README.md", "LICENSE", "maxdigit/__init__.py"} <= set(space)
    assert not [name for name in space if "junk" in name or name.startswith("tests/")]
    weights = "checkpoints/torch_cnn/tuned/model.safetensors"
    assert space[weights] == (root / weights).read_bytes() and weights in hub.as_lfs
    card = space["README.md"].decode()
    head = yaml.safe_load(card.split("---\n")[1])
    assert head == {
        "title": "Digits",
        "sdk": "gradio",
        "thumbnail": "https://huggingface.co/spaces/me/digits/resolve/main/docs/laptop-light.png",
        "models": MODELS,
        "datasets": [PICTURES],
    }
    assert card.endswith("# Digits\n")
    assert [f"{hub.url}/spaces/me/digits", f"{hub.url}/{MODELS[0]}"] == [
        line for line in reversed(result.stdout.splitlines()) if line.endswith(("/spaces/me/digits", MODELS[0]))
    ]


def test_each_checkpoint_is_a_model_with_its_card(hub: StandIn, publish, root: Path):
    assert publish("--models").exit_code == 0
    folder = root / "checkpoints/torch_cnn/tuned"
    sent = files_of(hub, "model", MODELS[0])
    kept = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert set(sent) == {path.as_posix() for path in kept if path.parts[0] != "state"}
    for name in set(sent) - {"README.md"}:
        assert sent[name] == (folder / name).read_bytes()
    card = sent["README.md"].decode()
    assert "https://huggingface.co/spaces/me/digits" in card and yaml.safe_load(card.split("---\n")[1])["model-index"]


def test_the_data_set_holds_the_evaluation_pictures(hub: StandIn, publish):
    assert publish("--dataset").exit_code == 0
    sent = files_of(hub, "dataset", PICTURES)
    assert set(sent) == {"README.md", "drawn.tar", "blank.tar"}
    with tarfile.open(fileobj=io.BytesIO(sent["drawn.tar"])) as archive:
        assert archive.getnames() == [f"{i:07d}.{kind}" for i in range(3) for kind in ("png", "json")]
        for number in range(3):
            sample = evaluation_picture("drawn", number)
            with Image.open(archive.extractfile(f"{number:07d}.png")) as picture:
                np.testing.assert_array_equal(np.asarray(picture), sample.pixels)
            label = json.load(archive.extractfile(f"{number:07d}.json"))
            assert label["max_digit"] == max(label["digits"]) == sample.max_digit
            assert [tuple(box) for box in label["boxes"]] == list(sample.boxes)
    with tarfile.open(fileobj=io.BytesIO(sent["blank.tar"])) as archive:
        label = json.load(archive.extractfile("0000000.json"))
        assert label["max_digit"] is None and label["digits"] == []
    head = yaml.safe_load(sent["README.md"].decode().split("---\n")[1])
    assert [config["data_files"][0]["path"] for config in head["configs"]] == ["drawn.tar", "blank.tar"]
    assert head["license"] == "cc-by-sa-3.0" and head["size_categories"] == "n<1K"


def test_publishing_again_changes_only_what_changed_and_removes_what_is_gone(hub: StandIn, publish):
    publish()
    publish()
    assert len(hub.commits) == 1, "nothing was new"
    files = hub.repositories["space", "me/digits"]
    files["maxdigit/gone.py"] = b""
    files["LICENSE"] = b"another"
    publish()
    assert len(hub.commits) == 2 and "maxdigit/gone.py" not in files
    assert files["LICENSE"] == b"MIT" and ".gitattributes" in files


def test_a_dry_run_names_every_file_and_asks_the_hub_nothing(hub: StandIn, publish, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HF_TOKEN")
    hub.refusals.append((".*", 500, "nobody should ask"))
    result = publish("--models", "--dataset", "--dry-run")
    assert result.exit_code == 0 and not hub.repositories
    lines = result.stdout.splitlines()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.refusals.clear()
    publish("--models", "--dataset")
    for (kind, name), files in hub.repositories.items():
        start = lines.index(f"{kind} {name}: {len(files) - 1} files")
        named = dict(line.strip().split(": ") for line in lines[start + 1 : start + len(files)])
        assert set(named) == set(files) - {".gitattributes"}
        for path, size in named.items():
            assert size in (f"{len(files[path]):,} bytes", f"{COUNTS.get(path.removesuffix('.tar'))} pictures")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"role": "read"}, "may only read"),
        ({"refusals": [("GET /api/whoami", 401, "Invalid user token")]}, "does not know this token"),
        ({"refusals": [("GET /api/whoami", 503, "resting")]}, "503"),
    ],
    ids=["may only read", "unknown", "out of order"],
)
def test_a_token_that_will_not_do_is_told_and_nothing_is_written(hub: StandIn, publish, change, sentence):
    for name, value in change.items():
        setattr(hub, name, value)
    result = publish()
    assert result.exit_code == 1 and sentence in result.stderr and not hub.repositories


def test_without_a_token_the_sentence_says_so(hub: StandIn, publish, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HF_TOKEN")
    result = publish()
    assert result.exit_code == 1 and "There is no Hugging Face token" in result.stderr and not hub.repositories


def test_a_mangled_token_is_not_printed(publish, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_broken\x07tokén")
    result = publish()
    assert result.exit_code == 1 and "characters" in result.stderr and "hf_broken" not in result.output


@pytest.mark.parametrize(("space", "sentence"), [("other/digits", "is not other"), ("group/digits", "may only read")])
def test_where_one_may_not_write_the_sentence_says_so(hub: StandIn, publish, space: str, sentence: str):
    hub.organisations["group"] = "read"
    result = publish(space=space)
    assert result.exit_code == 1 and sentence in result.stderr and not hub.repositories


def test_a_space_of_an_organisation(hub: StandIn, publish):
    hub.organisations["group"] = "contributor"
    assert publish(space="group/digits").exit_code == 0 and list(hub.repositories) == [("space", "group/digits")]


@pytest.mark.parametrize(
    ("request_", "status", "sentence"),
    [
        ("POST /api/repos/create", 403, "has no right"),
        ("POST /api/repos/create", 402, "paid plan"),
        ("POST /api/spaces/.*/commit", 403, "has no right"),
        ("POST /api/spaces/.*/preupload", 500, "500"),
        ("PUT /objects/", 507, "507"),
    ],
)
def test_a_refusal_leaves_nothing_half_written(
    hub: StandIn, publish, monkeypatch: pytest.MonkeyPatch, request_: str, status: int, sentence: str
):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)  # between its attempts
    hub.refusals.append((request_, status, f"no, {TOKEN}"))
    result = publish()
    assert result.exit_code == 1 and sentence in result.stderr
    assert not hub.repositories, "neither files nor an empty Space"


def test_what_cannot_be_taken_away_is_named(hub: StandIn, publish):
    hub.refusals += [("POST /api/spaces/.*/commit", 403, "no"), ("DELETE", 403, "no")]
    result = publish()
    assert result.exit_code == 1 and "still there, empty: me/digits" in result.stderr


def test_a_refusal_leaves_a_space_that_was_there_as_it_was(hub: StandIn, publish):
    publish()
    before = dict(hub.repositories["space", "me/digits"])
    hub.repositories["space", "me/digits"]["LICENSE"] = before["LICENSE"] = b"another"
    hub.refusals.append(("POST /api/spaces/.*/commit", 403, "no"))
    assert publish().exit_code == 1 and hub.repositories["space", "me/digits"] == before


def test_a_hub_that_cannot_be_reached(publish, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    result = publish()
    assert result.exit_code == 1 and "cannot be reached" in result.stderr


@pytest.mark.parametrize("space", ["digits", "me/a/b", "me/", "/digits", "me/a b", "me/../x", "", "me/" + 97 * "x"])
def test_nonsense_for_a_name(publish, space: str):
    result = publish("--dry-run", space=space)
    assert result.exit_code == 1 and "must be OWNER/NAME" in result.stderr


def test_no_trained_models(publish, hub: StandIn, tmp_path: Path):
    result = publish("--models", "--checkpoints", str(tmp_path))
    assert result.exit_code == 1 and "no trained models" in result.stderr and not hub.repositories


def test_an_installed_package_is_no_project(tmp_path: Path):
    with pytest.raises(PublishError, match=r"lacks app\.py"):
        space_repository(tmp_path, "me/digits", models=[], datasets=[])


def test_no_room_for_what_has_to_be_made(hub: StandIn):
    def fail(_: Path) -> None:
        raise OSError(28, "No space left on device")

    made = dataset.MadeFile("pictures", fail)
    with pytest.raises(PublishError, match=r"all\.tar cannot be written .*No space left"):
        send([Repository("dataset", "me/digits", {"all.tar": made})], print)
    assert not hub.repositories
