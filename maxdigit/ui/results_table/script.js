// Tells the server which digit was chosen, and in which row. By keys: digits set an answer, arrows go from row to row.
const pickers = () => [...element.querySelectorAll("select[data-row]")];
let held = null; // the row whose picker had the focus last, and its place among the pickers

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
  event.preventDefault(); // the browser would choose the digit above or below
  if (step) {
    pickers()[pickers().indexOf(picker) + step]?.focus();
  } else {
    picker.value = event.key; // the model's own answer too, which is then confirmed
    tell(picker);
  }
});

element.addEventListener("focusin", (event) => {
  const picker = event.target.closest("select[data-row]");
  if (picker) held = { row: picker.dataset.row, place: pickers().indexOf(picker) };
});

element.addEventListener("focusout", (event) => {
  if (event.relatedTarget) held = null; // the visitor went elsewhere; a table that is written anew names no other place
});

// Gradio changes only what differs in a table that is written anew. What was chosen in a picker stands above what is
// marked in it, also when the picker comes to belong to another row: so what is marked is chosen again. The keyboard
// stays in its row, or, where that passes the filter no longer, in the one that takes its place.
new MutationObserver(() => {
  for (const picker of pickers()) picker.value = picker.querySelector("option[selected]")?.value ?? picker.value;
  if (!held || element.contains(document.activeElement)) return;
  const all = pickers();
  const next = all.find((picker) => picker.dataset.row === held.row) ?? all[Math.min(held.place, all.length - 1)];
  next?.focus({ preventScroll: true });
}).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-row", "selected"] });
