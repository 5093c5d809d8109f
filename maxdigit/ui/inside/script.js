// The view inside a network.
//
// While it is open, it requests data whenever the answer on the page changes, and draws the response: bytes as pictures
// on canvases, in the colour of the model. Requests are numbered.

const words = texts.INSIDE;
const PIXELS = 128; // along a side of the network's input
const SCALE = 3; // canvas pixels for each of those
const PATIENCE = 10000; // ms after which a request counts as lost
const NOTHING = 10; // the reader's class for no digit
const [WIDE, TOP, BOTTOM] = [560, 34, 180]; // of the bands: width of the drawing, heights where they begin and end
const [BROADEST, LEAST] = [30, 0.12]; // width of the broadest band, and share of it below which none is drawn

const root = find(".inside");
const toggle = find(".inside-toggle");
const body = find(".inside-body");
const view = find(".inside-view");
const picture = find(".inside-picture");
const rows = find(".inside-sections");
const sheet = picture.querySelector("canvas").getContext("2d");

let shown = null; // the value that is drawn
let chosen = null; // the map that is enlarged: its section and channel
let asked = 0; // the number of the latest request
let sent = null; // the number of the request that has no response yet
let sentAt = 0;
let place = null; // the place in the picture whose cells are marked
let seen = ""; // the answer of the latest request
let answers = null; // observes the answer while the view is open
const image = new Image();

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const isOpen = () => !body.hidden;

// ---- Asking

// One request at a time: while a line is being drawn, intermediate ones would only delay the last.
function look() {
  if (!isOpen()) return;
  asked += 1;
  body.setAttribute("aria-busy", "true");
  if (sent === null || performance.now() - sentAt > PATIENCE) send();
}

function send() {
  sent = asked;
  sentAt = performance.now();
  trigger("look", { number: sent, section: chosen?.section ?? null, channel: chosen?.channel ?? null });
}

// Identifies what the answer card shows: the picture and, by its colour, the model.
function answerNow() {
  const card = document.querySelector("#answer .answer");
  return card ? [card.className, card.style.cssText, card.querySelector(".answer-picture")?.src].join() : "";
}

function notice() {
  const now = answerNow();
  if (now === seen) return;
  seen = now;
  look();
}

toggle.addEventListener("click", () => {
  unfold(toggle, body, !isOpen());
  answers?.disconnect();
  if (!isOpen()) return;
  seen = answerNow();
  answers = observePage("#answer", notice);
  look();
});

function close() {
  answers?.disconnect();
  unfold(toggle, body, false);
  toggle.focus();
}

find(".inside-close").addEventListener("click", close);
body.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  close();
});

onValue((value) => {
  if (value.number === sent) {
    sent = null;
    if (isOpen() && value.number !== asked) send();
  }
  if (!isOpen() || value.number < (shown?.number ?? 0)) return; // a late response
  if (value.number === asked) body.removeAttribute("aria-busy");
  shown = value;
  find(".inside-said").textContent = value.said;
  view.hidden = !value.sections;
  if (!value.sections) {
    find(".inside-head h3").textContent = words.label;
    return;
  }
  root.style.setProperty("--model", `rgb(${colour().join(" ")})`);
  find(".inside-head h3").textContent = filled(words.title, value);
  const note = find(".inside-note");
  note.textContent = value.ensemble ? filled(words.member, value) : words.intro;
  chosen = value.map;
  drawSections();
  drawChosen();
  drawFlows();
  image.onload = drawPicture;
  image.src = value.picture;
  showPlace();
});

// ---- Feature maps

// The model's colour; on a dark page a lighter shade, so that faint cells remain visible.
function colour() {
  const lighter = document.querySelector(".dark") ? 0.3 : 0;
  return [1, 3, 5].map((at) => {
    const part = parseInt(shown.colour.slice(at, at + 2), 16);
    return Math.round(part + lighter * (255 - part));
  });
}

// Draws bytes on a canvas; they are the opacity of the colour.
function paint(canvas, values, side) {
  const [red, green, blue] = colour();
  const data = new ImageData(side, side);
  values.forEach((value, at) => data.data.set([red, green, blue, value], 4 * at));
  canvas.width = canvas.height = side;
  canvas.getContext("2d").putImageData(data, 0, 0);
}

function nameOf(number) {
  const { name } = shown.sections[number];
  const before = shown.sections.slice(0, number + 1).filter((section) => section.name === name).length;
  return filled(words[`name ${name}`], { number: before });
}

