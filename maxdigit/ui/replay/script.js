// The playback of a training run. A value contains the whole run, so that playing it needs no further requests.

const words = texts.REPLAY;
const [WIDE, HIGH] = [560, 280]; // of the drawing
const [LEFT, RIGHT, TOP, BOTTOM] = [62, 14, 12, 34]; // around the curves
const [WHOLE, SLOWEST, QUICKEST] = [9000, 800, 120]; // ms: the length of a playback, and the bounds for one step

const toggle = find(".replay-toggle");
const body = find(".replay-body");
const view = find(".replay-view");
const choice = find("select");
const slider = find("input");
const play = find(".replay-play");
const chart = find("figure svg");

let asked = 0; // the number of the latest request
let shown = null; // the run
let stops = []; // the steps of the playback, as numbers of pictures seen
let seen = ""; // the picture on the Classify page at the latest request
let timer = null; // for the next step, while it plays

const counted = (count) => count.toLocaleString(language);
const percent = (share) => filled(words.percent, { value: (100 * share).toLocaleString(language, { maximumFractionDigits: 1 }) });
const isOpen = () => !body.hidden;

// ---- Asking

const pictureNow = () => document.querySelector("#answer .answer-picture")?.src ?? "";

function ask(run) {
  rest();
  asked += 1;
  seen = pictureNow();
  body.setAttribute("aria-busy", "true");
  trigger("replay", { number: asked, run });
}

toggle.addEventListener("click", () => {
  unfold(toggle, body, !isOpen());
  if (isOpen()) ask(shown?.run ?? "");
  else rest();
});

choice.addEventListener("change", () => ask(choice.value));

// Playing stops out of view. When it is in view again, the picture on the Classify page may have changed.
new IntersectionObserver(([entry]) => {
  if (!isOpen()) return;
  if (!entry.isIntersecting) rest();
  else if (pictureNow() !== seen) ask(shown?.run ?? "");
}).observe(body);

onValue((value) => {
  if (!isOpen() || value.number !== asked) return; // the run or the picture has changed
  body.removeAttribute("aria-busy");
  find(".replay-said").replaceChildren(...value.said.map((sentence) => newElement("p", {}, sentence)));
  view.hidden = !value.epochs;
  if (!value.epochs) return;
  const isAnother = value.run !== shown?.run;
  shown = value;
  choice.replaceChildren(...value.runs.map(([name, title]) => newElement("option", { value: name }, title)));
  choice.value = value.run;
  view.style.setProperty("--model", value.colour);
  stops = value.answers ? value.answers.seen : value.epochs.map((epoch) => epoch.seen);
  slider.max = stops.length - 1;
  if (isAnother) slider.value = stops.length - 1;
  find(".replay-answer").hidden = !value.answers;
  if (value.answers) {
    find(".replay-answer img").src = value.answers.picture;
    drawBars();
  }
  drawChart();
  move();
});

// ---- Playing

function rest() {
  clearTimeout(timer);
  timer = null;
  nameButton();
}

function nameButton() {
  play.querySelector("span").textContent = timer === null ? words.play : words.pause;
  play.classList.toggle("replay-playing", timer !== null);
}

function wait() {
  timer = setTimeout(step, Math.max(QUICKEST, Math.min(SLOWEST, WHOLE / stops.length)));
}

function step() {
  slider.value = Number(slider.value) + 1;
  move();
  if (Number(slider.value) < stops.length - 1) wait();
  else rest();
}

play.addEventListener("click", () => {
  if (timer !== null) {
    rest();
    return;
  }
  if (Number(slider.value) === stops.length - 1) {
    slider.value = 0;
    move();
  }
  if (stops.length > 1) wait();
  nameButton();
});

slider.addEventListener("input", () => {
  rest();
  move();
});

nameButton();

// ---- Drawing

const longest = () => Math.max(shown.epochs.at(-1).seen, stops.at(-1));
const xOf = (pictures) => LEFT + ((WIDE - LEFT - RIGHT) * pictures) / longest();
const yOf = (accuracy) => HIGH - BOTTOM - (HIGH - BOTTOM - TOP) * accuracy;

function drawChart() {
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    newShape("line", { class: "replay-grid", x1: LEFT, x2: WIDE - RIGHT, y1: yOf(share), y2: yOf(share) }),
    newShape("text", { x: LEFT - 6, y: yOf(share) + 4, "text-anchor": "end" }, percent(share)),
  ]);
  const pictures = filled(words.pictures, { count: counted(longest()) });
  const line = (part) => shown.epochs.map((epoch) => `${xOf(epoch.seen)},${yOf(epoch[part])}`).join(" ");
  chart.replaceChildren(
    ...grid,
    newShape("text", { x: LEFT, y: HIGH - 12 }, "0"),
    newShape("text", { x: WIDE - RIGHT, y: HIGH - 12, "text-anchor": "end" }, pictures),
    newShape("polyline", { class: "replay-training", points: line("training") }),
    newShape("polyline", { class: "replay-validation", points: line("validation") }),
    newShape("line", { class: "replay-mark", y1: TOP, y2: HIGH - BOTTOM }),
    newShape("circle", { class: "replay-dot", r: 6 }),
  );
}

function drawBars() {
  const bars = [...Array(10).keys()].map((digit) => {
    const bar = newElement("li", { class: "bar" });
    const track = newElement("span", { class: "bar-track" });
    track.append(newElement("span", { class: "bar-fill" }));
    bar.append(newElement("span", { class: "bar-digit" }, digit), track, newElement("span", { class: "bar-share" }));
    return bar;
  });
  find(".bars").replaceChildren(...bars);
}

// Updates what depends on the slider.
function move() {
  const at = Number(slider.value);
  const pictures = stops[at];
  // The last epoch that had ended by then. The counts in the history are rounded.
  const epoch = shown.epochs.filter((one) => one.seen <= pictures + 1).at(-1);
  const mark = chart.querySelector(".replay-mark");
  mark.setAttribute("x1", xOf(pictures));
  mark.setAttribute("x2", xOf(pictures));
  const dot = chart.querySelector(".replay-dot");
  dot.setAttribute("visibility", epoch ? "visible" : "hidden");
  const told = [filled(words.after, { count: counted(pictures) })];
  if (epoch) {
    dot.setAttribute("cx", xOf(epoch.seen));
    dot.setAttribute("cy", yOf(epoch.validation));
    const loss = epoch.loss.toLocaleString(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    told.push(filled(words.measured, { validation: percent(epoch.validation), training: percent(epoch.training), loss }));
  }
  if (shown.answers) {
    const shares = shown.answers.percents[at];
    const best = shares.indexOf(Math.max(...shares));
    [...find(".bars").children].forEach((bar, digit) => {
      bar.classList.toggle("bar-best", digit === best);
      bar.querySelector(".bar-fill").style.width = `${shares[digit]}%`;
      bar.querySelector(".bar-share").textContent = percent(shares[digit] / 100);
    });
    told.push(filled(words.answered, { digit: best, percent: percent(shares[best] / 100) }));
  }
  find("figcaption").textContent = told.slice(0, epoch ? 2 : 1).join(" ");
  slider.setAttribute("aria-valuetext", told.join(" "));
}
