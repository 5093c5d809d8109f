// The playback of a training run. Gradio calls this once, with `element`, `props`, `trigger` and `watch`.
//
// Folded it asks for nothing. What comes back holds the whole run, so that playing it asks for nothing either.

const language = props.texts[navigator.language.slice(0, 2)] ? navigator.language.slice(0, 2) : "en";
const words = props.texts[language].REPLAY;
const SPACE = "http://www.w3.org/2000/svg";
const [WIDE, HIGH] = [560, 280]; // of the drawing
const [LEFT, RIGHT, TOP, BOTTOM] = [62, 14, 12, 34]; // around the curves
const [WHOLE, SLOWEST, QUICKEST] = [9000, 800, 120]; // ms: of a playback, and of one of its stops

const find = (selector) => element.querySelector(selector);
const toggle = find(".replay-toggle");
const body = find(".replay-body");
const view = find(".replay-view");
const choice = find("select");
const slider = find("input");
const play = find(".replay-play");
const chart = find("figure svg");

let asked = 0; // the number of what was asked for last
let shown = null; // the run
let stops = []; // numbers of pictures seen, at which the playback stops
let seen = ""; // the picture on the other page when it was last asked about
let timer = null; // of the next stop while it plays

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
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
  body.hidden = isOpen();
  toggle.setAttribute("aria-expanded", String(isOpen()));
  if (isOpen()) ask(shown?.run ?? "");
  else rest();
});

choice.addEventListener("change", () => ask(choice.value));

// Out of sight nothing plays; back in sight the picture on the other page may be another.
new IntersectionObserver(([entry]) => {
  if (!isOpen()) return;
  if (!entry.isIntersecting) rest();
  else if (pictureNow() !== seen) ask(shown?.run ?? "");
}).observe(body);

watch("value", () => {
  let value;
  try {
    value = JSON.parse(props.value || "null");
  } catch {
    return;
  }
  if (!value || !isOpen() || value.number !== asked) return; // another run, or another picture, by now
  body.removeAttribute("aria-busy");
  find(".replay-said").replaceChildren(...value.said.map((sentence) => made("p", {}, sentence)));
  view.hidden = !value.epochs;
  if (!value.epochs) return;
  const isAnother = value.run !== shown?.run;
  shown = value;
  choice.replaceChildren(...value.runs.map(([name, title]) => made("option", { value: name }, title)));
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

function made(name, attributes = {}, text = "") {
  const part = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => part.setAttribute(key, value));
  part.textContent = text;
  return part;
}

function drawn(name, attributes, text = "") {
  const part = document.createElementNS(SPACE, name);
  Object.entries(attributes).forEach(([key, value]) => part.setAttribute(key, value));
  part.textContent = text;
  chart.append(part);
  return part;
}

const longest = () => Math.max(shown.epochs.at(-1).seen, stops.at(-1));
const xOf = (pictures) => LEFT + ((WIDE - LEFT - RIGHT) * pictures) / longest();
const yOf = (accuracy) => HIGH - BOTTOM - (HIGH - BOTTOM - TOP) * accuracy;

function drawChart() {
  chart.replaceChildren();
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    drawn("line", { class: "replay-grid", x1: LEFT, x2: WIDE - RIGHT, y1: yOf(share), y2: yOf(share) });
    drawn("text", { x: LEFT - 6, y: yOf(share) + 4, "text-anchor": "end" }, percent(share));
  }
  drawn("text", { x: LEFT, y: HIGH - 12 }, "0");
  drawn("text", { x: WIDE - RIGHT, y: HIGH - 12, "text-anchor": "end" }, filled(words.pictures, { count: counted(longest()) }));
  const line = (part) => shown.epochs.map((epoch) => `${xOf(epoch.seen)},${yOf(epoch[part])}`).join(" ");
  drawn("polyline", { class: "replay-training", points: line("training") });
  drawn("polyline", { class: "replay-validation", points: line("validation") });
  drawn("line", { class: "replay-mark", y1: TOP, y2: HIGH - BOTTOM });
  drawn("circle", { class: "replay-dot", r: 6 });
}

function drawBars() {
  const bars = [...Array(10).keys()].map((digit) => {
    const bar = made("li", { class: "bar" });
    const track = made("span", { class: "bar-track" });
    track.append(made("span", { class: "bar-fill" }));
    bar.append(made("span", { class: "bar-digit" }, digit), track, made("span", { class: "bar-share" }));
    return bar;
  });
  find(".bars").replaceChildren(...bars);
}

// Whatever depends on the place in the run.
function move() {
  const at = Number(slider.value);
  const pictures = stops[at];
  // The last epoch that had ended by then; counts in the history are rounded.
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
