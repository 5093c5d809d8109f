"""Finds the writing in a picture: the ink network looks at the whole picture, then again at the part it found."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from maxdigit import CHECKPOINTS
from maxdigit.engine.runtime import openvino
from maxdigit.git_lfs import is_pointer
from maxdigit.preparation.files import FloatPicture
from maxdigit.preparation.framing import Box, around, digit_height
from maxdigit.preparation.ink_engine import EngineInkNetwork
from maxdigit.preparation.outline import stroke_width

STRIDE = 16  # sides of the network's pictures are multiples of it
CHECKPOINT = CHECKPOINTS / "ink_finder" / "model.safetensors"

_FIRST_LOOK = 256  # longer side, in pixels, at which the writing is looked for
_CLOSER_LOOK = 512  # the same for a large picture in which nothing was found: the writing may be small
_SECOND_LOOK = 224  # longer side of the part with the writing, when its strokes are looked at
_SEEN_HEIGHT = 56.0  # of the median digit in the second pass: enlarged further, strokes look blurred to the network
_MOST_ENLARGED = 2.0  # pixels of the second pass per pixel of the picture
_LEAST_SEEN = 128  # pixels along a side of the second pass: the network needs a digit's surroundings
_LARGE_ENOUGH = 170  # pixels: larger writing needs no second pass
FAINT = 0.2  # probability from which on a pixel belongs to a piece of ink: thin strokes stay whole
SURE = 0.6  # highest probability in a piece that counts as ink
_LEAST_SIDE = 0.22  # of the largest piece's: what is smaller is a speck or small print
_TRACE = 0.03  # probability of what may be the rest of a frame
_LEAST_INSIDE = 0.12  # of a frame's side, for a piece to count: a 0 may have a dot or a speck in it
_FRAMED = 0.6  # share of the other pieces inside a frame: an outlined 8 contains pieces too, but few of all
_DOUBTFUL_AREA = 0.5  # of the median piece's: an uncertain piece of at least this size may be a digit
_LEAST_AREA = {_FIRST_LOOK: 5, _CLOSER_LOOK: 12, _SECOND_LOOK: 12}  # pixels of a piece
COMPETITION = 0.2  # probability from which on a picture may be one of the competition's, if its background is rough
_ROUGH = 0.01  # mean deviation from the tone around, 0..1: textures have 0.012 and more, canvases 0.006 and less
_THINNEST = 0.62  # of the median piece's stroke
_LOW, _WIDE = 0.35, 1.2  # of the tallest piece's height, and times as wide as high: words in small print
_NEAR = 0.25  # of the tallest piece's height, within which such a piece is part of a digit
_FEW = 3  # pieces: with fewer, nothing can be said about the pen
_AS_HIGH = 0.8  # of the typical piece's height: a piece of this height with thinner strokes is a digit by another pen
_DIGIT_LIKE = 0.5  # the same for one that is left out, but may be a digit
_MARGIN = 0.25  # of the writing's longer side: margin


_log = logging.getLogger(__name__)


class SeesInk(Protocol):
    """The ink network, in any engine."""

    def __call__(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Find ink, and tell whether pictures look like the competition's.

        Args:
            pictures: uint8 ``(N, H, W, 3)``, red, green, blue; ``H`` and ``W`` multiples of ``STRIDE``.

        Returns:
            Probabilities, 0..1: of ink, float32 ``(N, H, W)``, and of the competition's look, ``(N,)``.
        """
        ...


@dataclass(frozen=True)
class Writing:
    """Ink that was found, in pixels of the part of the picture that the network saw."""

    ink: FloatPicture  # (h, w): probability of ink, 0..1; 0 outside of the pieces
    pieces: tuple[Box, ...]  # boxes of the separate pieces of ink
    scale: float  # pixels of the part per pixel of the picture
    left: float  # of the part, in pixels of the picture
    top: float
    is_doubtful: bool  # a piece was left out that may be a digit


