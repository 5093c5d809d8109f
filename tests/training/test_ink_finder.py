"""The network that finds ink: what is trained is what is used, a run can go on, and a damaged file is no end."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from maxdigit import train_cli
from maxdigit.data.scenes import make_scene
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import TrainingError
from maxdigit.preparation import finder
from maxdigit.preparation.ink_network import InkNetwork, fuse
from maxdigit.training import ink_loop
from maxdigit.training.history import read_history
from maxdigit.training.ink_card import write_ink_card
from maxdigit.training.ink_loop import InkRecipe, get_ink_recipe, train_ink_finder, vary
from maxdigit.training.muon import Muon, hidden_kernels
from maxdigit.training.run_setup import Start

TINY = InkRecipe(scenes=96, epoch_scenes=32, batch_size=8, validation_scenes=8)


def scene_inputs(count: int) -> torch.Tensor:
    pixels = np.stack([make_scene(VALIDATION, index).pixels for index in range(count)])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255


def test_fused_batch_norms_change_no_answer():
    torch.manual_seed(0)
    network = InkNetwork()
    with torch.no_grad():
        for _ in range(2):
            network(scene_inputs(4))  # so that the moments are not those of the start
    network.eval()
    inputs = scene_inputs(2)
    with torch.inference_mode():
        before = network(inputs)
        after = fuse(network)(inputs)
    for one, other in zip(before, after, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_logits_have_the_pictures_size():
    ink, look = InkNetwork().eval()(torch.zeros(2, 3, 64, 96))
    assert ink.shape == (2, 64, 96) and look.shape == (2,)


def test_turning_moves_picture_and_truth_alike():
    scene = make_scene(VALIDATION, 3)
    marked = replace(scene, pixels=np.repeat(scene.ink[..., None], 3, 2), kind="competition")  # no colours are swapped
    for seed in range(8):
        pixels, ink = vary(np.random.default_rng(seed), marked)
        assert (pixels[..., 0] == ink).all()


def test_muon_keeps_norms_and_lowers_a_loss():
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(4, 8, 3, bias=False), torch.nn.BatchNorm2d(8), torch.nn.Conv2d(8, 2, 3)
    )
    kernels = hidden_kernels(network)
    assert [kernel.shape[0] for kernel in kernels] == [8]  # the last convolution gives answers
    optimizer = Muon(kernels, 0.02)
    inputs, target = torch.randn(16, 4, 9, 9), torch.randn(16, 2, 5, 5)
    losses = []
    for _ in range(30):
        loss = (network(inputs) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert abs(kernels[0].norm().item() - 8**0.5) < 1e-3


@pytest.fixture(autouse=True, scope="module")
def quick():
    """What is done at a run's end, on a handful of scenes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ink_loop, "TEST_SCENES", 12)
        patched.setattr(ink_loop, "LOOK_SCENES", 30)
        yield


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A folder with a finished run."""
    folder = tmp_path_factory.mktemp("checkpoints")
    train_ink_finder(TINY, folder / "ink_finder")
    return folder


def test_a_run_leaves_all_its_files_and_learns(checkpoints):
    run = checkpoints / "ink_finder"
    history = read_history(run / "history.csv")
    assert [row.epoch for row in history] == [1, 2, 3]
    assert history[-1].train_loss < history[0].train_loss
    assert {path.name for path in run.iterdir()} >= {
        "config.json",
        "history.csv",
        "metrics.json",
        "model.safetensors",
    }
    assert (run / "model.safetensors").stat().st_size < 2_000_000
    assert finder.load_finder(run / "model.safetensors") is not None


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    with monkeypatch.context() as patched:
        calls = []

        def stop(*args):
            calls.append(args)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return 1.0, 0.5

        patched.setattr(ink_loop, "validate", stop)
        with pytest.raises(KeyboardInterrupt):
            train_ink_finder(TINY, folder)
    kept = load_file(folder / "state" / "model.safetensors")
    for part in ("network.ink.weight", "averaged.ink.weight"):
        assert kept[part].abs().sum() > 0
    train_ink_finder(TINY, folder, start=Start(resume=True))
    assert [row.epoch for row in read_history(folder / "history.csv")] == [1, 2, 3]


def test_a_run_can_begin_with_an_earlier_ones_weights_and_new_scenes(checkpoints, tmp_path, monkeypatch):
    earlier, folder = checkpoints / "ink_finder", tmp_path / "checkpoints" / "ink_finder"
    fitted_from, fit_look = [], ink_loop.fit_look
    monkeypatch.setattr(ink_loop, "fit_look", lambda *args: fitted_from.append(args[2]) or fit_look(*args))
    train_ink_finder(
        replace(TINY, scenes=TINY.epoch_scenes, learning_rate=1e-9), folder, start=Start(weights_from=earlier)
    )
    seen = json.loads((earlier / "metrics.json").read_text())["training"]["scenes_seen"]
    assert fitted_from == [seen + TINY.epoch_scenes]  # past all scenes that either run has seen
    assert json.loads((folder / "config.json").read_text())["started_from"][0]["pictures_seen"] == seen
    write_ink_card(folder.parent)
    assert f"which saw {seen:,} scenes" in (folder / "README.md").read_text().replace("\n", " ")
    before, after = (load_file(run / "model.safetensors") for run in (earlier, folder))
    for name in ("down4.2.1.weight", "up1.0.weight", "ink.weight"):
        pair = (state[name].float().flatten() for state in (before, after))
        assert torch.nn.functional.cosine_similarity(*pair, dim=0) > 0.999


def test_weights_to_begin_with_that_cannot_be_read_stop_the_run_before_it_begins(checkpoints, tmp_path):
    shutil.copytree(checkpoints / "ink_finder", tmp_path / "earlier")
    (tmp_path / "earlier" / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(TrainingError, match="cannot be read"):
        train_ink_finder(TINY, tmp_path / "run", start=Start(weights_from=tmp_path / "earlier"))
    assert not (tmp_path / "run").exists()


def test_what_cannot_start_says_why(tmp_path):
    with pytest.raises(TrainingError, match="no unfinished run"):
        train_ink_finder(TINY, tmp_path / "none", start=Start(resume=True))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    with pytest.raises(TrainingError, match="holds a run already"):
        train_ink_finder(TINY, tmp_path / "run")


@pytest.mark.parametrize("content", [None, b"", b"not weights", b"version https://git-lfs.github.com/spec/v1\n"])
def test_without_weights_there_is_no_finder_and_one_line_in_the_log(tmp_path, caplog, content):
    path = tmp_path / "model.safetensors"
    if content is not None:
        path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert finder.load_finder(path) is None
        assert finder.load_finder(path) is None
    assert len(caplog.records) == 1


def test_weights_of_another_network_are_no_finder(tmp_path):
    save_file({"weight": torch.zeros(3)}, tmp_path / "model.safetensors")
    assert finder.load_finder(tmp_path / "model.safetensors") is None


def test_the_card_tells_what_was_measured(checkpoints):
    folder = checkpoints / "ink_finder"
    write_ink_card(checkpoints)
    card = ModelCard.load(folder / "README.md")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert f"trained on {metrics['training']['scenes_seen']:,} generated scenes" in card.text
    for kind, result in metrics["by_kind"].items():
        found = "-" if result["ink_found"] is None else f"{100 * result['ink_found']:.1f} %"
        assert f"| {kind} | {result['count']} | {found} |" in card.text


def test_a_card_cannot_be_made_of_half_a_run(checkpoints, tmp_path):
    folder = tmp_path / "ink_finder"
    shutil.copytree(checkpoints / "ink_finder", folder)
    (folder / "metrics.json").write_text('{"parameters": 3}')
    with pytest.raises(TrainingError, match="incomplete"):
        write_ink_card(tmp_path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scenes": 0}, "scenes must be at least 1"),
        ({"batch_size": 64, "epoch_scenes": 32}, "does not fit"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"seed": -1}, "seed"),
    ],
)
def test_settings_that_make_no_sense_are_told(changes, says):
    with pytest.raises(TrainingError, match=says):
        get_ink_recipe(**changes)


def test_settings_that_are_not_given_stay_as_they_are():
    assert get_ink_recipe(scenes=None, seed=7) == replace(InkRecipe(), seed=7)


def test_the_command_line_refuses_what_the_ink_finder_has_no_use_for():
    result = CliRunner().invoke(train_cli.app, ["ink_finder", "--frozen", "1"])
    assert result.exit_code == 1 and "a recipe of its own" in result.output
