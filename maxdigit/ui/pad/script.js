// The drawing pad; example.js and keys.js follow.
//
// A drawing is a list of strokes. Every change makes a new list; undo and redo switch between lists. Coordinates are in
// units of a grid over the pad (props.rules.grid), whatever its size on the screen.

const rules = props.rules;
const words = texts.PAD;
const SEND_EVERY = 100; // ms between values while a line is being drawn
const MIN_STEP = 3; // units; points closer than this to the last one are dropped
const KEPT = "maxdigit-drawing"; // keeps the drawing while the page reloads, as it does when the theme is changed

const pad = find(".pad");
const sheet = find(".pad-sheet");
const canvas = find(".pad-canvas");
const tip = find(".pad-tip");
const full = find(".pad-full");
const slider = find("input[type=range]");
const buttons = Object.fromEntries([...element.querySelectorAll("[data-act]")].map((b) => [b.dataset.act, b]));
const context = canvas.getContext("2d", { alpha: false });

let strokes = [];
let past = [];
let future = [];
let tool = "pen";
let size = rules.size;
let line = null; // the stroke that is being drawn, and the pointer that draws it
let pointer = null;
let room = 0; // number of points that may still be added
let isHidden = false;
let isExample = false; // the drawing is by example.js, not by the visitor
let sentAt = 0;
let timer = null;

// ---- Canvas

function inkOf(stroke) {
  const tone = stroke.tool === "pen" ? "#fff" : "#000";
  context.fillStyle = tone;
  context.strokeStyle = tone;
  context.lineWidth = stroke.size;
  context.lineCap = "round";
  context.lineJoin = "round";
}

function drawStroke(stroke, from = 0) {
  inkOf(stroke);
  context.beginPath();
  if (stroke.points.length === 1) {
    const [x, y] = stroke.points[0];
    context.arc(x, y, stroke.size / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  context.moveTo(...stroke.points[Math.max(0, from - 1)]);
  for (const point of stroke.points.slice(Math.max(1, from))) context.lineTo(...point);
  context.stroke();
}

function drawAll() {
  context.fillStyle = "#000";
  context.fillRect(0, 0, rules.grid, rules.grid);
  for (const stroke of strokes) drawStroke(stroke);
}

// One canvas pixel for each pixel of the screen, so that ink is sharp at any zoom.
function fit() {
  const side = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
  if (!side) {
    isHidden = true; // its tab is not open
    return;
  }
  if (isHidden) trigger("shown");
  isHidden = false;
  if (canvas.width !== side) {
    canvas.width = side;
    canvas.height = side;
  }
  context.setTransform(side / rules.grid, 0, 0, side / rules.grid, 0, 0);
  drawAll();
}

function showState() {
  pad.classList.toggle("pad-drawn", strokes.length > 0);
  buttons.undo.disabled = past.length === 0;
  buttons.redo.disabled = future.length === 0;
  buttons.clear.disabled = strokes.length === 0;
  full.textContent = roomLeft() > 0 ? "" : words.full;
}

// ---- Value

function written() {
  return strokes.length ? JSON.stringify({ version: rules.version, strokes }) : "";
}

function send() {
  clearTimeout(timer);
  timer = null;
  sentAt = performance.now();
  const value = written();
  if (value !== props.value) props.value = value;
  try {
    sessionStorage.setItem(KEPT, isExample ? "" : value);
  } catch {
    // Some browsers store nothing for pages in frames. The drawing is then lost on a reload.
  }
}

function sendSoon() {
  if (timer === null) timer = setTimeout(send, Math.max(0, sentAt + SEND_EVERY - performance.now()));
}

function receive(value) {
  let drawing;
  try {
    drawing = value ? JSON.parse(value) : { version: rules.version, strokes: [] };
  } catch {
    return; // invalid: keep the drawing
  }
  if (drawing?.version !== rules.version || !Array.isArray(drawing.strokes)) return;
  leaveExample();
  strokes = drawing.strokes;
  past = [];
  future = [];
  drawAll();
  showState();
}

// From here on the drawing is the visitor's.
function leaveExample() {
  isExample = false;
  pad.classList.remove("pad-example");
}

function change(next) {
  leaveExample();
  past.push(strokes);
  future = [];
  strokes = next;
}

function step(from, to) {
  if (line || from.length === 0) return;
  to.push(strokes);
  strokes = from.pop();
  drawAll();
  showState();
  send();
}

function clear() {
  if (line || strokes.length === 0) return;
  change([]);
  drawAll();
  showState();
  send();
}

// ---- Lines, by pointer or keyboard

function roomLeft() {
  if (strokes.length >= rules.maxStrokes) return 0;
  return rules.maxPoints - strokes.reduce((sum, stroke) => sum + stroke.points.length, 0);
}

// Returns whether there is room for another line.
function beginLine(by, name, point) {
  room = roomLeft() - 1;
  if (room < 0) return false;
  pointer = by;
  line = { tool: name, size, points: [point] };
  change([...strokes, line]);
  drawStroke(line);
  showState();
  sendSoon();
  return true;
}

function endLine() {
  line = null;
  pointer = null;
  showState();
  send();
}

// ---- Pointer

// The canvas is measured for every event, because scrolling, zooming and rotating a phone move it.
function position(event) {
  const box = canvas.getBoundingClientRect();
  const unit = (offset, length) => {
    const value = Math.round((offset / length) * rules.grid);
    return Math.min(2 * rules.grid, Math.max(-rules.grid, value));
  };
  return [unit(event.clientX - box.left, box.width), unit(event.clientY - box.top, box.height)];
}

function extendTo(point, always = false) {
  const last = line.points[line.points.length - 1];
  const distance = Math.hypot(point[0] - last[0], point[1] - last[1]);
  if (distance < (always ? 1 : MIN_STEP) || room <= 0) return;
  line.points.push(point);
  room -= 1;
  drawStroke(line, line.points.length - 1);
}

canvas.addEventListener("pointerdown", (event) => {
  const turnedPen = event.pointerType === "pen" && (event.buttons & 32) !== 0; // the eraser end
  if (line || !(event.button === 0 || turnedPen)) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true, focusVisible: false });
  if (beginLine(event.pointerId, turnedPen ? "eraser" : tool, position(event))) canvas.setPointerCapture(pointer);
});

