// Moves the frame. Gradio may render the template again at any time, so elements are looked up when they are needed.

const LEAST = 0.03; // of a frame's sides, as a share of the picture's
const STEP = 0.02; // for an arrow key
const SEND_EVERY = 150; // ms between events while the frame moves

let frame = [0, 0, 1, 1]; // left, top, right, bottom, as shares of the picture's sides
let grab = null; // while a pointer is down: the corner it holds, where it started, and the frame at that time
let timer = null;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

function place() {
  const [left, top, right, bottom] = frame.map((edge) => 100 * edge);
  for (const node of element.querySelectorAll(".cropper-frame, .cropper-light")) {
    node.style.inset = `${top}% ${100 - right}% ${100 - bottom}% ${left}%`;
  }
}

function move(from, corner, x, y) {
  let [left, top, right, bottom] = from;
  if (!corner) {
    x = clamp(x, -left, 1 - right);
    y = clamp(y, -top, 1 - bottom);
    frame = [left + x, top + y, right + x, bottom + y];
  } else {
    if (corner.includes("w")) left = clamp(left + x, 0, right - LEAST);
    if (corner.includes("e")) right = clamp(right + x, left + LEAST, 1);
    if (corner.includes("n")) top = clamp(top + y, 0, bottom - LEAST);
    if (corner.includes("s")) bottom = clamp(bottom + y, top + LEAST, 1);
    frame = [left, top, right, bottom];
  }
  place();
  timer ??= setTimeout(send, SEND_EVERY);
}

function send() {
  clearTimeout(timer);
  timer = null;
  trigger("select", { frame });
}

element.addEventListener("pointerdown", (event) => {
  const target = event.target.closest(".cropper-frame, [data-corner]");
  if (!target || event.button !== 0) return;
  event.preventDefault();
  target.focus();
  const sides = element.querySelector(".cropper-stage").getBoundingClientRect();
  grab = { corner: target.dataset.corner, pointer: event.pointerId, x: event.clientX, y: event.clientY, sides, frame };
  element.setPointerCapture(event.pointerId);
});

element.addEventListener("pointermove", (event) => {
  if (!grab || event.pointerId !== grab.pointer) return;
  const { corner, sides } = grab;
  move(grab.frame, corner, (event.clientX - grab.x) / sides.width, (event.clientY - grab.y) / sides.height);
});

for (const name of ["pointerup", "pointercancel"]) {
  element.addEventListener(name, (event) => {
    if (!grab || event.pointerId !== grab.pointer) return;
    grab = null;
    if (timer) send();
  });
}

element.addEventListener("keydown", (event) => {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const target = event.target.closest(".cropper-frame, [data-corner]");
  if (!way || !target) return;
  event.preventDefault();
  move(frame, target.dataset.corner, way[0] * STEP, way[1] * STEP);
});

function start() {
  grab = null;
  frame = (props.value && JSON.parse(props.value).frame) || [0, 0, 1, 1];
  place();
  requestAnimationFrame(place);
}

watch("value", start);
start();
