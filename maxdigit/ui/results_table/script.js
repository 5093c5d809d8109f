// Tells the server which digit was chosen, and in which row.
element.addEventListener("change", (event) => {
  const picker = event.target.closest("select[data-row]");
  if (picker) trigger("select", { row: Number(picker.dataset.row), digit: Number(picker.value) });
});
