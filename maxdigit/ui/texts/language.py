"""Which language a visitor reads."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from types import ModuleType
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from maxdigit.errors import MaxDigitError, without_paths
from maxdigit.ui.texts import english, french

LANGUAGES: dict[str, ModuleType] = {"en": english, "fr": french}
DEFAULT = "en"
BROWSER_LANGUAGE = "navigator.language.slice(0, 2)"  # in JavaScript

_log = logging.getLogger(__name__)

_chosen: ContextVar[str | None] = ContextVar("chosen language", default=None)
_translations: dict[str, dict[str, str]] = {name: {} for name in LANGUAGES}  # language -> key -> text


def language() -> str:
    """The current language, by its ISO 639-1 code: the browser's first choice if there are texts in it."""
    if chosen := _chosen.get():
        return chosen
    request = LocalContext.request.get(None)  # set by Gradio while it answers an event
    wanted = request.headers.get("accept-language", "") if request else ""
    return wanted[:2].lower() if wanted[:2].lower() in LANGUAGES else DEFAULT


def module() -> ModuleType:
    """The texts in that language."""
    return LANGUAGES[language()]


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Use a language, whatever the browser asks for."""
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def told(error: Exception) -> str:
    """The error's sentence, with files of the server named without their folders.

    For an internal error of the program it is only a general one; the server's log has the details.
    """
    if not isinstance(error, MaxDigitError):
        _log.error("An event of the page could not be answered.", exc_info=error)
        return str(module().FAULT)
    sentence = getattr(module(), "ERRORS", {}).get(error.sentence)
    if sentence is None:
        return without_paths(str(error))
    say = module().number
    values = {name: say(v) if isinstance(v, int) else v for name, v in error.values.items()}
    return without_paths(sentence.format(**values))


def translations() -> gr.I18n:
    """The translations of :data:`labels`, for ``launch(i18n=...)``."""
    return gr.I18n(**_translations)


def in_browser(name: str) -> str:
    """A text in the visitor's language, as an expression in JavaScript."""
    texts = json.dumps({code: getattr(texts, name) for code, texts in LANGUAGES.items()})
    return f"(({texts})[{BROWSER_LANGUAGE}] ?? {json.dumps(getattr(english, name))})"


class _Labels:
    """Texts for components that are built before there is a visitor. The page translates them.

    An attribute is the text of that name in the languages' modules, or several texts by name.
    """

    def __getattr__(self, name: str) -> Any:
        value = getattr(english, name)
        if isinstance(value, dict):
            return {key: _marked(f"{name}:{key}", partial(_take, name=name, key=key)) for key in value}
        return _marked(name, partial(_take, name=name))

    def made(self, key: str, make: Callable[[], str]) -> str:
        """A text that a function makes, under a name of its own."""
        for name in LANGUAGES:
            with speaking(name):
                _translations[name][key] = make()
        return _marker(key)


def _take(texts: ModuleType, name: str, key: str | None = None) -> str:
    text = getattr(texts, name)
    return str(text if key is None else text[key])


def _marked(key: str, take: Callable[[ModuleType], str]) -> str:
    for name, texts in LANGUAGES.items():
        _translations[name][key] = take(texts)
    return _marker(key)


def _marker(key: str) -> str:
    """The marker that Gradio's page replaces by the text; a string can contain only one."""
    return str(gr.I18n()(key))


labels = _Labels()
