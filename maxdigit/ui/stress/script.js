// The stress test of a picture.
//
// While it is open, it requests one kind of change after another, and starts again when the compared picture changes. A
// response contains all strengths of a change, so that moving a slider needs no request.

const words = texts.STRESS;
const CHANGES = ["turn", "shrink", "blur", "noise"];
const PIXELS = 128; // along a side of a picture
const LABELLED = 3; // every third strength has a label

const toggle = find(".stress-toggle");
const body = find(".stress-body");
const view = find(".stress-view");
const list = find(".stress-changes");

let asked = 0; // the number of the latest picture
let waiting = []; // changes without a response
let seen = ""; // the picture of the latest requests
let pictures = null; // observes the compared picture while the test is open
const panels = new Map(); // by change

const isOpen = () => !body.hidden;
const written = (value) => value.toLocaleString(language).replace("-", "\u2212");
const inUnit = (change, strength) => filled(words[`unit ${change}`], { value: written(strength) });

// ---- Asking

const pictureNow = () => document.querySelector("#side-by-side .verdict .answer-picture")?.src ?? "";

function begin() {
  asked += 1;
  waiting = [...CHANGES];
  body.setAttribute("aria-busy", "true");
  next();
}

function next() {
  if (waiting.length && isOpen()) trigger("stress", { number: asked, change: waiting[0] });
  else body.removeAttribute("aria-busy");
}

function notice() {
  const now = pictureNow();
  if (now === seen) return;
  seen = now;
  begin();
}

toggle.addEventListener("click", () => {
  unfold(toggle, body, !isOpen());
  pictures?.disconnect();
  if (!isOpen()) return;
  pictures = observePage("#side-by-side", notice);
  seen = pictureNow();
  begin();
});

onValue((value) => {
  if (!isOpen() || value.number !== asked) return; // about another picture
  find(".stress-said").textContent = value.said;
  view.hidden = !value.change;
  if (!value.change) {
    waiting = [];
  } else if (waiting.includes(value.change)) {
    waiting = waiting.filter((change) => change !== value.change);
    show(value);
  } else {
    return; // shown already
  }
  next();
});

// ---- One kind of change

function show(value) {
  let panel = panels.get(value.change);
  if (!panel) {
    panel = newPanel(value);
    panels.set(value.change, panel);
    list.append(panel.root);
  }
  panel.value = value;
  drawTable(panel);
  panel.image.onload = () => drawPlace(panel);
  panel.image.src = value.pictures;
  drawPlace(panel);
}

function newPanel({ change, strengths, unchanged }) {
  const root = newElement("section", { class: "stress-change", "data-change": change });
  root.style.setProperty("--count", strengths.length);
  root.innerHTML = `
    <h3></h3>
    <div class="stress-now"><canvas width="${PIXELS}" height="${PIXELS}" role="img"></canvas><ul></ul></div>
    <input type="range" min="0" max="${strengths.length - 1}" step="1">
    <div class="stress-scroll"><table><thead></thead><tbody></tbody></table></div>`;
  root.querySelector("h3").textContent = words[change];
  const slider = root.querySelector("input");
  slider.value = unchanged;
  slider.setAttribute("aria-label", words[`slider ${change}`]);
  const panel = { root, slider, image: new Image(), value: null };
  slider.addEventListener("input", () => drawPlace(panel));
  root.querySelector("table").addEventListener("click", (event) => {
    const at = event.target.closest("[data-at]")?.dataset.at;
    if (at === undefined) return;
    slider.value = at;
    drawPlace(panel);
  });
  return panel;
}

function drawTable({ root, value }) {
  const { change, strengths, unchanged, rows } = value;
  const head = newElement("tr");
  head.append(newElement("td"));
  strengths.forEach((strength, at) => {
    const cell = newElement("th", { scope: "col", "data-at": at });
    // Counted from the strength that changes nothing, so that it has a label.
    const isLabelled = (at - unchanged) % LABELLED === 0;
    cell.append(newElement("span", { class: isLabelled ? "stress-label" : "stress-unseen" }, inUnit(change, strength)));
    head.append(cell);
  });
  root.querySelector("thead").replaceChildren(head);
  root.querySelector("tbody").replaceChildren(...rows.map((row) => drawRow(row, value)));
}

function drawRow(row, { change, strengths, unchanged }) {
  const line = newElement("tr");
  line.style.setProperty("--model", row.colour);
  const name = newElement("th", { scope: "row" }, row.model);
  line.append(name);
  if (!row.digits) {
    line.append(newElement("td", { colspan: strengths.length, class: "stress-trouble" }, row.trouble));
    return line;
  }
  const [from, to] = row.holds;
  const range = { from: inUnit(change, strengths[from]), to: inUnit(change, strengths[to]) };
  const holdsAll = from === 0 && to === strengths.length - 1;
  const kept = holdsAll ? words.always : unchanged === 0 ? words.until : words.range;
  name.append(newElement("small", {}, filled(kept, range)));
  row.digits.forEach((digit, at) => {
    const isSame = digit === row.digits[unchanged];
    const cell = newElement("td", { "data-at": at, class: isSame ? "stress-same" : "stress-other" }, digit);
    cell.style.setProperty("--share", `${row.percents[at]}%`);
    line.append(cell);
  });
  return line;
}

function drawPlace({ root, slider, image, value }) {
  const at = Number(slider.value);
  const { change, strengths, unchanged, rows } = value;
  const strength = inUnit(change, strengths[at]);
  const canvas = root.querySelector("canvas");
  if (image.complete && image.naturalWidth) {
    canvas.getContext("2d").drawImage(image, at * PIXELS, 0, PIXELS, PIXELS, 0, 0, PIXELS, PIXELS);
  }
  canvas.setAttribute("aria-label", filled(words.picture, { change: words[change], strength }));
  const items = rows
    .filter((row) => row.digits)
    .map((row) => {
      const item = newElement("li", { class: row.digits[at] === row.digits[unchanged] ? "" : "stress-fell" });
      item.style.setProperty("--model", row.colour);
      const share = filled(words.share, { percent: row.percents[at] });
      const name = newElement("span", { class: "stress-name" }, row.model);
      item.append(name, newElement("b", {}, row.digits[at]), newElement("span", {}, share));
      return item;
    });
  root.querySelector("ul").replaceChildren(...items);
  const answers = rows.filter((row) => row.digits).map((row) => `${row.model} ${row.digits[at]}`);
  slider.setAttribute("aria-valuetext", `${strength}. ${answers.join(", ")}`);
  root.querySelectorAll("[data-at]").forEach((cell) => cell.classList.toggle("stress-here", Number(cell.dataset.at) === at));
}
