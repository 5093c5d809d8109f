"""A few hundred damaged pictures, the same each time, through the whole preparation; benchmarks/fuzz.py has 10,000."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings

from benchmarks.fuzz import damaged_pictures, fault, sentence_fault, whole_pictures
from maxdigit.errors import PictureError
from maxdigit.inference.predict import Predictor
from maxdigit.preparation.prepare import PreparedPicture

PREDICTOR = Predictor()


def test_every_picture_that_is_damaged_can_be_read_when_whole() -> None:
    assert {form for form, _ in whole_pictures()} >= {"PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "ICO", "HEIF"}
    for form, content in whole_pictures():
        assert PREDICTOR.prepare(content).pixels.any(), form


@settings(
    max_examples=300,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(damaged_pictures())
def test_a_damaged_picture_is_read_or_refused_in_a_sentence(content: bytes) -> None:
    assert not fault(PREDICTOR.prepare, content)


def test_what_counts_as_a_fault() -> None:
    def fails(error: Exception) -> str:
        def prepare(_: bytes) -> PreparedPicture:
            raise error

        return fault(prepare, b"")

    assert fails(ZeroDivisionError("division by zero")) == "ZeroDivisionError: division by zero"
    assert fails(PictureError("The picture is damaged. Save it again.")) == ""
    assert fails(PictureError("cannot identify <_io.BytesIO object at 0x7f00>.")).startswith("shows the host's insides")
    assert sentence_fault("damaged") == sentence_fault("Two\nlines.") == "not a sentence"
