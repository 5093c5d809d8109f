
// Drawing by keyboard: the arrow keys move the pen, two together diagonally; the space bar lowers and lifts it. Follows
// script.js, in the same scope.

const KEYS = "keys"; // the value of `pointer` while the keyboard draws
const STRIDE = 24; // units; a quarter of it with Shift
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

let penAt = [rules.grid / 2, rules.grid / 2];
const held = new Set(); // the arrow keys that are down

function showPen() {
  const unit = canvas.getBoundingClientRect().width / rules.grid;
  placeTip(penAt[0] * unit, penAt[1] * unit, unit);
}

function movePen(stride) {
  const [x, y] = [0, 1].map((axis) => [...held].reduce((sum, key) => sum + DIRECTIONS[key][axis], 0));
  penAt = [x, y].map((way, axis) => Math.min(rules.grid, Math.max(0, penAt[axis] + Math.round(way * stride))));
  if (pointer === KEYS) {
    extendTo(penAt);
    sendSoon();
  }
  showPen();
}

function lowerOrLift() {
  if (pointer === KEYS) endLine();
  else beginLine(KEYS, tool, penAt);
  note.textContent = pointer === KEYS ? words.down : words.lifted;
  showPen();
}

canvas.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || (line && pointer !== KEYS)) return;
  if (event.key in DIRECTIONS) {
    held.add(event.key);
    movePen(event.shiftKey ? STRIDE / 4 : STRIDE);
  } else if (event.key === " ") {
    if (!event.repeat) lowerOrLift();
  } else {
    return;
  }
  event.preventDefault();
});

canvas.addEventListener("keyup", (event) => held.delete(event.key));

canvas.addEventListener("blur", () => {
  held.clear();
  if (pointer === KEYS) endLine();
  hideTip();
});
