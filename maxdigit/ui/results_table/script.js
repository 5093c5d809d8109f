// Sends the chosen digit and its row. The digit keys set an answer, the arrow keys move between rows.
const pickers = () => [...element.querySelectorAll("select[data-row]")];
let held = null; // the row whose picker had the focus last, and its index among the pickers

const tell = (picker) => trigger("select", { row: Number(picker.dataset.row), digit: Number(picker.value) });

element.addEventListener("change", (event) => {
  const picker = event.target.closest("select[data-row]");
  if (picker) tell(picker);
});

element.addEventListener("keydown", (event) => {
  const picker = event.target.closest("select[data-row]");
  if (!picker || event.altKey || event.ctrlKey || event.metaKey) return;
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step && !/^[0-9]$/.test(event.key)) return;
  event.preventDefault(); // the browser would change the digit
  if (step) {
    pickers()[pickers().indexOf(picker) + step]?.focus();
  } else {
    picker.value = event.key; // also if it is the model's answer, which is then confirmed
    tell(picker);
  }
});

element.addEventListener("focusin", (event) => {
  const picker = event.target.closest("select[data-row]");
  if (picker) held = { row: picker.dataset.row, place: pickers().indexOf(picker) };
});

element.addEventListener("focusout", (event) => {
  if (event.relatedTarget) held = null; // the focus went elsewhere; a new table has no related target
});

// Gradio changes only what differs in a new table. A choice in a picker takes precedence over its `selected` option, even
// if the picker now belongs to another row, so that option is chosen again. The focus stays in its row or, if the filter
// has removed the row, goes to the one in its place.
new MutationObserver(() => {
  for (const picker of pickers()) picker.value = picker.querySelector("option[selected]")?.value ?? picker.value;
  if (!held || element.contains(document.activeElement)) return;
  const all = pickers();
  const next = all.find((picker) => picker.dataset.row === held.row) ?? all[Math.min(held.place, all.length - 1)];
  next?.focus({ preventScroll: true });
}).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-row", "selected"] });
