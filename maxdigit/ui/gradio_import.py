"""Imports Gradio in two thirds of the time: without what the page does not need, and without doing things twice."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn

import jinja2
import pydantic

from maxdigit.ui.replaced import replaced


def import_gradio() -> None:
    """Import it, if it is not imported yet. What is replaced for that is as before afterwards."""
    # Pydantic would look for plugins in every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Otherwise the models of FastAPI's documentation, of which the page has none, would be built.
    with replaced(pydantic.BaseModel, "model_config", pydantic.ConfigDict(defer_build=True)):
        import fastapi  # noqa: F401
    with (
        # Gradio writes type stubs beside its own files, which doubles the time of the import; later it would write them
        # for our components. It skips classes without a file.
        replaced(inspect, "getfile", _no_file),
        # It makes a template of the description of each event of each component: 220 times, of 37 texts.
        replaced(jinja2, "Template", functools.cache(jinja2.Template)),
        # It makes three HTTP clients, each of which reads the same certificates.
        replaced(ssl, "create_default_context", functools.cache(ssl.create_default_context)),
        # It imports pandas for tables and plots that the page does not have.
        _loaded_when_used("pandas"),
    ):
        import gradio.component_meta
    gradio.component_meta.create_or_modify_pyi = lambda *_: None


def _no_file(_: object) -> NoReturn:
    raise OSError


class _LoadedWhenUsed(ModuleType):
    """A module for those that import it, which is loaded when they read an attribute of it."""

    def __getattr__(self, attribute: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        vars(self).update(vars(module))
        return getattr(module, attribute)


@contextmanager
def _loaded_when_used(name: str) -> Iterator[None]:
    """Inside the block, importing a module does not load it; after it, importing it again does.

    ``importlib.util.LazyLoader`` does not do here: it loads a module at its second import.
    """
    if name in sys.modules:
        yield
        return
    stand_in = sys.modules[name] = _LoadedWhenUsed(name)
    try:
        yield
    finally:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
