"""What is shown of the inside of a network: maps, readings, and how they become an answer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from support import REPOSITORY

from maxdigit import CHECKPOINTS
from maxdigit.inference import inside
from maxdigit.inference.exciting import (
    BEST,
    FILE,
    PICTURES,
    find_exciting,
    read_exciting,
    write_exciting,
    write_pictures,
)
from maxdigit.inference.inside import SHOWN, look_inside, sections_of
from maxdigit.inference.predict import Predictor
from maxdigit.models.reader import NOTHING
from maxdigit.models.reading_classifier import load_reader
from maxdigit.models.registry import MODELS
from maxdigit.models.run_folder import ENSEMBLE
from maxdigit.models.sections import SECTIONS, SectionsError
from maxdigit.ui.pad import parse_strokes, render
from maxdigit.ui.pad.example import example_drawing

pytestmark = pytest.mark.slow
PICTURE = render(parse_strokes(example_drawing()))
FOLDER = CHECKPOINTS / "torch_cnn" / "tuned"


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor()


@pytest.mark.parametrize("name", MODELS)
def test_every_section_shows_its_most_active_maps(predictor: Predictor, name: str) -> None:
    found = predictor.look_inside(PICTURE, name)
    outputs = sections_of(name, predictor.folder(name))(PICTURE)
    assert found.model == name and len(found.sections) == len(SECTIONS[name])
    for view, maps in zip(found.sections, outputs.maps, strict=True):
        assert len(set(view.shown)) == len(view.maps) == SHOWN
        side = view.maps.shape[-1]
        assert 4 <= side <= 32 and view.covered % side == 0 and view.covered <= len(maps[0]) < view.covered + side
        assert view.maps.any()
        # Where a map is strongest, it is so in small too.
        channel, small = view.shown[0], view.maps[0]
        row, column = np.unravel_index(maps[channel][: view.covered, : view.covered].argmax(), (view.covered,) * 2)
        step = view.covered // side
        assert small[row // step, column // step] == small.max()
    assert sum(view.maps.nbytes for view in found.sections) < 40_000, "small enough to follow the pen"


@pytest.mark.parametrize("name", MODELS)
def test_the_cells_read_what_the_readings_say(predictor: Predictor, name: str) -> None:
    found = predictor.look_inside(PICTURE, name)
    if found.cells is None:
        pytest.skip(f"{name} has no reader")
    assert found.flows is not None and [reading.digit for reading in found.flows.readings] == [3, 8, 5]
    place = found.cells.map
    for reading in found.flows.readings:
        column, row = (round((at - place.first) / place.step) for at in (reading.x, reading.y))
        around = found.cells.digits[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        assert reading.digit in around
    assert found.cells.digits[0, -1] == NOTHING


def test_what_the_digits_and_the_rest_add_is_the_answer_of_the_linear_layer(predictor: Predictor) -> None:
    found = predictor.look_inside(PICTURE, "torch_cnn")
    assert found.flows is not None and found.flows.is_exact and found.flows.rest is not None
    logits = sections_of("torch_cnn", FOLDER)(PICTURE).logits
    summed = found.flows.adds.sum(0) + found.flows.rest
    assert summed == pytest.approx(logits - logits.mean(), abs=1e-3)
    assert found.flows.adds[1].argmax() == 8, "the 8 speaks for the 8"


def test_of_other_networks_each_digit_adds_what_the_answer_loses_without_it(predictor: Predictor) -> None:
    boxes = [(10, 40, 50, 90), (50, 40, 80, 90), (80, 40, 120, 90)]
    found = predictor.look_inside(PICTURE, "resnet18", boxes=boxes)
    assert found.flows is not None and not found.flows.is_exact and found.flows.rest is None
    network = sections_of("resnet18", predictor.folder("resnet18"))
    reading = found.flows.readings[1]
    box = next(b for b in boxes if b[0] <= reading.x <= b[2] and b[1] <= reading.y <= b[3])
    erased = PICTURE.copy()
    erased[box[1] - 2 : box[3] + 2, box[0] - 2 : box[2] + 2] = 0
    lost = network(PICTURE).logits - network(erased).logits
    assert found.flows.adds[1] == pytest.approx(lost - lost.mean(), abs=0.2)
    assert found.flows.adds[1].argmax() == 8


def test_a_blank_picture_has_nothing_to_follow(predictor: Predictor) -> None:
    found = predictor.look_inside(np.zeros((128, 128), np.uint8), "torch_cnn")
    assert found.flows is None and found.cells is not None and (found.cells.digits == NOTHING).all()


def test_the_ensemble_shows_the_member_whose_word_counts_most(predictor: Predictor) -> None:
    if ENSEMBLE not in predictor.available():
        pytest.skip("there is no ensemble")
    weights = predictor.weights()
    assert predictor.look_inside(PICTURE, ENSEMBLE).model == max(weights, key=weights.__getitem__)


def test_a_map_is_looked_at_closely(predictor: Predictor) -> None:
    first = predictor.look_inside(PICTURE, "torch_cnn", chosen=(0, 7)).map
    assert first is not None and first.values.shape == (62, 62) and first.covered == 62
    weights = sections_of("torch_cnn", FOLDER).kernels[7]
    assert first.kernel is not None and first.kernel.shape == (5, 5)
    assert first.kernel / 127 == pytest.approx(weights / np.abs(weights).max(), abs=0.005)
    later = predictor.look_inside(PICTURE, "torch_cnn", chosen=(2, 100)).map
    assert later is not None and later.kernel is None and later.values.shape == (12, 12)


@pytest.mark.parametrize("chosen", [(0, 32), (3, 0), (-1, 0), (0, -1)])
def test_a_map_that_is_not_there_is_named_in_a_sentence(predictor: Predictor, chosen: tuple[int, int]) -> None:
    with pytest.raises(SectionsError, match=f"no map {chosen[1] + 1}"):
        predictor.look_inside(PICTURE, "torch_cnn", chosen=chosen)


# ---- The pictures that excite the maps


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A folder of checkpoints with the PyTorch CNN, shown twelve pictures; and those."""
    checkpoints = tmp_path_factory.mktemp("checkpoints")
    folder = checkpoints / "torch_cnn" / "tuned"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns(FILE))
    pictures = np.zeros((12, 128, 128), np.uint8)
    for number, picture in enumerate(pictures):
        picture[20 + 5 * number : 50 + 5 * number, 40:46] = 100 + 13 * number
    write_pictures(checkpoints, pictures)
    write_exciting(folder, find_exciting(sections_of("torch_cnn", FOLDER), pictures))
    return folder, pictures


