"""Finds the sheet that is written on by its four corners, and how it was turned and tilted when photographed."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from maxdigit.preparation.framing import Box, around

Corners = NDArray[np.float64]  # (4, 2): x and y of the corners, clockwise from the one that is top left
Matrix = NDArray[np.float64]  # (3, 3): maps points (x, y, 1), the result to be divided by its third number

_SIDE = 256  # longer side, in pixels, at which the sheet is looked for
_LIGHT_SHARES = (1.0, 0.35)  # weight of brightness relative to hue: low, since shadows may lie on the sheet
_TOLERANCES = (9, 15, 24, 36, 54)  # of 255, by which the sheet's colour may differ from that around the writing
_LEAST_AREA = 0.06  # of the picture's, for a sheet
_COVERED = 0.9  # of the area between the four corners that is the sheet's colour, and the other way round
_FROM_EDGE = 2  # pixels between a sheet and the picture's edge: at the edge it may be cut off
_OFF_SIDE = 4  # pixels between a side and the points of an outline that belong to it
_BEYOND = 2  # pixels by which writing may reach beyond the sheet
_SIMPLER = (0.015, 0.025, 0.04, 0.06, 0.08)  # of an outline's length, by which four sides may differ from it
_SHARPEST, _BLUNTEST = 35, 145  # degrees, of a corner
_FOCAL_LENGTH = 0.8  # of the longer side, if the sheet does not tell it: phones' cameras have 0.67 to 0.8
_FOCAL_LENGTHS = (0.5, 3.0)  # of that side: the plausible range
_STRETCHED = 1.15  # times as large one way as another, from which on a sheet counts as tilted,
_TURNED = math.radians(5)  # and as turned
_MOST_STRETCHED = 3.5  # of a sheet seen at a smaller angle, little can be read


def sheet_seen(picture: NDArray[np.uint8], pieces: NDArray[np.floating]) -> Matrix | None:
    """The perspective in which the sheet with the writing is seen.

    Args:
        picture: uint8 ``(H, W, 3)``.
        pieces: boxes ``(N, 4)`` of the pieces of ink, in its pixels.

    Returns:
        From the flat sheet to the picture, alike in size where the writing is; None if the sheet's corners are not
        all seen, or it is neither turned nor tilted.
    """
    writing = around(pieces)
    corners = sheet_corners(picture, writing)
    if corners is None:
        return None
    x0, y0, x1, y1 = writing
    return flattening(corners, (picture.shape[1], picture.shape[0]), ((x0 + x1) / 2, (y0 + y1) / 2))


def sheet_corners(picture: NDArray[np.uint8], writing: Box) -> Corners | None:
    """The corners of the sheet on which the writing is; None unless all four are seen.

    Args:
        picture: uint8 ``(H, W, 3)``.
        writing: the box around the writing, in pixels of ``picture``.
    """
    scale = min(1.0, _SIDE / max(picture.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in picture.shape[1::-1])
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    colours = cv2.cvtColor(cv2.medianBlur(small, 5), cv2.COLOR_RGB2LAB).astype(np.int16)
    x0, y0 = (max(0, math.floor(value * scale)) for value in writing[:2])
    x1, y1 = (math.ceil(value * scale) for value in writing[2:])
    around = colours[y0:y1, x0:x1].reshape(-1, 3)
    if not len(around):
        return None
    difference = np.abs(colours - np.median(around, 0).astype(np.int16))
    hue = np.maximum(difference[..., 1], difference[..., 2])
    writing_there = (x0, y0, x1, y1)
    best, corners = _COVERED, None
    for share in _LIGHT_SHARES:
        off = np.maximum(share * difference[..., 0], hue)
        for tolerance in _TOLERANCES:
            outline = _outline((off <= tolerance).astype(np.uint8), writing_there)
            if outline is None:
                continue
            if _reaches_edge(outline, off.shape):  # and so it would with a larger tolerance
                break
            found = _quadrangle(outline, writing_there)
            if found is not None and _alike(outline, found) > best:
                corners, best = found, _alike(outline, found)
    if corners is None or cv2.contourArea(corners.astype(np.float32)) < _LEAST_AREA * off.size:
        return None
    return _in_order(corners) / scale


def _outline(is_sheet: NDArray[np.uint8], writing: tuple[int, int, int, int]) -> NDArray[np.int32] | None:
    """The outline ``(P, 1, 2)`` of the part of a mask in which the writing lies; None if there is none."""
    is_sheet = cv2.morphologyEx(is_sheet, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))  # over ink and printed lines
    is_sheet = cv2.morphologyEx(is_sheet, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))  # cuts narrow bridges
    x0, y0, x1, y1 = writing
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    outlines, _ = cv2.findContours(is_sheet, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    around = (outline for outline in outlines if cv2.pointPolygonTest(outline, middle, False) >= 0)
    return next(around, None)


def _reaches_edge(outline: NDArray[np.int32], shape: tuple[int, ...]) -> bool:
    x, y, width, height = cv2.boundingRect(outline)
    room = x, y, shape[1] - x - width, shape[0] - y - height
    return min(room) < _FROM_EDGE


def _quadrangle(outline: NDArray[np.int32], writing: tuple[int, int, int, int]) -> Corners | None:
    """The four corners of an outline; None if it has no four, or the writing reaches beyond them."""
    hull = cv2.convexHull(outline)  # so that fingers on the sheet do not matter
    length = cv2.arcLength(hull, True)
    simpler = (cv2.approxPolyDP(hull, share * length, True) for share in _SIMPLER)
    corners = next((four for four in simpler if len(four) <= 4), hull)
    x0, y0, x1, y1 = writing
    ends = [(float(x), float(y)) for x in (x0, x1) for y in (y0, y1)]
    if len(corners) != 4 or min(cv2.pointPolygonTest(corners, end, True) for end in ends) < -_BEYOND:
        return None
    four = _where_sides_meet(outline[:, 0], corners[:, 0].astype(np.float64))
    return four if four is not None and _is_plausible(four) else None


def _where_sides_meet(outline: NDArray[np.int32], corners: Corners) -> Corners | None:
    """Corners computed from the straight sides, since those of an outline may be blurred, bent or torn off."""
    lines = []
    for start, end in zip(corners, np.roll(corners, -1, 0), strict=True):
        way = (end - start) / max(float(np.hypot(*(end - start))), 1e-6)
        along, off = (outline - start) @ way, (outline - start) @ (-way[1], way[0])
        length = float((end - start) @ way)
        side = outline[(np.abs(off) < _OFF_SIDE) & (along > 0.15 * length) & (along < 0.85 * length)]
        if len(side) < 0.4 * length:  # the side is not straight enough
            return None
        dx, dy, x, y = cv2.fitLine(side.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel().tolist()
        lines.append((dy, -dx, dx * y - dy * x))  # (a, b, c) of a x + b y + c = 0
    sides = np.array(lines)
    meeting = np.cross(np.roll(sides, 1, 0), sides)
    if (np.abs(meeting[:, 2]) < 1e-6).any():
        return None
    return np.asarray(meeting[:, :2] / meeting[:, 2:] + 0.5, np.float64)  # from a pixel's number to its middle


def _alike(outline: NDArray[np.int32], corners: Corners) -> float:
    """The ratio of the two areas, 0..1: the smaller to the larger."""
    areas = cv2.contourArea(outline), cv2.contourArea(corners.astype(np.float32))
    return min(areas) / max(*areas, 1.0)


def _is_plausible(corners: Corners) -> bool:
    """Whether all four angles can be those of a sheet of paper in a photograph."""
    ahead = np.roll(corners, -1, 0) - corners
    behind = np.roll(corners, 1, 0) - corners
    lengths = np.linalg.norm(ahead, axis=1) * np.linalg.norm(behind, axis=1)
    angles = np.degrees(np.arccos(np.clip((ahead * behind).sum(1) / np.maximum(lengths, 1e-6), -1, 1)))
    return bool((angles > _SHARPEST).all() and (angles < _BLUNTEST).all())


def _in_order(corners: Corners) -> Corners:
    """The corners clockwise, such that the side from the first to the second is the one closest to horizontal."""
    off = corners - corners.mean(0)
    corners = corners[np.argsort(np.arctan2(off[:, 1], off[:, 0]))]  # clockwise, since y points downwards
    turns = [np.roll(corners, -number, 0) for number in range(4)]

    def rise(four: Corners) -> float:
        along = four[1] - four[0] + four[2] - four[3]
        return abs(math.atan2(along[1], along[0]))

    return min(turns, key=rise)


def flattening(corners: Corners, size: tuple[int, int], at: tuple[float, float]) -> Matrix | None:
    """The perspective in which the sheet is seen; None if it is not noticeably turned or tilted.

    Args:
        corners: of the sheet, in pixels of the picture.
        size: width and height of the picture.
        at: the point, in pixels of the picture, that is to be as large on the flat sheet as in the picture.

    Returns:
        From the flat sheet, whose top left corner is at 0, 0, to the picture.
    """
    width = _width_to_height(corners - np.array(size) / 2, max(size))
    flat = np.array([(0, 0), (width, 0), (width, 1), (0, 1)], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    slopes = _slopes(matrix, at)
    large = math.sqrt(abs(float(np.linalg.det(slopes))))
    slopes /= large
    stretched = float(np.linalg.svd(slopes, compute_uv=False)[0] ** 2)  # the product of the two is 1
    turned = math.atan2(slopes[1, 0] - slopes[0, 1], slopes[0, 0] + slopes[1, 1])
    if stretched > _MOST_STRETCHED or (stretched < _STRETCHED and abs(turned) < _TURNED):
        return None
    return np.asarray(matrix @ np.diag([1 / large, 1 / large, 1.0]), np.float64)


def _slopes(matrix: Matrix, at: tuple[float, float]) -> NDArray[np.float64]:
    """How fast the result of a mapping moves where that result is ``at``: its derivatives, (2, 2)."""
    x, y, w = np.linalg.inv(matrix) @ np.array([*at, 1.0])
    weight = float(matrix[2] @ np.array([x / w, y / w, 1.0]))
    return (matrix[:2, :2] - np.outer(at, matrix[2, :2])) / weight


def _width_to_height(corners: Corners, side: int) -> float:
    """The sheet's width in its heights.

    After Z. Zhang and L. He, "Whiteboard scanning and image enhancement" (2007): the corners of a rectangle tell its
    proportions and the camera's focal length, if the picture's middle is where the camera points.

    Args:
        corners: of the sheet, seen from the middle of the picture.
        side: the picture's longer one, in pixels.
    """
    first, second, fourth, third = np.column_stack([corners, np.ones(4)])  # the third and fourth in reading order
    k2 = np.cross(first, fourth) @ third / (np.cross(second, fourth) @ third)
    k3 = np.cross(first, fourth) @ second / (np.cross(third, fourth) @ second)
    along, down = k2 * second - first, k3 * third - first
    focal = _FOCAL_LENGTH * side
    if abs(along[2] * down[2]) > 1e-9:
        square = -float(along[:2] @ down[:2]) / float(along[2] * down[2])
        low, high = (share * side for share in _FOCAL_LENGTHS)
        focal = math.sqrt(square) if low**2 < square < high**2 else focal
    lengths = [math.hypot(float(np.hypot(*way[:2])) / focal, float(way[2])) for way in (along, down)]
    return lengths[0] / lengths[1]
