"""The sections of each network: where their cells look, and the engine's outputs against the frameworks' own."""

from __future__ import annotations

import numpy as np
import pytest

from maxdigit.engine.runtime import choose_engine
from maxdigit.inference.predict import Predictor
from maxdigit.models.registry import MODELS
from maxdigit.models.sections import SECTIONS, SectionOutputs, SectionsError

PICTURE = np.random.default_rng(5).integers(0, 256, (128, 128), np.uint8)


def outputs_of(name: str) -> SectionOutputs:
    if name not in Predictor().trained():
        pytest.skip(f"{name} is not trained")
    return SectionOutputs(name, Predictor().folder(name))


@pytest.mark.parametrize("name", SECTIONS)
def test_the_geometry_agrees_with_the_registrys(name: str) -> None:
    by_cells = {section.map.cells: section for section in SECTIONS[name]}
    for known in (MODELS[name].features, MODELS[name].traced):
        section = by_cells[known.cells]
        assert (section.map.channels, section.map.step) == (known.channels, known.step)
        # Padded networks look off the middle of what a cell stands for, by less than half a step.
        assert abs(section.map.first - known.first) < known.step / 2
    fields = [section.field for section in SECTIONS[name]]
    assert fields == sorted(fields)


@pytest.mark.slow
@pytest.mark.parametrize("name", SECTIONS)
def test_a_cell_sees_its_square_and_nothing_else(name: str) -> None:
    network = outputs_of(name)
    before = network(PICTURE).maps
    changed = PICTURE.copy()
    y, x = 50, 77
    changed[y - 1 : y + 2, x - 1 : x + 2] ^= 255
    for section, old, new in zip(network.sections, before, network(changed).maps, strict=True):
        place = section.map
        look = place.first + place.step * np.arange(place.cells)
        reach = (section.field - 1) / 2 + 1
        sees = (np.abs(look - y) <= reach)[:, None] & (np.abs(look - x) <= reach)[None]
        differs = np.abs(old - new).max(0) > 1e-3 * np.abs(old).max()
        assert not (differs & ~sees).any(), section
        assert differs.any(), section


@pytest.mark.slow
@pytest.mark.parametrize("name", SECTIONS)
def test_the_engines_sections_are_those_of_the_framework(name: str) -> None:
    network = outputs_of(name)
    ours = network(PICTURE)
    native = MODELS[name].load_native(Predictor().folder(name)).model
    theirs = _keras_maps(native) if name == "keras_cnn" else _torch_maps(native)
    assert len(ours.maps) == len(theirs)
    for found, expected in zip(ours.maps, theirs, strict=True):
        assert found.shape == expected.shape
        # Within what bfloat16, in which some processors multiply, leaves of each number.
        assert np.abs(found - expected).max() < 0.05 * np.abs(expected).max()
    assert ours.features.shape[1:] == (MODELS[name].features.channels, *(MODELS[name].features.cells,) * 2)
    assert MODELS[name].is_linear == (name == "torch_cnn")


def _torch_maps(model: object) -> list[np.ndarray]:
    import torch

    layers = (
        [model.section1, model.section2, model.section3]  # type: ignore[attr-defined]
        if hasattr(model, "section1")
        else [getattr(model.network, part) for part in ("maxpool", "layer1", "layer2", "layer3", "layer4")]  # type: ignore[attr-defined]
    )
    seen: list[np.ndarray] = []
    hooks = [layer.register_forward_hook(lambda _, __, maps: seen.append(maps[0].numpy())) for layer in layers]
    with torch.inference_mode():
        model.eval()(torch.from_numpy(PICTURE[None]))  # type: ignore[attr-defined]
    for hook in hooks:
        hook.remove()
    return seen


def _keras_maps(model: object) -> list[np.ndarray]:
    import keras

    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))  # type: ignore[attr-defined]
    pools = [layer for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)][:3]  # type: ignore[attr-defined]
    layers = [first, *pools, model.get_layer("features")]  # type: ignore[attr-defined]
    found = keras.Model(model.inputs, [layer.output for layer in layers]).predict_on_batch(PICTURE[None, ..., None])  # type: ignore[attr-defined]
    return [np.moveaxis(maps[0], -1, 0) for maps in found]


def test_a_network_without_sections_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(SECTIONS, "torch_cnn")
    with pytest.raises(SectionsError, match="PyTorch CNN does not say which sections"):
        SectionOutputs("torch_cnn", Predictor().folder("torch_cnn"))


def test_without_the_engine_a_sentence_says_so() -> None:
    choose_engine("native")
    try:
        with pytest.raises(SectionsError, match="OpenVINO"):
            SectionOutputs("torch_cnn", Predictor().folder("torch_cnn"))
    finally:
        choose_engine("fastest")
