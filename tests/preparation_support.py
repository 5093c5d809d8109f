"""What the tests of preparation share."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw

from maxdigit.data.mnist import load_mnist


def note(width: int = 240, height: int = 180, ink: Any = (20, 30, 120), paper: Any = (240, 235, 220)) -> Image.Image:
    """A 7 in ink on paper, in the upper left part."""
    picture = Image.new("RGB", (width, height), paper)
    line = [(width // 8, height // 8), (width // 3, height // 8), (width // 5, height // 2)]
    ImageDraw.Draw(picture).line(line, fill=ink, width=max(2, height // 30))
    return picture


def ink(height=600, width=800, seed=0):
    """Three MNIST digits, each a third of the picture high: coverage 0..1."""
    rng, images = np.random.default_rng(seed), load_mnist("t10k").images
    result, side = np.zeros((height, width), np.float32), height // 3
    for number in range(3):
        digit = Image.fromarray(images[rng.integers(len(images))]).resize((side, side), Image.Resampling.BICUBIC)
        x = int((number + 0.15) * width / 3.2)
        y = int(rng.uniform(0.05, 0.6) * height)
        result[y : y + side, x : x + side] = np.asarray(digit, np.float32) / 255
    return result


def paper(seed=0, rules=True, shadow=True, strength=0.7):
    """A photograph of pen on paper: uneven light, ruled lines, grain. uint8."""
    rng, drawn = np.random.default_rng(seed), ink(seed=seed)
    y, x = np.mgrid[: drawn.shape[0], : drawn.shape[1]]
    angle = rng.uniform(0, 6.28)
    across = (x / drawn.shape[1] - 0.5) * np.cos(angle) + (y / drawn.shape[0] - 0.5) * np.sin(angle)
    light = rng.uniform(0.6, 0.9) * (0.8 + 0.2 * np.tanh(6 * across)) if shadow else 0.95
    lines = 0.12 * (y % 45 == 0) if rules else 0.0
    grain = rng.normal(0, 0.015, drawn.shape)
    return ((light * (1 - lines) * (1 - strength * drawn) + grain).clip(0, 1) * 255).astype(np.uint8)


MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"]


def in_mode(mode):
    grey = Image.fromarray((255 * (1 - ink(300, 400))).astype(np.uint8))
    if mode == "I;16":
        return Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    if mode in ("LAB", "HSV", "YCbCr", "CMYK"):
        rgb = grey.convert("RGB")
        if mode == "LAB":
            from PIL import ImageCms

            profile = ImageCms.createProfile
            return ImageCms.profileToProfile(rgb, profile("sRGB"), profile("LAB"), outputMode="LAB")
        return rgb.convert(mode)
    if mode == "1":
        return grey.convert("1", dither=Image.Dither.NONE)  # as scanners do
    if mode == "PA":
        return grey.convert("P").convert("PA")
    return grey.convert(mode)


def row(height: int, digits: int = 3, size: tuple[int, int] = (600, 800), at: tuple[int, int] = (300, 400)):
    """Coverage 0..1 of a row of MNIST digits ``height`` pixels high around a place, y and x."""
    images, labels = load_mnist("t10k").images, load_mnist("t10k").labels
    chosen = [images[labels == digit][0] for digit in (8, 3, 5, 2, 4)[:digits]]
    side = round(height * 1.4)
    strip = np.concatenate([cv2.resize(one, (side, side), interpolation=cv2.INTER_CUBIC) for one in chosen], 1)
    result = np.zeros(size, np.float32)
    y, x = at[0] - side // 2, at[1] - strip.shape[1] // 2
    result[y : y + side, x : x + strip.shape[1]] = strip / 255
    return result


def page(coverage, tone=235, darkness=0.85):
    return np.round(tone * (1 - darkness * coverage)).astype(np.uint8)