def test_the_most_exciting_pictures_are_found_and_cropped_to_what_the_cell_sees(
    prepared: tuple[Path, np.ndarray],
) -> None:
    folder, pictures = prepared
    found = read_exciting("torch_cnn", folder)
    assert found is not None
    maps = [sections_of("torch_cnn", FOLDER)(picture).maps for picture in pictures]
    for section in range(3):
        strengths = np.stack([each[section].max((1, 2)) for each in maps], 1)
        assert found.scales[section] == pytest.approx(np.maximum(strengths.max(1), 1e-6))
        best = np.take_along_axis(strengths, found.best[section].astype(int), 1)
        assert best.shape[1] == BEST
        assert (np.diff(best, axis=1) <= 0).all() and best[:, 0] == pytest.approx(strengths.max(1))
    reader = load_reader(MODELS["torch_cnn"], folder)
    channel = int(found.scales[2].argmax())
    looked = look_inside("torch_cnn", folder, reader, pictures[11], chosen=(2, channel)).map
    assert looked is not None and looked.pictures is not None and looked.pictures.shape == (BEST, 48, 48)
    assert (looked.pictures.max((1, 2)) > 80).all(), "each shows some of the bar that excites it"


def test_pictures_found_for_other_weights_or_damaged_are_left_out(
    prepared: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    folder = tmp_path / "torch_cnn" / "tuned"
    shutil.copytree(prepared[0], folder)
    shutil.copy(prepared[0].parents[1] / PICTURES, tmp_path)
    assert read_exciting("torch_cnn", folder) is not None

    weights = load_file(folder / "model.safetensors")
    weights["classify.bias"] = weights["classify.bias"] + 1
    save_file(weights, folder / "model.safetensors")
    (folder / FILE).touch()
    assert read_exciting("torch_cnn", folder) is None, "trained anew"
    looked = look_inside("torch_cnn", folder, None, PICTURE, chosen=(0, 0))
    assert looked.map is not None and looked.map.pictures is None and looked.sections[0].maps.any()

    (folder / FILE).write_bytes(b"nonsense")
    assert read_exciting("torch_cnn", folder) is None
    (folder / FILE).unlink()
    assert read_exciting("torch_cnn", folder) is None


@pytest.mark.parametrize("name", Predictor().trained())
def test_the_committed_pictures_are_of_the_committed_weights_and_small(name: str) -> None:
    assert read_exciting(name, Predictor().folder(name)) is not None, "python -m maxdigit inside"
    files = [CHECKPOINTS / PICTURES, *CHECKPOINTS.glob(f"*/*/{FILE}")]
    assert sum(path.stat().st_size for path in files) < 1_000_000


def test_no_framework_is_loaded_to_look_inside() -> None:
    script = """
import sys
import numpy as np
from maxdigit.inference.predict import Predictor
Predictor().look_inside(np.zeros((128, 128), np.uint8), "torch_cnn", chosen=(0, 0))
print([name for name in ("torch", "tensorflow", "keras") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_nothing_is_made_ready_before_it_is_looked_into() -> None:
    inside.sections_of.cache_clear()
    predictor = Predictor()
    predictor.classify(PICTURE, "torch_cnn")
    assert inside.sections_of.cache_info().currsize == 0
    predictor.look_inside(PICTURE, "torch_cnn")
    assert inside.sections_of.cache_info().currsize == 1
