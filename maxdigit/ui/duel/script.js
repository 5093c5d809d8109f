// The game against the network; share.js follows.
//
// The server sends a picture, and its digits only after the visitor's answer. Requests are numbered, and only the
// response to the latest one is used. The clock runs only while a picture is visible.

const words = texts.DUEL;
const rules = props.rules;
const PATIENCE = 2500; // ms to wait for the server before the page says so
const TICK = 100; // ms between updates of the clock

const dialog = find(".duel-dialog");
const toggle = find(".duel-toggle");
const board = find(".duel-digits");
const image = find(".duel-picture");
const timed = find(".duel-unhurried input");

const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

// The state of the game: "start", "choosing", "guessing", "paused", "judging", "told" or "over".
let phase = "start";
let round = 0;
let rounds = []; // the results so far: picture, digits, largest, both answers, network, points
let current = null; // the current picture
let left = 0; // ms on the clock
let runsSince = null; // when the clock was started; null while it is stopped
let hasClock = true;
let asked = 0;
let question = null; // the request that has no response yet
let patience = null;
let ticking = null;

// ---- Asking the server

function ask(event, values) {
  asked += 1;
  question = { event, values };
  clearTimeout(patience);
  patience = setTimeout(wait, PATIENCE);
  trigger(event, { number: asked, ...values });
}

function wait() {
  say(words.waiting);
  find(".duel-retry").hidden = false;
}

function say(...sentences) {
  find(".duel-said").replaceChildren(...sentences.filter(Boolean).map((text) => newElement("span", {}, text)));
}

onValue((value) => {
  if (value.number !== asked || value.about !== question?.event) return; // a late response
  clearTimeout(patience);
  question = null;
  if (value.about === "choose") void showPicture(value);
  else judged(value);
});

// ---- A picture

function choosePicture() {
  phase = "choosing";
  current = null;
  stopClock();
  left = 1000 * rules.seconds;
  say(words.choosing);
  show();
  ask("choose", { round });
}

async function showPicture(value) {
  if (!value.picture) {
    say(value.said);
    find(".duel-retry").hidden = false;
    question = { event: "choose", values: { round } };
    return;
  }
  current = value;
  image.src = value.picture;
  image.alt = filled(words.picture, { round: round + 1, rounds: rules.rounds });
  await image.decode().catch(() => {});
  if (current !== value) return;
  phase = "paused"; // if the dialog was closed meanwhile
  if (dialog.open && !document.hidden) resume();
  else show();
}

function resume() {
  phase = "guessing";
  const stage = words[`stage ${stageOf(round)}`];
  say(filled(words.round, { round: round + 1, rounds: rules.rounds, stage }), words.which);
  show();
  board.focus({ preventScroll: true });
  runsSince = performance.now();
  ticking = setInterval(tick, TICK);
}

function pause() {
  if (phase !== "guessing") return;
  stopClock();
  phase = "paused";
  show();
}

function stageOf(number) {
  let last = 0;
  return rules.stages.find((stage) => number < (last += stage.rounds)).name;
}

// ---- The clock

const onClock = () => Math.max(0, left - (runsSince === null ? 0 : performance.now() - runsSince));

function stopClock() {
  left = onClock();
  runsSince = null;
  clearInterval(ticking);
  ticking = null;
}

function tick() {
  showClock();
  if (hasClock && onClock() === 0) guess(null);
}

function showClock() {
  find(".duel-clock b").textContent = hasClock ? Math.floor(onClock() / 1000) : "";
  find(".duel-left i").style.transform = `scaleX(${hasClock ? onClock() / 1000 / rules.seconds : 0})`;
}

// ---- Answers

function guess(digit) {
  if (phase !== "guessing") return;
  stopClock();
  phase = "judging";
  current.yours = digit;
  current.seconds = rules.seconds - left / 1000;
  show();
  ask("guess", { picture: current.number, digit });
}

const points = (isRight, seconds) => {
  if (!isRight) return 0;
  return rules.points + (hasClock ? Math.max(0, Math.floor(rules.seconds - seconds)) : 0);
};

function judged(value) {
  phase = "told";
  const isAnswered = value.answer !== undefined;
  if (isAnswered) {
    const { picture, yours, seconds } = current;
    const { number, said, about, ...known } = value;
    const won = [
      points(yours === value.largest, seconds),
      points(value.answer === value.largest, value.milliseconds / 1000),
    ];
    rounds.push({ ...known, picture, yours, seconds, points: won });
  }
  show();
  const shows = value.digits && filled(words.shows, { digits: value.digits.join(" · "), largest: value.largest });
  if (isAnswered) say(shows, yourVerdict(rounds.at(-1)), theirVerdict(rounds.at(-1)));
  else say(value.said, shows, words.void);
  find(".duel-next").focus({ preventScroll: true });
}

function yourVerdict({ yours, largest, seconds, points: [won] }) {
  if (yours === null) return words.you_late;
  if (yours !== largest) return filled(words.you_wrong, { digit: yours });
  return filled(words.you_right, { digit: yours, seconds: decimal.format(seconds), points: won });
}

function theirVerdict({ answer, largest, share, network, points: [, won] }) {
  const said = { network, digit: answer, share: percent.format(share), points: won };
  return filled(answer === largest ? words.they_right : words.they_wrong, said);
}

