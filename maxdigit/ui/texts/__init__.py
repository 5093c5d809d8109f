"""Every text a visitor reads, in the visitor's language: ``texts.DRAW`` and ``texts.headline(7)``.

A name has the same meaning in :mod:`~maxdigit.ui.texts.english` and :mod:`~maxdigit.ui.texts.french`. The language is
chosen when a text is used: the browser's while an event is handled, otherwise English. Components that are built before
there is a visitor take their texts from :data:`labels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maxdigit.ui.texts.language import in_browser, labels, module, speaking, told, translations

if TYPE_CHECKING:
    from maxdigit.ui.texts.english import *  # noqa: F403

__all__ = ["in_browser", "labels", "speaking", "told", "translations"]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(module(), name)
