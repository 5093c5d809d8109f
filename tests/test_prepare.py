"""Whatever picture a person gives, the models get 128 x 128 pixels of light digits on a darker ground."""

from __future__ import annotations

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from maxdigit.data.mnist import load_mnist
from maxdigit.data.pictures import generate
from maxdigit.data.splits import VALIDATION
from maxdigit.errors import EmptyPictureError, PictureError
from maxdigit.preparation.files import MAX_BYTES, open_picture, to_grey
from maxdigit.preparation.prepare import prepare


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


def shrunk_ink(seed=0):
    picture = Image.fromarray((ink(seed=seed) * 255).astype(np.uint8)).resize((128, 96), Image.Resampling.BOX)
    result = np.zeros((128, 128))
    result[16:112] = np.asarray(picture, float) / 255
    return result


def likeness(pixels, seed=0):
    """Correlation with the ink that was put in."""
    return np.corrcoef(pixels.astype(float).ravel(), shrunk_ink(seed).ravel())[0, 1]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("strength", [0.45, 0.85])
def test_pen_on_paper_becomes_light_on_dark(seed, strength):
    prepared = prepare(paper(seed, strength=strength))
    assert prepared.inverted and prepared.pixels.shape == (128, 128) and prepared.pixels.dtype == np.uint8
    assert likeness(prepared.pixels, seed) > 0.8
    assert np.median(prepared.pixels) < 10 and prepared.pixels.max() > 240  # paper went, ink stayed


@pytest.mark.parametrize("seed", range(3))
def test_chalk_on_a_board_keeps_its_polarity(seed):
    prepared = prepare(255 - paper(seed))
    assert not prepared.inverted and likeness(prepared.pixels, seed) > 0.8


@pytest.mark.parametrize("ground", [0, 40, 90])
def test_a_canvas_with_light_ink_loses_its_ground(ground):
    prepared = prepare((ground + (255 - ground) * ink()).astype(np.uint8))
    assert not prepared.inverted and likeness(prepared.pixels) > 0.85 and np.median(prepared.pixels) < 5


@pytest.mark.parametrize("ground", [255, 220, 170])
def test_a_canvas_with_dark_ink_is_inverted(ground):
    prepared = prepare((ground * (1 - ink())).astype(np.uint8))
    assert prepared.inverted and likeness(prepared.pixels) > 0.85


def test_textured_pictures_of_the_models_size_pass_unchanged():
    for pixels in generate(VALIDATION, 0, 150).pixels.numpy():
        prepared = prepare(pixels)
        assert not prepared.inverted and (prepared.pixels == pixels).all()


def test_enlarged_textured_pictures_keep_their_tones():
    for pixels in generate(VALIDATION, 0, 60).pixels.numpy():
        large = Image.fromarray(pixels).resize((300, 300), Image.Resampling.BICUBIC)
        assert not prepare(large).inverted


def test_polarity_can_be_overruled():
    assert not prepare(paper(), dark_ink_on_light=False).inverted
    assert prepare((255 * ink()).astype(np.uint8), dark_ink_on_light=True).inverted


def test_a_thin_pen_on_a_large_photograph_survives():
    page = np.full((3000, 4000), 235, np.uint8)
    page[800:2200, 1000:1008] = 30  # eight pixels wide: a quarter of one of the models' pixels
    pixels = prepare(page).pixels
    assert pixels[:, 25:40].max() > 200