class InkFinder:
    """Finds writing with the trained network."""

    def __init__(self, network: SeesInk) -> None:
        self._network = network

    def find(self, picture: NDArray[np.uint8]) -> tuple[Writing | None, bool]:
        """The writing in a picture, and whether it looks like the competition's textured ones.

        Args:
            picture: uint8 ``(H, W, 3)``, red, green, blue.

        Returns:
            The writing, None if there is none; and whether the background is a texture like the competition's.
        """
        part, scale = _scaled(picture, _FIRST_LOOK)
        ink, look = self._look(part)
        is_textured = look >= COMPETITION and _roughness(part, ink) >= _ROUGH
        labels, kept, doubts = find_pieces(ink, _LEAST_AREA[_FIRST_LOOK])
        if not kept and max(picture.shape) > 1.5 * _FIRST_LOOK:
            part, scale = _scaled(picture, _CLOSER_LOOK)
            ink, _ = self._look(part)
            labels, kept, doubts = find_pieces(ink, _LEAST_AREA[_CLOSER_LOOK])
        if not kept:
            return None, is_textured
        left = top = 0
        is_doubtful = bool(doubts)
        if (part_of := second_pass(picture, scale, [box for _, box in kept])) is not None:
            (start, end), closer = part_of
            seen = picture[start[1] : end[1], start[0] : end[0]]
            again, _ = self._look(_resized(seen, closer))
            found = find_pieces(again, _LEAST_AREA[_SECOND_LOOK])
            if found[1]:
                now = np.array([box for _, box in found[1]]) / closer + start * 2
                lost = [box for _, box in kept if not _overlaps(np.array(box) / scale, now)]
                lost += [box for box in doubts if not _overlaps(np.array(box) / scale, np.array([(*start, *end)]))]
                least = _DIGIT_LIKE * digit_height(now.tolist()) * scale  # what is lower is small print
                is_doubtful = bool(found[2]) or any(box[3] - box[1] >= least for box in lost)
                ink, scale, (labels, kept, _) = again, closer, found
                left, top = start
        boxes = tuple(box for _, box in kept)
        return Writing(_only(ink, labels, kept), boxes, scale, left, top, is_doubtful), is_textured

    def ink_of(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Ink of many pictures of one size, in a single pass each, without pieces that are not writing.

        Args:
            pictures: uint8 ``(N, H, W, 3)``; ``H`` and ``W`` multiples of ``STRIDE``.

        Returns:
            Probability of ink, 0..1, float32 ``(N, H, W)``.
        """
        return np.stack([_only(ink, *find_pieces(ink)[:2]) for ink in self._network(pictures)[0]])

    def _look(self, picture: NDArray[np.uint8]) -> tuple[FloatPicture, float]:
        """Probability of ink ``(H, W)``, and of the competition's look."""
        height, width = picture.shape[:2]
        picture = cv2.copyMakeBorder(picture, 0, -height % STRIDE, 0, -width % STRIDE, cv2.BORDER_REPLICATE)
        ink, look = self._network(picture[np.newaxis])
        return ink[0, :height, :width], float(look[0])


@lru_cache(maxsize=2)
def load_finder(path: Path = CHECKPOINT) -> InkFinder | None:
    """The network kept in ``path``; None, and one line in the log, if the file is missing or damaged."""
    try:
        return InkFinder(load_network(path))
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if is_pointer(path):
            reason = "it is a Git LFS pointer, to be replaced by the file: git lfs pull"
        _log.warning(
            "The ink finder's weights in %s cannot be read (%s): pictures are prepared by rules. "
            "Restore the file, or make it: python train.py ink_finder",
            path,
            reason,
        )
        return None


def load_network(path: Path) -> SeesInk:
    """The network in OpenVINO, if that is installed and wanted, else in PyTorch."""
    if openvino() is not None:
        try:
            return EngineInkNetwork(path)
        except RuntimeError as error:
            _log.warning("OpenVINO cannot compute the ink finder here (%s): PyTorch does.", error)
    from maxdigit.preparation.ink_network import NativeInkNetwork  # here, since it loads torch

    return NativeInkNetwork(path)


def _resized(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    height, width = (max(1, round(length * scale)) for length in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=mode)


def _scaled(picture: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], float]:
    """The picture scaled to a longer side of that many pixels, and the scale.

    A strip more than twice as long as it is high is made longer, so that its area is that of other pictures.
    """
    longer, shorter = max(picture.shape[:2]), min(picture.shape[:2])
    scale = side * max(1.0, math.sqrt(longer / (2 * shorter))) / longer
    return _resized(picture, scale), scale


def _overlaps(box: NDArray[np.floating], others: NDArray[np.floating]) -> bool:
    """Whether a box shares some area with any of several others ``(N, 4)``."""
    shared = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    return bool((shared > 0).all(1).any())


def find_pieces(ink: FloatPicture, least_area: int = 12) -> tuple[NDArray[np.int32], list[tuple[int, Box]], list[Box]]:
    """Connected pieces of ink.

    Args:
        ink: probability of ink, 0..1, shape ``(H, W)``.
        least_area: pixels that a piece has at least.

    Returns:
        Each pixel's piece, the pieces that count with their numbers and boxes, and the boxes of those that do not but
        may be digits.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats((ink > FAINT).astype(np.uint8), connectivity=8)
    highest = np.zeros(count, np.float32)
    np.maximum.at(highest, labels.ravel(), ink.ravel())
    there = [number for number in range(1, count) if stats[number, cv2.CC_STAT_AREA] >= least_area]
    sure = [number for number in there if highest[number] >= SURE]
    if not sure:
        return labels, [], []
    sides = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(1)
    sure = [number for number in sure if not _is_frame(number, sure, stats)]
    sure = _without_frames(ink, labels, sure, stats)
    largest = sides[sure].max()
    kept = [number for number in sure if sides[number] >= _LEAST_SIDE * largest]
    kept, thin = _of_one_pen(labels, _without_print(kept, stats), stats)
    area = np.median(stats[kept, cv2.CC_STAT_AREA])
    is_large = stats[:, cv2.CC_STAT_AREA] >= _DOUBTFUL_AREA * area
    doubts = thin + [number for number in there if highest[number] < SURE and is_large[number]]
    return labels, [(number, _box(stats[number])) for number in kept], [_box(stats[number]) for number in doubts]


def _box(stats: NDArray[np.int32]) -> Box:
    x, y, width, height = stats[:4].tolist()
    return x, y, x + width, y + height


def _only(ink: FloatPicture, labels: NDArray[np.int32], kept: list[tuple[int, Box]]) -> FloatPicture:
    """The ink of some pieces, with a pixel around them for their soft edges; 0 elsewhere."""
    is_kept = np.zeros(int(labels.max()) + 1, np.uint8)
    is_kept[[number for number, _ in kept]] = 1
    inside = cv2.dilate(is_kept[labels], np.ones((3, 3), np.uint8)) > 0
    return np.where(inside, ink, 0).astype(np.float32)


def _without_frames(
    ink: FloatPicture, labels: NDArray[np.int32], pieces: list[int], stats: NDArray[np.int32]
) -> list[int]:
    """The pieces without parts of a frame, most of which the network has recognised as a frame."""
    _, faint, outlines, _ = cv2.connectedComponentsWithStats((ink > _TRACE).astype(np.uint8), connectivity=8)
    where = {number: int(faint[labels == number][0]) for number in pieces}
    frames = set()
    for outline in set(where.values()):
        others = [stats[number] for number in pieces if where[number] != outline]
        if sum(_is_inside(other, outlines[outline]) for other in others) > _FRAMED * len(others):
            frames.add(outline)
    # Traces that enclose one another's pieces would leave nothing.
    return [number for number in pieces if where[number] not in frames] or pieces


def _without_print(pieces: list[int], stats: NDArray[np.int32]) -> list[int]:
    """The pieces without words in small print: low, wide, and apart from higher pieces, unlike the bar of a 5."""
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    tallest = int(height[pieces].max())
    low = {number for number in pieces if height[number] < _LOW * tallest and width[number] > _WIDE * height[number]}
    others = np.array([_box(stats[number]) for number in pieces if number not in low])
    near = np.array([-1, -1, 1, 1]) * _NEAR * tallest
    return [number for number in pieces if number not in low or _overlaps(np.array(_box(stats[number])) + near, others)]


def _of_one_pen(labels: NDArray[np.int32], pieces: list[int], stats: NDArray[np.int32]) -> tuple[list[int], list[int]]:
    """The pieces without those of far thinner strokes than most have: the rest of a bubble or of a printed line.

    A thin piece about as high as the typical one is kept: beside bold digits, a 1 by another pen is one of them.

    Returns:
        The pieces kept, and those among the others that may be digits by their height.
    """
    if len(pieces) < _FEW:
        return pieces, []
    parts = ((number, stats[number, :4]) for number in pieces)
    widths = np.array([stroke_width((labels[y : y + h, x : x + w] == n).astype(np.uint8)) for n, (x, y, w, h) in parts])
    heights = stats[pieces, cv2.CC_STAT_HEIGHT]
    is_bold = widths >= _THINNEST * np.median(widths)
    share = heights / np.median(heights[is_bold])
    is_kept = is_bold | ((share > _AS_HIGH) & (share < 1 / _AS_HIGH))
    may_be_digit = ~is_kept & (share > _DIGIT_LIKE) & (share < 1 / _DIGIT_LIKE)
    numbers = np.array(pieces)
    return numbers[is_kept].tolist(), numbers[may_be_digit].tolist()


def _is_frame(number: int, pieces: list[int], stats: NDArray[np.int32]) -> bool:
    """Whether a piece of ink is around most of the others: a frame or a bubble, not a digit."""
    sides = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(1)
    least = _LEAST_INSIDE * sides[number]
    others = [stats[other] for other in pieces if other != number and sides[other] >= least]
    return sum(_is_inside(other, stats[number]) for other in others) > _FRAMED * len(others)


def _is_inside(inner: NDArray[np.int32], outer: NDArray[np.int32]) -> bool:
    """Whether one piece's box lies within another's and touches it nowhere, by OpenCV's statistics of the two."""
    return bool((inner[:2] > outer[:2]).all() and (inner[:2] + inner[2:4] < outer[:2] + outer[2:4]).all())


def second_pass(
    picture: NDArray[np.uint8], scale: float, boxes: list[Box]
) -> tuple[tuple[tuple[int, int], tuple[int, int]], float] | None:
    """The part of a picture for the second pass, and its pixels per pixel of the picture; None if none is needed.

    Args:
        picture: uint8 ``(H, W, 3)``.
        scale: pixels of the first pass per pixel of the picture.
        boxes: of the pieces found there.
    """
    x0, y0, x1, y1 = around(boxes)
    side = max(x1 - x0, y1 - y0)
    if side >= _LARGE_ENOUGH:
        return None
    margin = _MARGIN * side + 6
    zoom = min(_SECOND_LOOK / (side + 2 * margin), _SEEN_HEIGHT / digit_height(boxes), _MOST_ENLARGED / scale)
    zoom = max(zoom, 1.0)
    half = max(side / 2 + margin, _LEAST_SEEN / 2 / zoom)
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    edges = np.array([picture.shape[1], picture.shape[0]])
    start = np.clip((middle - half) / scale, 0, edges).astype(int)
    end = np.clip(np.ceil((middle + half) / scale), 0, edges).astype(int)
    return (tuple(start.tolist()), tuple(end.tolist())), zoom * scale


def _roughness(picture: NDArray[np.uint8], ink: FloatPicture) -> float:
    """Mean deviation, 0..1, of the background's brightness from that around it; 0 where there is hardly any."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    is_background = cv2.dilate((ink > 0.1).astype(np.uint8), np.ones((11, 11), np.uint8)) == 0
    deviation = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 4))
    return float(deviation[is_background].mean()) if is_background.sum() > 500 else 0.0
