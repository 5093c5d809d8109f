"""Convolutions that are rewritten compute what they computed before."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from maxdigit.engine.convolution import Convolution, nearest_bfloat16

RANDOM = np.random.default_rng(5)


def convolution(inputs: int, outputs: int, size: int) -> Convolution:
    return Convolution(RANDOM.normal(size=(outputs, inputs, size, size)), RANDOM.normal(size=outputs))


def computed(x: NDArray[np.floating], one: Convolution) -> NDArray[np.floating]:
    return F.conv2d(torch.from_numpy(x), torch.from_numpy(one.weight), torch.from_numpy(one.bias)).numpy()


@pytest.fixture
def pictures() -> NDArray[np.floating]:
    return RANDOM.normal(size=(2, 3, 9, 8))


def test_two_in_one_compute_what_they_compute_after_each_other(pictures: NDArray[np.floating]) -> None:
    first, second = convolution(3, 4, 3), convolution(4, 5, 2)
    assert np.allclose(computed(pictures, first.then(second)), computed(computed(pictures, first), second))


def test_a_scale_can_be_part_of_it_before_and_behind(pictures: NDArray[np.floating]) -> None:
    one, scale, shift = convolution(3, 3, 3), RANDOM.normal(size=3), RANDOM.normal(size=3)
    columns = scale[:, None, None], shift[:, None, None]
    assert np.allclose(computed(pictures, one.scaled(scale, shift)), computed(pictures, one) * columns[0] + columns[1])
    assert np.allclose(computed(pictures, one.fed(scale, shift)), computed(pictures * columns[0] + columns[1], one))
    assert np.allclose(computed(pictures, one.fed(0.5, -2.0)), computed(pictures * 0.5 - 2, one))


def test_bfloat16_is_rounded_as_torch_rounds() -> None:
    values = np.concatenate([RANDOM.normal(size=1000), [0, 1, 1.00390625, 1.01171875, -3e38, 1e-40]]).astype(np.float32)
    assert np.array_equal(nearest_bfloat16(values), torch.from_numpy(values).bfloat16().float().numpy())


def test_weights_in_bfloat16_err_less_on_smooth_inputs_than_each_rounded_alone() -> None:
    one = convolution(8, 16, 5)
    rounded = one.in_bfloat16()
    assert np.array_equal(rounded.weight, nearest_bfloat16(rounded.weight)) and rounded.bias is one.bias
    assert np.abs(rounded.weight - one.weight).max() < 0.02 * np.abs(one.weight).max()
    flat = np.ones((1, 8, 5, 5))
    alone = Convolution(nearest_bfloat16(one.weight).astype(np.float64), one.bias)
    diffused = Convolution(rounded.weight.astype(np.float64), one.bias)
    error, error_alone = (np.abs(computed(flat, other) - computed(flat, one)).mean() for other in (diffused, alone))
    assert error < error_alone / 2


def test_shapes_that_are_no_convolution_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        Convolution(np.zeros((2, 3, 3)), np.zeros(2))
    with pytest.raises(ValueError, match="shapes"):
        Convolution(np.zeros((2, 3, 3, 3)), np.zeros(3))
