"""A sheet of paper in perspective is rectified."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from preparation_support import page, row

from maxdigit.preparation.finder import find_pieces
from maxdigit.preparation.prepare import prepare
from maxdigit.preparation.sheet import sheet_corners, sheet_seen


def _on_a_desk(coverage: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A sheet with writing, its corners at these places on a desk of 600 x 800, and how it came there."""
    rng = np.random.default_rng(0)
    desk = np.round(90 + 25 * np.sin(np.arange(800) / 9) + rng.normal(0, 6, (600, 800))).clip(0, 255).astype(np.uint8)
    height, width = coverage.shape
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    cv2.warpPerspective(page(coverage), matrix, (800, 600), desk, borderMode=cv2.BORDER_TRANSPARENT)
    return cv2.cvtColor(desk, cv2.COLOR_GRAY2RGB), matrix


def _corners(tilt: float, yaw: float, roll: float, size: tuple[int, int] = (600, 360)) -> np.ndarray:
    """Where a camera in the middle of the desk's picture sees a sheet's corners, turned about three axes in degrees."""
    turn = np.eye(3)
    for axis, degrees in enumerate((tilt, yaw, roll)):
        turn = turn @ cv2.Rodrigues(np.deg2rad(degrees) * np.eye(3)[axis])[0]
    ends = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) * (*size, 0) / 2 @ turn.T
    return ends[:, :2] / (900 + ends[:, 2:]) * 640 + (400, 300)


@pytest.mark.parametrize("turns", [(0, 0, 20), (-48, 0, 0), (-40, 30, 8)], ids=["turned", "from low", "from beside"])
def test_a_sheet_in_perspective_is_laid_flat_and_the_frame_leads_back(turns):
    coverage = row(150, digits=2, size=(360, 600), at=(180, 300))
    picture, matrix = _on_a_desk(coverage, _corners(*turns))
    prepared = prepare(picture)
    boxes = np.array([box for _, box in find_pieces(prepared.pixels.astype(np.float32) / 255)[1]])
    alone = np.array([box for _, box in find_pieces(coverage)[1]])
    boxes, alone = boxes[boxes[:, 0].argsort()], alone[alone[:, 0].argsort()]
    assert len(boxes) == len(alone) == 2
    # As on the sheet before it was photographed: level, neither digit too high, no narrower, no wider.
    scale = (boxes[:, 2:] - boxes[:, :2]) / (alone[:, 2:] - alone[:, :2])
    assert np.ptp(boxes[:, 1::2].mean(1)) < 3
    assert scale[:, 1].max() < 1.12 * scale[:, 1].min() and (np.abs(scale[:, 0] / scale[:, 1] - 1) < 0.2).all()
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    expected = cv2.perspectiveTransform(((alone[:, :2] + alone[:, 2:]) / 2)[None].astype(np.float64), matrix)[0]
    assert np.abs(prepared.frame.to_picture(middles) - expected).max() < 5
    assert np.allclose(prepared.frame.to_model(prepared.frame.to_picture(middles)), middles)


def test_a_sheet_without_its_corners_or_seen_from_above_is_left_as_it_is():
    level, tilted = _corners(0, 0, 0), _corners(-48, 0, 0)
    coverage = row(120, size=(360, 600), at=(180, 300))
    picture, _ = _on_a_desk(coverage, level)
    assert sheet_corners(picture, (300, 240, 500, 360)) == pytest.approx(level, abs=5)
    assert sheet_seen(picture, np.array([(300, 240, 500, 360)])) is None
    picture, _ = _on_a_desk(coverage, tilted)
    assert sheet_corners(picture, (300, 250, 500, 350)) == pytest.approx(tilted, abs=5)
    assert sheet_corners(picture[: int(tilted[:, 1].max()) - 10], (300, 250, 500, 350)) is None  # two are cut off
