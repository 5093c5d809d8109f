"""The three CNNs are the paper's, layer by layer."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from maxdigit.errors import CheckpointError, UnknownModelError
from maxdigit.models import resnet18, torch_cnn
from maxdigit.models.registry import MODELS, PIXEL_MEAN, PIXEL_STD, get_model
from maxdigit.training.torch_loop import save_weights

# The paper's Figure 8: each layer's output shape and parameters, from the first convolution to the softmax.
FIGURE_8 = [
    ("Conv2D", (126, 126, 64), 640),
    ("Conv2D", (124, 124, 64), 36_928),
    ("BatchNormalization", (124, 124, 64), 256),
    ("MaxPooling2D", (62, 62, 64), 0),
    ("Dropout", (62, 62, 64), 0),
    ("Conv2D", (58, 58, 128), 204_928),
    ("Conv2D", (54, 54, 128), 409_728),
    ("BatchNormalization", (54, 54, 128), 512),
    ("MaxPooling2D", (27, 27, 128), 0),
    ("Dropout", (27, 27, 128), 0),
    ("Conv2D", (25, 25, 256), 295_168),
    ("Conv2D", (23, 23, 256), 590_080),
    ("BatchNormalization", (23, 23, 256), 1_024),
    ("MaxPooling2D", (11, 11, 256), 0),
    ("Dropout", (11, 11, 256), 0),
    ("Conv2D", (9, 9, 128), 295_040),
    ("MaxPooling2D", (3, 3, 128), 0),
    ("Flatten", (1_152,), 0),
    ("Dense", (64,), 73_792),
    ("Dense", (64,), 4_160),
    ("Dense", (10,), 650),
]


@pytest.mark.slow
def test_keras_cnn_is_the_papers_layer_table():
    model = get_model("keras_cnn").build()
    normalise, *layers = model.layers
    assert normalise.name == "normalise" and normalise.count_params() == 0
    table = [(type(layer).__name__, layer.output.shape[1:], layer.count_params()) for layer in layers]
    assert table == FIGURE_8
    assert model.count_params() == 1_912_906
    assert sum(int(np.prod(v.shape)) for v in model.non_trainable_variables if "seed" not in v.path) == 896
    convolutions = [layer for layer in layers if type(layer).__name__ == "Conv2D"]
    assert [layer.kernel_size for layer in convolutions] == [(3, 3), (3, 3), (5, 5), (5, 5), (3, 3), (3, 3), (3, 3)]
    assert all(layer.padding == "valid" and layer.activation.__name__ == "relu" for layer in convolutions)
    assert [layer.activation.__name__ for layer in layers[-3:]] == ["relu", "relu", "softmax"]


def test_resnet18_is_torchvisions_with_one_channel_in_and_ten_out():
    model = resnet18.build()
    stem = model.network.conv1
    assert (stem.in_channels, stem.out_channels, stem.kernel_size, stem.stride, stem.padding, stem.bias) == (
        (1, 64, (7, 7), (2, 2), (3, 3), None)
    )
    assert model.network.fc.out_features == 10
    assert sum(p.numel() for p in model.parameters()) == 11_175_370


def test_torch_cnn_has_the_papers_sections_and_18432_features():
    model = torch_cnn.build()
    shapes = []
    for section in (model.section1, model.section2, model.section3):
        convolutions = [layer for layer in section if isinstance(layer, nn.Conv2d)]
        shapes.append([(c.in_channels, c.out_channels, c.kernel_size, c.padding) for c in convolutions])
        assert [type(layer) for layer in section] == [
            nn.Conv2d, nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.Dropout,
        ]  # fmt: skip
        assert section[5].p == 0.3
    widths = [(1, 32), (32, 64), (64, 128)]
    assert shapes == [[(i, o, (3, 3), (0, 0)), (o, o, (3, 3), (0, 0))] for i, o in widths]
    assert [(s[4].kernel_size, s[4].stride) for s in (model.section1, model.section2, model.section3)] == [
        (2, 2), (2, 2), (3, 2),
    ]  # fmt: skip
    assert model.classify.in_features == 18_432 and model.classify.out_features == 10


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.slow
def test_the_registry_knows_each_models_size(name):
    spec = get_model(name)
    model = spec.build()
    count = model.count_params() if spec.framework == "keras" else sum(p.numel() for p in model.parameters())
    assert count == spec.parameters
    is_keras = spec.framework == "keras"  # there a dropout layer ends each section
    sections = [layer for layer in model.layers if "dropout" in layer.name] if is_keras else model.sections
    assert len(sections) == spec.sections
    assert spec.flops() > 1e8


@pytest.mark.slow
def test_flops_agree_with_arithmetic_by_hand():
    by_hand = sum(
        2 * h * w * c_out * k * k * c_in
        for h, w, c_out, k, c_in in [
            (126, 126, 32, 3, 1), (124, 124, 32, 3, 32), (60, 60, 64, 3, 32), (58, 58, 64, 3, 64),
            (27, 27, 128, 3, 64), (25, 25, 128, 3, 128),
        ]
    ) + 2 * 18_432 * 10  # fmt: skip
    assert get_model("torch_cnn").flops() == by_hand


def test_torch_models_normalise_raw_pixels_themselves():
    picture = torch.full((1, 128, 128), 200, dtype=torch.uint8)
    assert torch.allclose(torch_cnn.build().pictures(picture), torch.tensor((200 - PIXEL_MEAN) / PIXEL_STD))


@pytest.mark.slow
def test_keras_cnn_normalises_raw_pixels_itself():
    layer = get_model("keras_cnn").build().get_layer("normalise")
    picture = np.full((1, 128, 128, 1), 200, np.uint8)
    assert np.allclose(layer(picture), (200 - PIXEL_MEAN) / PIXEL_STD, atol=1e-5)


def test_feature_maps_lie_where_the_registry_says():
    for name in ("resnet18", "torch_cnn"):
        spec, seen = get_model(name), []
        model = spec.build()
        model.feature_layer.register_forward_hook(lambda _m, _i, output, seen=seen: seen.append(output))
        model.eval()(torch.zeros((1, 128, 128), dtype=torch.uint8))
        assert seen[0].shape == (1, spec.features.channels, spec.features.cells, spec.features.cells)


def test_an_unknown_model_is_refused_with_the_names_there_are():
    with pytest.raises(UnknownModelError, match="keras_cnn, resnet18, torch_cnn"):
        get_model("resnet19")


def test_weights_come_back_from_disk_as_they_were(tmp_path):
    model = resnet18.build().eval()
    save_weights(model, tmp_path)
    assert (tmp_path / "model.safetensors.index.json").exists()
    assert max(path.stat().st_size for path in tmp_path.iterdir()) < 10 * 2**20
    pictures = np.random.default_rng(0).integers(0, 256, (3, 128, 128), dtype=np.uint8)
    with torch.inference_mode():
        expected = model(torch.from_numpy(pictures)).softmax(1).numpy()
    found = resnet18.load(tmp_path).predict(pictures)
    assert found.dtype == np.float32 and np.allclose(found.sum(1), 1, atol=1e-5)
    assert np.abs(found - expected).max() < 0.01  # half precision on disk


@pytest.mark.parametrize("name", MODELS)
def test_missing_weights_are_named(name, tmp_path):
    with pytest.raises(CheckpointError, match=r"missing, damaged, or of another model"):
        get_model(name).load(tmp_path)


def test_damaged_and_foreign_weights_are_refused(tmp_path):
    save_weights(torch_cnn.build(), tmp_path)
    with pytest.raises(CheckpointError, match="another model"):
        resnet18.load(tmp_path)
    path = next(tmp_path.glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="damaged"):
        torch_cnn.load(tmp_path)


def test_a_damaged_keras_file_is_refused(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"PK\x03\x04 this is no archive")
    with pytest.raises(CheckpointError, match=r"model\.keras"):
        get_model("keras_cnn").load(tmp_path)


def test_a_pickle_beside_the_weights_is_never_opened(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    with pytest.raises(CheckpointError):
        torch_cnn.load(tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("module", "foreign"),
    [
        ("maxdigit.models.keras_cnn", "torch"),
        ("maxdigit.models.torch_cnn", "tensorflow"),
        ("maxdigit.models.torch_cnn", "keras"),
        ("maxdigit.models.torch_cnn", "triton"),
        ("maxdigit.models.resnet18", "triton"),
        ("maxdigit.models.resnet18", "torch._dynamo"),
        ("maxdigit.models.registry", "torch"),
        ("maxdigit.inference.predict", "tensorflow"),
        ("maxdigit.preparation.prepare", "torch"),
        ("maxdigit.cli", "torch"),
    ],
)
@pytest.mark.slow
def test_nothing_loads_a_framework_it_does_not_need(module, foreign):
    code = f"import sys, {module}; sys.exit({foreign!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_torchs_compiler_is_still_there_for_whoever_needs_it():
    code = (
        "import torch, maxdigit.models.resnet18\n"
        "compiled = torch.compile(torch.nn.Linear(3, 2), backend='eager')\n"
        "assert compiled(torch.zeros(1, 3)).shape == (1, 2)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
