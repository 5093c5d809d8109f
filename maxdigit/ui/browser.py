"""What only the visitor's browser can do with what the server hands it."""

from __future__ import annotations

import json

from maxdigit.ui.texts.english import TITLE

# A query becomes a link: in the address bar, on the clipboard where that is allowed, and in the field it is given to.
TO_ADDRESS = """(query) => {
  if (!query) return "";
  const link = `${location.origin}${location.pathname}?${query}`;
  try { history.replaceState(null, "", link); } catch { /* in a frame of another host */ }
  navigator.clipboard?.writeText(link).catch(() => {});
  return link;
}"""

# The answer card as HTML becomes the title and the icon of the browser's tab: what is read, the answer, the picture.
TO_TAB = """(card) => {
  const parts = new DOMParser().parseFromString(card ?? "", "text/html");
  const text = (selector) => parts.querySelector(`.answer-answered ${selector}`)?.textContent.trim() ?? "";
  const answer = text(".answer-digit");
  const read = [...parts.querySelectorAll(".answer-answered .answer-reads b")].map((digit) => digit.textContent.trim());
  const said = read.length ? `max(${read.join(", ")}) = ${answer}` : answer;
  document.title = answer ? `${said} · NAME` : "NAME";
  const picture = answer && parts.querySelector(".answer-picture")?.getAttribute("src");
  let icon = document.querySelector("link#answer-icon");
  if (!picture) return icon?.remove();
  icon ??= document.head.appendChild(Object.assign(document.createElement("link"), { id: "answer-icon", rel: "icon" }));
  icon.href = picture;
}""".replace("NAME", TITLE)

# Has the browser save a blob under a name.
_SAVE = """
  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };"""

# JSON with a name, a type and base64 becomes a file.
TO_FILE = (
    "(file) => {"
    + _SAVE
    + """
  if (!file) return;
  const { name, type, base64 } = JSON.parse(file);
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  save(new Blob([bytes], { type }), name);
}"""
)


def charts_to_svg(inside: str, name: str) -> str:
    """A script that saves the charts inside an element, one under the other, as one SVG file.

    Plotly draws a chart as several SVG layers; its own button saves only PNG.
    """
    return _CHARTS_TO_SVG.replace("INSIDE", json.dumps(f"{inside} .svg-container")).replace("NAME", json.dumps(name))


_CHARTS_TO_SVG = (
    "() => {"
    + _SAVE
    + """
  const space = "http://www.w3.org/2000/svg";
  const all = document.createElementNS(space, "svg");
  let [width, height] = [0, 0];
  for (const chart of document.querySelectorAll(INSIDE)) {
    if (!chart.clientHeight) continue;
    for (const layer of chart.querySelectorAll(":scope > svg.main-svg")) {
      const copy = layer.cloneNode(true);
      copy.setAttribute("y", height);
      all.append(copy);
    }
    width = Math.max(width, chart.clientWidth);
    height += chart.clientHeight;
  }
  if (!height) return;
  all.setAttribute("viewBox", `0 0 ${width} ${height}`);
  all.setAttribute("width", width);
  all.setAttribute("height", height);
  save(new Blob([new XMLSerializer().serializeToString(all)], { type: "image/svg+xml" }), NAME);
}"""
)