// Rows are reused, so that nothing flickers and the focus is kept.
function drawSections() {
  while (rows.children.length > shown.sections.length) rows.lastChild.remove();
  shown.sections.forEach((section, number) => {
    const row = rows.children[number] ?? rows.appendChild(newRow());
    row.querySelector("h4").textContent = nameOf(number);
    row.querySelector(".inside-size").textContent = filled(words.size, section);
    row.querySelector(".inside-does").textContent = `${words[`does ${section.does}`]} ${filled(words.sees, section)}`;
    const list = row.querySelector(".inside-maps");
    const all = bytes(section.maps);
    const length = section.side ** 2;
    while (list.children.length > section.shown.length) list.lastChild.remove();
    section.shown.forEach((channel, at) => {
      const button = list.children[at] ?? list.appendChild(newMap());
      const isChosen = chosen?.section === number && chosen?.channel === channel;
      button.dataset.section = number;
      button.dataset.channel = channel;
      button.setAttribute("aria-pressed", String(isChosen));
      button.setAttribute("aria-label", filled(words.map, { map: channel + 1, section: nameOf(number) }));
      button.title = button.getAttribute("aria-label");
      paint(button.firstChild, all.subarray(at * length, (at + 1) * length), section.side);
    });
  });
}

function newRow() {
  const row = newElement("li");
  row.innerHTML = `
    <div class="inside-row"><h4></h4><p class="inside-size"></p></div>
    <p class="inside-does"></p>
    <div class="inside-maps"></div>`;
  return row;
}

function newMap() {
  const button = newElement("button", { type: "button" });
  button.innerHTML = '<canvas aria-hidden="true"></canvas>';
  return button;
}

rows.addEventListener("click", (event) => {
  const { section, channel } = event.target.closest("button")?.dataset ?? {};
  if (section === undefined) return;
  const isSame = chosen?.section === Number(section) && chosen?.channel === Number(channel);
  chosen = isSame ? null : { section: Number(section), channel: Number(channel) };
  look();
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (chosen) picture.scrollIntoView({ block: "nearest", behavior: isCalm ? "auto" : "smooth" });
});

function drawChosen() {
  const map = shown.map;
  find(".inside-chosen").hidden = !map;
  if (!map) return;
  find(".inside-chosen h4").textContent = filled(words.map, { map: map.channel + 1, section: nameOf(map.section) });
  const exciting = find(".inside-exciting");
  exciting.querySelector("img").hidden = !map.pictures;
  if (map.pictures) exciting.querySelector("img").src = map.pictures;
  exciting.querySelector("figcaption").textContent = map.pictures ? words.exciting : words.no_pictures;
  for (const part of [find(".inside-kernel"), find(".inside-kernel-term")]) part.hidden = !map.kernel;
  if (!map.kernel) return;
  // White for positive weights, black for negative ones.
  const side = map.kernel.length;
  const data = new ImageData(side, side);
  map.kernel.flat().forEach((value, at) => data.data.set([128 + value, 128 + value, 128 + value, 255], 4 * at));
  const canvas = find(".inside-kernel canvas");
  canvas.width = canvas.height = side;
  canvas.getContext("2d").putImageData(data, 0, 0);
}

// ---- The picture, the map laid over it, and the cells that see a place in it

function drawPicture() {
  sheet.imageSmoothingEnabled = false;
  sheet.globalAlpha = 1;
  sheet.fillStyle = "#000";
  sheet.fillRect(0, 0, PIXELS * SCALE, PIXELS * SCALE);
  sheet.globalAlpha = shown.map ? 0.45 : 1;
  sheet.drawImage(image, 0, 0, PIXELS * SCALE, PIXELS * SCALE);
  sheet.globalAlpha = 1;
  if (!shown.map) return;
  const section = shown.sections[shown.map.section];
  const over = document.createElement("canvas");
  paint(over, bytes(shown.map.values), shown.map.side);
  const [from, size] = [section.first + 0.5 - section.step / 2, section.step * shown.map.covered];
  sheet.drawImage(over, from * SCALE, from * SCALE, size * SCALE, size * SCALE);
}

const nearest = ({ first, step, cells }, at) => Math.min(cells - 1, Math.max(0, Math.round((at - 0.5 - first) / step)));

function showPlace() {
  const marks = picture.querySelector("svg");
  marks.replaceChildren();
  root.classList.toggle("inside-placed", place !== null);
  if (!place || !shown?.sections) {
    find(".inside-place").textContent = words.point;
    return;
  }
  shown.sections.forEach((section, number) => {
    const [column, row] = place.map((at) => nearest(section, at));
    const [x, y] = [column, row].map((cell) => section.first + 0.5 + section.step * cell - section.field / 2);
    marks.append(newShape("rect", { x, y, width: section.field, height: section.field }));
    const cell = rows.children[number].style;
    cell.setProperty("--column", `${(100 * column) / section.covered}%`);
    cell.setProperty("--row", `${(100 * row) / section.covered}%`);
    cell.setProperty("--cell", `${Math.max(100 / section.covered, 6)}%`);
  });
  find(".inside-place").textContent = readAt(place);
}

