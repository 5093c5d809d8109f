"""Components of our own: a folder with ``template.html``, ``style.css`` and ``script.js``, shown by ``gr.HTML``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maxdigit.ui.texts.language import LANGUAGES


def widget(folder: Path, *names: str) -> dict[str, Any]:
    """The arguments for ``gr.HTML`` that make it the component in ``folder``.

    Args:
        folder: where the three files are.
        names: of the texts it needs. In the template, ``${texts.NAME}`` is in the visitor's language; the script has
            ``props.texts``, which holds them by language.
    """
    template, style, script = (
        (folder / name).read_text(encoding="utf-8") for name in ("template.html", "style.css", "script.js")
    )
    return {
        "html_template": template.replace("${texts.", "${(texts[navigator.language.slice(0, 2)] ?? texts.en)."),
        "css_template": style,
        "js_on_load": script,
        "apply_default_css": False,
        "texts": {code: {name: getattr(module, name) for name in names} for code, module in LANGUAGES.items()},
    }
