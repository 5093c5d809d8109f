"""The page in two languages: whatever is said in one is said in the other, and nothing is left out."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

import maxdigit
from maxdigit.errors import MaxDigitError
from maxdigit.ui import texts
from maxdigit.ui.answer import Find, in_words, seems_written
from maxdigit.ui.texts import english, french
from maxdigit.ui.texts.language import DEFAULT, LANGUAGES

# What a visitor's doings can reach; the other modules speak to whoever trains models or types commands.
REACHED = (
    "engine/saved_weights.py",
    "preparation/files.py",
    "preparation/prepare.py",
    "data/array_file.py",
    "data/label_table.py",
    "data/mnist.py",
    "models/calibration.py",
    "models/sections.py",
    "inference/model_process.py",
    "inference/bulk.py",
    "inference/contents.py",
    "inference/ensemble.py",
    "inference/inside.py",
    "inference/predict.py",
    "training/history.py",
    "training/mistakes.py",
    "training/results.py",
    "ui/pad/strokes.py",
)
OTHERS = [name for name in LANGUAGES if name != DEFAULT]
FOR_PROGRAMS = ("An array", "The array")  # how such sentences begin: the page takes files only


def public(module: ModuleType) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and name not in ("annotations", "ERRORS")
    }


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_all_languages_have_the_same_names(language: str) -> None:
    assert list(public(english)) == list(public(LANGUAGES[language]))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", public(english))
def test_a_text_has_the_same_form_in_all_languages(name: str, language: str) -> None:
    ours, theirs = getattr(english, name), getattr(LANGUAGES[language], name)
    assert type(ours) is type(theirs)
    if isinstance(ours, FunctionType):
        assert inspect.signature(ours) == inspect.signature(theirs)
    elif isinstance(ours, dict):
        assert list(ours) == list(theirs)
    elif isinstance(ours, tuple):
        assert len(ours) == len(theirs)
    else:
        assert fields(ours) == fields(theirs)
        assert ours.count("```") == theirs.count("```")


def sentences(module: str) -> Iterator[str]:
    """What a module says when something is wrong: whatever its errors are made from that is a plain sentence."""
    tree = ast.parse((Path(maxdigit.__file__).parent / module).read_text(encoding="utf-8"))
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or not call.args:
            continue
        first = call.args[0]
        if call.func.id.endswith("Error") and call.func.id not in vars(builtins):
            if isinstance(first, ast.JoinedStr):
                yield ast.unparse(first)[2:]  # its values cannot be told from its words
            elif isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("module", REACHED)
def test_every_error_a_visitor_can_meet_is_translated(module: str, language: str) -> None:
    errors = LANGUAGES[language].ERRORS
    found = [sentence for sentence in sentences(module) if not sentence.startswith(FOR_PROGRAMS)]
    assert found
    for sentence in found:
        assert sentence in errors, sentence
        assert fields(errors[sentence]) == fields(sentence)


@pytest.mark.parametrize("language", OTHERS)
def test_no_translated_sentence_is_left_over(language: str) -> None:
    said = {
        sentence
        for path in Path(maxdigit.__file__).parent.rglob("*.py")
        for sentence in sentences(str(path.relative_to(Path(maxdigit.__file__).parent)))
    }
    assert set(LANGUAGES[language].ERRORS) <= said


def test_an_error_is_told_in_the_language_that_is_spoken() -> None:
    error = MaxDigitError(
        "These are {count:,} pictures; {most:,} can be taken at once. Split them into several batches.",
        count=12_000,
        most=10_000,
    )
    assert texts.told(error).startswith("These are 12,000 pictures; 10,000 can")
    with texts.speaking("fr"):
        assert texts.told(error).startswith("Cela fait 12\u202f000 images")
        assert texts.told(MaxDigitError("Never translated.")) == "Never translated."


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert texts.percent(0.5, 1) == "50.0%" and texts.number(1234.5, 1) == "1,234.5"
    with texts.speaking("fr"):
        assert texts.percent(0.5, 1) == "50,0\u00a0%" and texts.number(1234.5, 1) == "1\u202f234,5"
        assert texts.interval(0.1, 0.25) == "10,0 à 25,0\u00a0%"


def test_french_marks_stand_behind_a_no_break_space() -> None:
    source = Path(french.__file__).read_text(encoding="utf-8")
    lines = [line for line in source.splitlines() if not line.startswith("#")]
    assert [line for line in lines if re.search(r"[\w}»')] (?:[;?!%»]|:[ \"'])", line)] == []


def test_nobody_forgets_what_no_digits_look_like() -> None:
    def shares(best: float, second: float) -> list[float]:
        return [best if digit == 3 else second if digit == 8 else (1 - best - second) / 8 for digit in range(10)]

    assert in_words(shares(0.4, 0.35), sees_digits=False)[:2] == ("?", texts.NO_DIGITS)
    assert in_words(shares(0.2, 0.15), sees_digits=True)[:2] == ("?", texts.NO_DIGITS), "as flat as it was taught to be"
    assert in_words(shares(0.95, 0.02), sees_digits=False)[2].startswith("Sure")
    assert in_words(shares(0.4, 0.35), sees_digits=True)[2].startswith("Torn")
    assert in_words(shares(0.99, 0.01), sees_digits=True, has_writing=False)[:2] == ("?", texts.NO_DIGITS)
    plain, textured = np.zeros((128, 128), np.uint8), np.full((128, 128), 90, np.uint8)
    find = Find((10, 10, 30, 40), plain[:30, :20], is_erased=False)
    assert seems_written(plain, [find]) and seems_written(textured, [])
    assert not seems_written(plain, []) and not seems_written(plain, [replace(find, is_erased=True)])


def test_a_sample_of_any_number_of_digits_is_told_in_words():
    for language in (english, french):
        assert language.truth((3,), 3, None).split()[:3][-1].rstrip(";") == "3"
    assert english.truth((0, 9, 5), 9, 7) == "It shows 0, 9 and 5; the largest is 9: the model is wrong, it said 7."
    assert english.truth((3,), 3, None) == "It shows 3; the largest is 3."


def test_the_page_gets_every_label_in_both_languages() -> None:
    marker = texts.labels.SHOW_BOXES
    given = texts.translations().translations
    assert "SHOW_BOXES" in marker
    assert given["en"]["SHOW_BOXES"] == english.SHOW_BOXES and given["fr"]["SHOW_BOXES"] == french.SHOW_BOXES
    assert english.AXES["minutes"] in texts.in_browser("AXES") and french.AXES["pictures"] in texts.in_browser("AXES")