@pytest.mark.parametrize("size", [(50, 20), (20, 50), (1000, 300), (64, 64), (500, 500)])
def test_any_shape_is_fitted_whole_and_padded(size):
    picture = Image.new("L", size, 0)
    picture.paste(255, (size[0] // 3, size[1] // 3, 2 * size[0] // 3, 2 * size[1] // 3))
    pixels = prepare(picture).pixels
    assert pixels.shape == (128, 128) and pixels[64, 64] > 200
    assert pixels[0, 0] < 30 and pixels[-1, -1] < 30


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


@pytest.mark.parametrize("mode", MODES)
def test_pictures_of_every_mode_are_understood(mode):
    prepared = prepare(in_mode(mode))
    assert prepared.inverted
    expected = prepare(in_mode("L")).pixels.astype(float)
    assert np.corrcoef(prepared.pixels.astype(float).ravel(), expected.ravel())[0, 1] > 0.85


@pytest.mark.parametrize("tone", [0, 255])
def test_ink_on_nothing_stays_visible(tone):
    """Strokes of one tone on a transparent ground, as drawing programs export them."""
    alpha = Image.fromarray((255 * ink()).astype(np.uint8))
    picture = Image.new("RGBA", alpha.size, (tone, tone, tone, 0))
    picture.putalpha(alpha)
    prepared = prepare(picture)
    assert likeness(prepared.pixels) > 0.85 and prepared.inverted is (tone == 0)


@pytest.mark.parametrize(
    "array",
    [
        ink(200, 200),
        (ink(200, 200) * 255).astype(np.float64),
        (ink(200, 200) * 65535).astype(np.uint16),
        ink(200, 200) > 0.5,
        (ink(200, 200) * 255).astype(np.int32),
        np.repeat((ink(200, 200, 0) * 255).astype(np.uint8)[..., None], 3, 2),
        (ink(200, 200) * 255).astype(np.uint8)[..., None],
    ],
    ids=lambda array: f"{array.dtype}{array.ndim}",
)
def test_arrays_of_every_kind_are_understood(array):
    grey = to_grey(array)
    assert grey.shape == (200, 200) and grey.dtype == np.float32
    assert np.abs(grey - ink(200, 200)).max() < 0.51 and grey.max() > 0.9


@pytest.mark.parametrize("array", [np.zeros((2, 2, 2)), np.zeros(5), np.zeros((0, 5)), np.zeros((2, 2, 3, 1))])
def test_arrays_of_another_shape_are_refused_in_words(array):
    with pytest.raises(PictureError, match="shape"):
        prepare(array)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_arrays_that_are_not_finite_are_refused_in_words(value):
    array = np.zeros((128, 128))
    array[3, 3] = value
    with pytest.raises(PictureError, match="not numbers"):
        prepare(array)


@pytest.mark.parametrize("array", [np.full((64, 64), -3), np.full((64, 64), 1e9), np.full((64, 64), "a", object)])
def test_arrays_that_are_not_brightness_are_refused_in_words(array):
    with pytest.raises(PictureError, match="not brightness|not numbers"):
        prepare(array)


def test_an_array_too_large_is_refused_before_it_is_copied():
    array = np.broadcast_to(np.uint8(0), (20_000, 20_000))  # one byte in truth
    with pytest.raises(PictureError, match="megapixels"):
        prepare(array)


@pytest.mark.parametrize("seed", range(3))
def test_a_blank_sheet_is_empty_however_it_is_lit(seed):
    rng = np.random.default_rng(seed)
    light = np.linspace(0.9, 0.5 + 0.1 * seed, 400)[None, :] * np.ones((300, 1))
    sheet = (light + rng.normal(0, 0.015, light.shape)).clip(0, 1)
    with pytest.raises(EmptyPictureError, match="blank"):
        prepare((sheet * 255).astype(np.uint8))


def test_a_hair_line_on_a_large_page_is_not_taken_for_an_empty_one():
    page = np.full((3000, 4000), 255, np.uint8)
    page[1200:1800, 2000:2003] = 0  # 0.015 % of the page
    pixels = prepare(page).pixels
    assert pixels[:, 60:68].max() > 200 and not pixels[:, :55].any()


@pytest.mark.parametrize("array", [np.zeros((1, 1)), np.zeros((128, 128)), np.full((300, 200, 3), 255, np.uint8)])
def test_a_picture_of_one_tone_is_empty(array):
    with pytest.raises(EmptyPictureError, match="nothing to see"):
        prepare(array)


def saved(picture, form, **options):
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_files_of_common_formats_are_read(form, tmp_path):
    picture = Image.fromarray(paper())
    path = tmp_path / "picture.bin"
    path.write_bytes(saved(picture, form))
    for source in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        assert open_picture(source).size == picture.size


def test_the_first_frame_of_an_animation_is_taken():
    frames = [Image.fromarray((255 * ink(100, 100, seed)).astype(np.uint8)) for seed in range(3)]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.abs(to_grey(open_picture(content)) - ink(100, 100, 0)).mean() < 0.02


def test_pictures_are_turned_as_their_exif_data_say():
    picture = Image.fromarray(paper())
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = open_picture(saved(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95))
    assert turned.size == picture.size
    assert np.abs(np.asarray(turned, float) - np.asarray(picture, float)).mean() < 4


def png_header(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    rows = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", len(rows)) + b"IDAT" + rows + struct.pack(">I", zlib.crc32(b"IDAT" + rows))
    )  # fmt: skip


@pytest.mark.parametrize("size", [(20_000, 20_000), (9_000, 9_000), (2_000_000_000, 3)])
def test_a_picture_too_large_is_refused_from_its_header(size):
    with pytest.raises(PictureError, match="megapixels"):
        open_picture(png_header(*size))


@pytest.mark.parametrize(
    "content", [b"hello", b"%PDF-1.4\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n\x1a\n", b"\0" * 99]
)
def test_what_is_no_picture_is_refused_in_words(content):
    with pytest.raises(PictureError, match="not a picture|damaged"):
        open_picture(content)


def test_an_empty_file_is_refused_in_words():
    with pytest.raises(PictureError, match="0 bytes"):
        open_picture(b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused_in_words(form, share):
    content = saved(Image.fromarray(paper()), form)
    with pytest.raises(PictureError, match="damaged|not a picture"):
        open_picture(content[: int(len(content) * share)])


def test_missing_files_and_folders_are_refused_by_name(tmp_path):
    with pytest.raises(PictureError, match=r"none\.png cannot be read"):
        open_picture(tmp_path / "none.png")
    with pytest.raises(PictureError, match="cannot be read"):
        open_picture(tmp_path)
    with pytest.raises(PictureError, match="cannot be read"):
        open_picture("a\0b.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_may_never_end_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="it is not a file"):
        open_picture(tmp_path / "pipe.png")


def test_a_file_with_more_bytes_than_any_picture_is_not_read_on(tmp_path):
    path = tmp_path / "big.png"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1000)  # sparse: takes no room
    with pytest.raises(PictureError, match="larger than 240 MB"):
        open_picture(path)
