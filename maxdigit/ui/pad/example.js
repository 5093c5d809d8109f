// The example: on the first visit a hand draws three digits. Follows script.js, in the same scope.

const EXAMPLE_TIME = 3000; // ms, from the first point to the last
const AIR = 0.6; // time that a move with the pen lifted takes, relative to one with the pen down
const VISITED = "maxdigit-visited";

const hand = find(".pad-hand");
const note = find(".pad-note");
let isHandMoving = false;

// Not if the visitor prefers reduced motion, has a drawing, or follows a link.
function showsExample() {
  const asked = new URLSearchParams(location.search);
  if (["drawing", "sample", "model"].some((name) => asked.has(name))) return false;
  if (strokes.length || isHidden || matchMedia("(prefers-reduced-motion: reduce)").matches) return false;
  try {
    if (localStorage.getItem(VISITED)) return false;
    localStorage.setItem(VISITED, "1");
  } catch {
    return false; // nothing can be stored, so every visit would be the first
  }
  return true;
}

// The path of the hand: straight pieces, each with its length and its stroke (null: pen lifted).
function handPath() {
  const pieces = [];
  let last = null;
  for (const stroke of rules.example) {
    stroke.points.forEach((point, number) => {
      if (last) {
        const length = Math.hypot(point[0] - last[0], point[1] - last[1]) * (number ? 1 : AIR);
        pieces.push({ from: last, to: point, length, stroke: number ? stroke : null });
      }
      last = point;
    });
  }
  return pieces;
}

function moveHand([x, y]) {
  hand.style.left = `${(100 * x) / rules.grid}%`;
  hand.style.top = `${(100 * y) / rules.grid}%`;
}

function drawExample() {
  const pieces = handPath();
  const whole = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let [elapsed, before, next, covered] = [0, null, 0, 0];
  let drawn = null; // the example's stroke that is being drawn
  isExample = isHandMoving = true;
  pad.classList.add("pad-example", "pad-hand-on");
  note.textContent = words.example;
  moveHand(rules.example[0].points[0]);

  const begin = (stroke) => {
    drawn = stroke;
    line = { ...stroke, points: [stroke.points[0]] };
    strokes = [...strokes, line];
    showState();
  };

  const frame = (now) => {
    if (!isHandMoving) return;
    // A late frame, as while the page is still loading, slows the hand down instead of making it jump.
    elapsed += Math.min(now - (before ?? now), 50);
    before = now;
    const reached = (Math.min(elapsed, EXAMPLE_TIME) / EXAMPLE_TIME) * whole;
    if (!drawn) begin(rules.example[0]);
    while (next < pieces.length && covered + pieces[next].length <= reached) {
      const piece = pieces[next];
      if (piece.stroke) line.points.push(piece.to);
      else begin(rules.example[rules.example.indexOf(drawn) + 1]);
      covered += piece.length;
      next += 1;
    }
    const piece = pieces[next];
    const share = piece ? (reached - covered) / piece.length : 0;
    moveHand(piece ? [0, 1].map((axis) => piece.from[axis] + share * (piece.to[axis] - piece.from[axis])) : pieces.at(-1).to);
    drawAll();
    if (elapsed < EXAMPLE_TIME) {
      sendSoon();
      requestAnimationFrame(frame);
    } else {
      stopHand();
      send();
    }
  };
  requestAnimationFrame(frame);
}

function stopHand() {
  isHandMoving = false;
  line = null;
  pad.classList.remove("pad-hand-on");
}

// Any input ends the animation and clears the unfinished drawing. A finished one stays until the pad itself is touched.
function endExample(event) {
  if (!isExample) return;
  const isOnSheet = sheet.contains(event.target);
  if (!isHandMoving && !(event.type === "pointerdown" && isOnSheet)) return;
  stopHand();
  leaveExample();
  strokes = [];
  drawAll();
  showState();
  send();
}

document.addEventListener("pointerdown", endExample, true);
document.addEventListener("keydown", endExample, true);

if (showsExample()) drawExample();