canvas.addEventListener("pointermove", (event) => {
  showTip(event);
  if (!line || event.pointerId !== pointer) return;
  const between = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  for (const each of between.length ? between : [event]) extendTo(position(each));
  sendSoon();
});

function lift(event) {
  if (!line || event.pointerId !== pointer) return;
  if (event.type === "pointerup") extendTo(position(event), true);
  endLine();
}

canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("lostpointercapture", lift);
canvas.addEventListener("contextmenu", (event) => event.preventDefault());
// Older versions of Safari scroll without this.
canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });

// ---- The ring that shows the brush

function showTip(event) {
  if (event.pointerType === "touch") return hideTip();
  const box = canvas.getBoundingClientRect();
  placeTip(event.clientX - box.left, event.clientY - box.top, box.width / rules.grid);
}

function placeTip(x, y, unit) {
  const width = size * unit;
  tip.style.width = tip.style.height = `${width}px`;
  tip.style.transform = `translate(${x - width / 2}px, ${y - width / 2}px)`;
  tip.classList.add("pad-tip-on");
}

function hideTip() {
  tip.classList.remove("pad-tip-on");
}

canvas.addEventListener("pointerleave", hideTip);

// ---- Tools and keys

function choose(name) {
  tool = name;
  buttons.pen.setAttribute("aria-pressed", String(name === "pen"));
  buttons.eraser.setAttribute("aria-pressed", String(name === "eraser"));
}

function setSize(next) {
  size = Math.min(rules.maxSize, Math.max(rules.minSize, next));
  slider.value = size;
}

const acts = {
  pen: () => choose("pen"),
  eraser: () => choose("eraser"),
  undo: () => step(past, future),
  redo: () => step(future, past),
  clear,
};

for (const [name, act] of Object.entries(acts)) buttons[name].addEventListener("click", act);
slider.addEventListener("input", () => setSize(Number(slider.value)));

function actOf(event) {
  const key = event.key.toLowerCase();
  if (key === "[") return () => setSize(size - 8); // before the test for modifiers: some keyboards need AltGr for brackets
  if (key === "]") return () => setSize(size + 8);
  if (event.altKey) return null;
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return event.shiftKey ? acts.redo : acts.undo;
    return key === "y" ? acts.redo : null;
  }
  return { delete: acts.clear, backspace: acts.clear, e: acts.eraser, b: acts.pen }[key] ?? null;
}

pad.addEventListener("keydown", (event) => {
  const act = actOf(event);
  if (!act) return;
  event.preventDefault();
  act();
});

// ---- Start

new ResizeObserver(fit).observe(sheet);
window.addEventListener("resize", fit); // zooming may change the resolution without changing the size

// Gradio discards a value that is set before the page is complete, and reports an empty one. A drawing that was kept over
// a reload, or begun early, is then sent again.
const loadedAt = performance.now();
const isForgotten = () => strokes.length > 0 && !props.value && performance.now() < loadedAt + 20000;

watch("value", () => {
  if (isForgotten()) return line || setTimeout(send, 100);
  if (!line && (props.value || "") !== written()) receive(props.value);
});

let kept = props.value;
try {
  kept = kept || sessionStorage.getItem(KEPT) || "";
} catch {
  // As above.
}
fit();
receive(kept);
if (isForgotten()) setTimeout(send, 100);
pad.classList.add("pad-live"); // shows the canvas
