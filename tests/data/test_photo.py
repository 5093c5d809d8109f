"""Photographs: ink, frames and boxes, and their preparation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maxdigit.data import photo
from maxdigit.data.picture_batch import SIZE
from maxdigit.data.pictures import generate
from maxdigit.data.splits import TEST, TRAIN
from maxdigit.preparation.framing import DIGIT_HEIGHT, Frame, digit_height
from maxdigit.preparation.prepare import prepare


def test_photographs_come_out_as_light_ink_on_black_with_boxes_around_it():
    pictures = generate(TEST, 0, 12, kind="photo")
    pixels = pictures.pixels.float()
    assert (pixels.flatten(1).median(1).values == 0).all()  # the paper
    inside = torch.zeros_like(pixels, dtype=torch.bool)
    for picture, boxes in zip(inside, pictures.boxes.tolist(), strict=True):
        for x0, y0, x1, y1 in boxes:
            if x0 >= 0:
                picture[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3] = True
    assert pixels[inside].sum() > 0.97 * pixels.sum()


def test_photographs_are_coloured_and_framed_with_dark_or_light_ink_in_the_boxes() -> None:
    photos, drawing = photo.photographs(TRAIN, 0, slice(0, 125), 0.0)
    assert photos.pixels.shape == (125, photo.SIDE, photo.SIDE, 3) and photos.pixels.dtype == torch.uint8
    again, _ = photo.photographs(TRAIN, 0, slice(120, 123), 0.0)
    assert torch.equal(again.pixels, photos.pixels[120:123]) and torch.equal(again.boxes, photos.boxes[120:123])
    assert 0.03 < (~photos.is_dark).float().mean() < 0.25
    spread = (photos.pixels.amax(3).float() - photos.pixels.amin(3)).mean((1, 2))
    assert (spread > 12).float().mean() > 0.3  # coloured paper or ink
    grey = photos.pixels.float().mean(3)
    for picture, boxes, digits, dark in zip(grey, photos.boxes, drawing.digits, photos.is_dark, strict=True):
        assert torch.equal(boxes[:, 0] >= 0, digits >= 0)
        for x0, y0, x1, y1 in boxes[digits >= 0].round().long().tolist():
            assert x0 >= 0 and y0 >= 0 and x1 <= photo.SIDE and y1 <= photo.SIDE
            around = picture[max(y0 - 6, 0) : y1 + 6, max(x0 - 6, 0) : x1 + 6].median()
            inside = picture[y0:y1, x0:x1]
            assert (around - inside.quantile(0.03) if dark else inside.quantile(0.97) - around) > 3


def test_boxes_stay_around_what_was_turned() -> None:
    quarter = Frame(np.array([[0.0, -1.0, 128.0], [1.0, 0.0, 0.0]]))  # the model's x is the photograph's y
    assert photo.boxes_in(quarter, np.array([[10.0, 20.0, 30.0, 60.0]])).tolist() == [[20.0, 98.0, 60.0, 118.0]]


def test_known_frames_make_photographed_digits_one_size() -> None:
    photos, _ = photo.photographs(TRAIN, 0, slice(0, 125), 0.0)
    heights = []
    for boxes in photo.to_model(photos):
        there = boxes[boxes[:, 2] - boxes[:, 0] > 0]
        assert there.min() > 1 and there.max() < SIZE - 1
        heights.append(digit_height([tuple(box) for box in there.tolist()]))
    assert abs(np.median(heights) - DIGIT_HEIGHT) < 2


@pytest.mark.slow
def test_training_photographs_are_prepared_as_the_app_prepares_them() -> None:
    photos, _ = photo.photographs(TRAIN, 0, slice(0, 40), 0.0)
    prepared = [prepare(photograph) for photograph in photos.pixels.numpy()]
    app = torch.from_numpy(np.stack([one.pixels for one in prepared])).float()
    frames = torch.from_numpy(np.stack([one.frame.matrix for one in prepared]))
    fast = photo.prepare_fast(photos.pixels, frames, photos.is_dark).float()
    apart = (fast - app).abs().mean((1, 2))
    both, either = ((fast > 128) & (app > 128)).sum((1, 2)), ((fast > 128) | (app > 128)).sum((1, 2))
    assert apart.median() < 3  # of 255
    assert (both / either).median() > 0.8
