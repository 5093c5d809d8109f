// The example: on a first visit a hand draws three digits, once, so that the page shows what it does. Follows the pad's
// script, in the same scope.

const EXAMPLE_TIME = 3000; // ms, from the first point to the last
const AIR = 0.6; // how much faster the hand moves with the pen lifted
const VISITED = "maxdigit-visited";

const hand = element.querySelector(".pad-hand");
const note = element.querySelector(".pad-note");
let isHandMoving = false;

// None without motion, none over a drawing that is there, none for who follows a link.
function showsExample() {
  const asked = new URLSearchParams(location.search);
  if (["drawing", "sample", "model"].some((name) => asked.has(name))) return false;
  if (strokes.length || isHidden || matchMedia("(prefers-reduced-motion: reduce)").matches) return false;
  try {
    if (localStorage.getItem(VISITED)) return false;
    localStorage.setItem(VISITED, "1");
  } catch {
    return false; // where nothing can be remembered, every visit would be the first
  }
  return true;
}

// The way of the hand: straight pieces, each with its length, and the stroke that it belongs to (null: pen lifted).
function handsWay() {
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
  const pieces = handsWay();
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
    // A frame that comes late, as while the page is still being put together, makes the hand slow and not jump.
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

// Whoever touches anything sees the hand go, with what it was still drawing. A drawing that it finished stays, to be
// looked into, until the pad itself is touched.
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
