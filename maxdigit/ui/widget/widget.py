"""What the components of our own have in common: they are shown by ``gr.HTML``, from files beside their module."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import gradio as gr

from maxdigit.ui.texts.language import BROWSER_LANGUAGE, DEFAULT, LANGUAGES

_SHARED = Path(__file__).parent


class Widget(gr.HTML):
    """A component with a ``template.html``, a ``style.css`` and a script, all in one folder.

    The template has ``${texts.NAME}``, the script ``texts.NAME``: the texts in the visitor's language. Before the style
    and the script stand ``shared.css`` and ``shared.js``, in the same scope.
    """

    folder: ClassVar[Path]
    names: ClassVar[tuple[str, ...]] = ()  # of the texts that it needs
    content: ClassVar[str] = ""  # of its value, which is JSON text

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        template = (self.folder / "template.html").read_text(encoding="utf-8")
        styles = [folder / name for folder, name in ((_SHARED, "shared.css"), (self.folder, "style.css"))]
        super().__init__(
            value,
            html_template=template.replace("${texts.", f"${{(texts[{BROWSER_LANGUAGE}] ?? texts.{DEFAULT})."),
            css_template="\n".join(path.read_text(encoding="utf-8") for path in styles),
            js_on_load=script_of(self.folder),
            apply_default_css=False,
            texts={code: {name: getattr(module, name) for name in self.names} for code, module in LANGUAGES.items()},
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """The type of the value, as the documentation of the API gives it."""
        return {"type": "string", "description": f"JSON text: {self.content}"}


def script_of(folder: Path) -> str:
    """The script of a component with a template: what all share, ``script.js``, then the folder's other scripts."""
    return f"{(_SHARED / 'shared.js').read_text(encoding='utf-8')}\n{_scripts(folder)}"


def scripted(folder: Path) -> dict[str, Any]:
    """The arguments for ``gr.HTML`` that run the scripts in ``folder`` on HTML that the server makes."""
    return {"js_on_load": _scripts(folder), "apply_default_css": False}


def _scripts(folder: Path) -> str:
    paths = sorted(folder.glob("*.js"), key=lambda path: (path.name != "script.js", path.name))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)