// A visitor who changed the network during the game has played against several.
function opponent() {
  const names = [...new Set(rounds.map(({ network }) => network))];
  return names.length === 1 ? names[0] : words.networks;
}

const total = (who) => rounds.reduce((sum, { points: won }) => sum + won[who], 0);

function goOn() {
  round = rounds.length; // a round that did not count is repeated
  if (round < rules.rounds) choosePicture();
  else end();
}

function begin() {
  hasClock = !timed.checked;
  rounds = [];
  round = 0;
  choosePicture();
}

function toStart() {
  stopClock();
  clearTimeout(patience);
  question = null;
  asked += 1; // responses to the previous game are ignored
  phase = "start";
  show();
  find(".duel-go").focus({ preventScroll: true });
}

// ---- Display

function show() {
  const isPlaying = !["start", "over"].includes(phase);
  find(".duel-start").hidden = phase !== "start";
  find(".duel-game").hidden = !isPlaying;
  find(".duel-end").hidden = phase !== "over";
  find(".duel-score").hidden = !isPlaying || !rounds.length;
  find(".duel-score").textContent = rounds.length
    ? filled(words.score, { you: total(0), network: opponent(), them: total(1) })
    : "";
  find(".duel-clock").hidden = !hasClock;
  image.hidden = !current || phase === "paused";
  board.hidden = !["guessing", "judging"].includes(phase);
  find(".duel-pause").hidden = phase !== "guessing";
  find(".duel-resume").hidden = phase !== "paused";
  find(".duel-restart").hidden = phase !== "paused";
  find(".duel-retry").hidden = true;
  find(".duel-next").hidden = phase !== "told";
  find(".duel-next").textContent = rounds.length < rules.rounds ? words.next : words.finish;
  for (const button of board.children) {
    button.classList.toggle("duel-chosen", phase === "judging" && button.textContent === String(current.yours));
  }
  if (phase === "paused") {
    say(words.paused);
    if (dialog.open) find(".duel-resume").focus({ preventScroll: true });
  }
  showClock();
}

// ---- The end

function end() {
  phase = "over";
  show();
  const result = Math.sign(total(0) - total(1));
  const title = filled([words.drawn, words.won, words.lost].at(result), { network: opponent() });
  find("#duel-title").textContent = title;
  const who = [words.you, opponent()];
  find(".duel-totals").replaceChildren(...who.flatMap((name, at) => {
    const values = { points: total(at), right: rounds.length - wrong(at).length, rounds: rounds.length };
    return [newElement("dt", {}, name), newElement("dd", {}, filled(words.total, values))];
  }));
  find(".duel-wrong").replaceChildren(...who.map((_, at) => listOf(at)));
  find(".duel-told").textContent = "";
  find("#duel-title").focus({ preventScroll: true });
  preparePicture(title);
}

const said = (one, who) => (who ? one.answer : one.yours);
const wrong = (who) => rounds.filter((one) => said(one, who) !== one.largest);
const headingOf = (who) => (who ? filled(words.their_wrong, { network: opponent() }) : words.your_wrong);
const captionOf = (one, who) =>
  said(one, who) === null
    ? filled(words.unanswered, one)
    : filled(words.mistaken, { largest: one.largest, said: said(one, who) });

function listOf(who) {
  const part = newElement("section");
  part.append(newElement("h3", {}, headingOf(who)));
  if (!wrong(who).length) {
    part.append(newElement("p", {}, words.none));
    return part;
  }
  const list = part.appendChild(newElement("ul"));
  for (const one of wrong(who)) {
    const figure = list.appendChild(newElement("li")).appendChild(newElement("figure"));
    const alt = filled(words.shows, { digits: one.digits.join(" · "), largest: one.largest });
    figure.append(newElement("img", { src: one.picture, alt }), newElement("figcaption", {}, captionOf(one, who)));
  }
  return part;
}

// ---- Buttons and keys

for (let digit = 0; digit < 10; digit++) {
  const button = board.appendChild(newElement("button", { type: "button", class: "button" }, digit));
  button.addEventListener("click", () => guess(digit));
}
board.tabIndex = -1;

const counts = Object.fromEntries(rules.stages.map(({ name, rounds: count }) => [name, count]));
for (const text of [words.rules, words.stages, words.scoring, words.how]) {
  find(".duel-rules").append(newElement("li", {}, filled(text, { ...rules, ...counts })));
}

toggle.addEventListener("click", () => {
  dialog.showModal();
  if (phase !== "over") find("#duel-title").textContent = words.open;
  show();
  if (phase === "start") find(".duel-go").focus();
});
find(".duel-leave").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", pause);
document.addEventListener("visibilitychange", () => document.hidden && pause());

find(".duel-go").addEventListener("click", begin);
find(".duel-pause").addEventListener("click", pause);
find(".duel-resume").addEventListener("click", resume);
// Ignore the second click of a double tap on a digit, which would skip the verdict.
find(".duel-next").addEventListener("click", (event) => event.detail < 2 && goOn());
find(".duel-retry").addEventListener("click", () => {
  find(".duel-retry").hidden = true;
  ask(question.event, question.values);
});
for (const button of [find(".duel-restart"), find(".duel-again")]) button.addEventListener("click", toStart);

dialog.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !/^[0-9]$/.test(event.key)) return;
  guess(Number(event.key));
});