function readAt(at) {
  const { cells } = shown;
  if (!cells) return words.no_reader;
  const [column, row] = at.map((one) => nearest(cells, one));
  const cell = row * cells.cells + column;
  const digit = bytes(cells.digits)[cell];
  const percent = bytes(cells.percents)[cell];
  return filled(digit === NOTHING ? words.reads_nothing : words.reads, { digit, percent });
}

function point(event) {
  const box = picture.getBoundingClientRect();
  place = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((part) =>
    Math.min(PIXELS - 1, Math.max(0, part * PIXELS)),
  );
  showPlace();
}

picture.addEventListener("pointermove", (event) => event.pointerType === "mouse" && point(event));
picture.addEventListener("pointerdown", point);
picture.addEventListener("pointerleave", (event) => {
  if (event.pointerType !== "mouse") return; // a tapped place stays marked
  place = null;
  showPlace();
});

const ARROWS = { ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, -4], ArrowDown: [0, 4] };

picture.addEventListener("keydown", (event) => {
  const step = ARROWS[event.key];
  if (!step) return;
  event.preventDefault();
  const from = place ?? [PIXELS / 2, PIXELS / 2];
  place = from.map((at, axis) => Math.min(PIXELS - 1, Math.max(0, at + step[axis])));
  showPlace();
});

// ---- What each digit read adds to each bar

function drawFlows() {
  const flows = shown.flows;
  const svg = find(".inside-flows svg");
  const sums = find(".inside-sums");
  svg.replaceChildren();
  sums.replaceChildren();
  for (const part of [svg, find(".inside-flows details")]) part.classList.toggle("inside-none", !flows);
  find(".inside-flows-said").textContent = flows ? words.flows_colours : words.flows_none;
  if (!flows) return;
  find(".inside-flows-term").textContent = flows.exact ? words.flows_exact : words.flows_erased;

  const digits = flows.digits.map(String);
  const adds = [...flows.adds, ...(flows.rest ? [flows.rest] : [])];
  const names = [...digits, ...(flows.rest ? [words.rest] : [])];
  const most = Math.max(...adds.flat().map(Math.abs), 1e-6);
  const from = (source) => ((source + 0.5) / names.length) * WIDE;
  const to = (bar) => ((bar + 0.5) / 10) * WIDE;

  // Bands that start or end at one place lie side by side.
  const strips = (groups, middle) =>
    groups.flatMap((bands, group) => {
      let left = middle(group) - bands.reduce((sum, band) => sum + band.width, 0) / 2;
      return bands.map((band) => [band, (left += band.width) - band.width / 2]);
    });
  const bands = adds.map((row, source) =>
    row
      .map((value, bar) => ({ source, bar, value, width: (BROADEST * Math.abs(value)) / most }))
      .filter((band) => band.width >= LEAST * BROADEST),
  );
  const starts = new Map(strips(bands, from));
  const ends = new Map(
    strips(
      [...Array(10).keys()].map((bar) => bands.flat().filter((band) => band.bar === bar)),
      to,
    ),
  );
  for (const band of bands.flat().sort((one, other) => one.value - other.value)) {
    const [x0, x1, middle] = [starts.get(band), ends.get(band), (TOP + BOTTOM) / 2];
    const path = newShape("path", {
      d: `M${x0} ${TOP}C${x0} ${middle} ${x1} ${middle} ${x1} ${BOTTOM}`,
      "stroke-width": band.width.toFixed(1),
      class: band.value > 0 ? "inside-adds" : "inside-takes",
    });
    path.append(newShape("title", {}, sentence(names[band.source], band)));
    svg.append(path);
  } const label = (text, x, y, name) => svg.append(newShape("text", { x, y, class: name }, text)); names.forEach((name,
  source) => label(name, from(source), 22, source < digits.length ? "inside-source" : "inside-rest"));
  [...Array(10).keys()].forEach((bar) => label(bar, to(bar), 202, "inside-bar"));

  // The same in words, for screen readers.
  bands.forEach((row, source) => {
    if (!row.length) return;
    const strongest = row.sort((one, other) => Math.abs(other.value) - Math.abs(one.value)).slice(0, 3);
    sums.append(newElement("li", {}, strongest.map((band) => sentence(names[source], band)).join(" ")));
  });
}

function sentence(name, { bar, value }) {
  return filled(value > 0 ? words.adds : words.takes, { name, bar, value: Math.abs(value).toFixed(1) });
}
