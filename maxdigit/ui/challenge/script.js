// The game of fooling the networks.
//
// While it is open, it asks for a verdict whenever the answer on the page has not changed for a moment. The task, the
// streak and the records stay in the browser.

const words = texts.CHALLENGE;
const KEPT = "maxdigit-challenge";
const REST = 350; // ms without a new answer before the networks are asked
// Similar digits: the one to draw, and the wrong answer to provoke.
const PAIRS = [[7, 1], [1, 7], [4, 9], [9, 4], [3, 8], [5, 6], [6, 0], [2, 7], [9, 7], [5, 3], [8, 3], [0, 6]];

const root = find(".challenge");
const toggle = find(".challenge-toggle");
const body = find(".challenge-body");
const keep = find(".challenge-keep");
const offerToKeep = (isOffered) => {
  keep.hidden = find(".challenge-consent").hidden = !isOffered;
};

let score = { streak: 0, best: 0, smallest: null };
let task = null;
let isDone = false;
let asked = 0;
let heard = 0;
let seen = "";
let timer = null;
let answers = null; // observes the answer while a task is shown

try {
  score = { ...score, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
} catch {
  // The browser stores nothing: the score is lost when the page is closed.
}

const percent = (share) => (100 * share).toFixed(1);

function store() {
  try {
    localStorage.setItem(KEPT, JSON.stringify(score));
  } catch {
    // As above.
  }
}

function chooseTask() {
  const before = JSON.stringify(task);
  do {
    const [drawn, read] = PAIRS[Math.floor(Math.random() * PAIRS.length)];
    const kind = ["misread", "misread", "disagree", "smallest"][Math.floor(Math.random() * 4)];
    task = { kind, drawn, read };
  } while (JSON.stringify(task) === before);
  isDone = false;
  asked += 1; // responses about the previous task are ignored
  offerToKeep(false);
  find(".challenge-task").textContent = filled(words[task.kind], { ...task, small: percent(props.small) });
  find(".challenge-said").textContent = words.draw;
  showScore();
}

function showScore() {
  const parts = [filled(words.streak, score)];
  if (task?.kind === "smallest" && score.smallest !== null) parts.push(filled(words.record, { small: percent(score.smallest) }));
  find(".challenge-score").textContent = parts.join(" ");
  root.classList.toggle("challenge-done", isDone);
}

// ---- Asking

const answerNow = () => {
  const card = document.querySelector("#answer .answer-answered");
  return card ? [card.style.cssText, card.querySelector(".answer-picture")?.src].join() : "";
};

function ask() {
  if (body.hidden || isDone || !seen) return;
  asked += 1;
  trigger("judge", { number: asked, ...task });
}

function notice() {
  const now = answerNow();
  if (now === seen) return;
  seen = now;
  clearTimeout(timer);
  timer = setTimeout(ask, REST);
}

onValue((value) => {
  if (body.hidden || value.number < heard) return; // a late answer
  if (value.number !== asked) return; // the drawing or the task has changed
  heard = value.number;
  find(".challenge-said").textContent = value.said;
  if (value.about === "keep") {
    offerToKeep(!value.done);
    return;
  }
  if (value.height !== null && value.height < (score.smallest ?? 1)) score.smallest = value.height;
  if (value.done) {
    isDone = true;
    score.streak += 1;
    score.best = Math.max(score.best, score.streak);
    offerToKeep(value.keeps);
  }
  store();
  showScore();
});

// ---- Buttons

function open() {
  unfold(toggle, body, true);
  seen = "";
  chooseTask();
  answers = observePage("#answer", notice);
  notice();
  find(".challenge-task").focus({ preventScroll: true });
}

function close() {
  answers.disconnect();
  clearTimeout(timer);
  unfold(toggle, body, false);
  toggle.focus();
}

toggle.addEventListener("click", () => (body.hidden ? open() : close()));
find(".challenge-close").addEventListener("click", close);
find(".challenge-next").addEventListener("click", () => {
  if (!isDone) score.streak = 0; // skipping a task ends the streak
  store();
  chooseTask();
  document.querySelector("#pad [data-act=clear]")?.click();
});
keep.addEventListener("click", () => {
  asked += 1;
  trigger("keep", { number: asked, ...task });
});
