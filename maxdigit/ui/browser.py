"""Scripts for what only the visitor's browser can do."""

from __future__ import annotations

import json

from maxdigit.ui.texts.english import TITLE

# Takes a query; returns the link, and also puts it into the address bar and, if that is allowed, the clipboard.
TO_ADDRESS = """(query) => {
  if (!query) return "";
  const link = `${location.origin}${location.pathname}?${query}`;
  try { history.replaceState(null, "", link); } catch { /* in a frame of another host */ }
  navigator.clipboard?.writeText(link).catch(() => {});
  return link;
}"""

# Takes the HTML of the answer card; sets the title and the icon of the browser's tab.
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

# Saves a blob as a file.
_SAVE = """
  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };"""

# Saves a file, given as JSON with a name, a type and base64.
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
    """A script that saves all charts inside an element, one below the other, as one SVG file.

    Plotly draws a chart as several SVG layers, and its own button saves only PNG.
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
