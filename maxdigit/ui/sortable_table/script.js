// Sorts by the column whose name is pressed, and in the other direction if it is pressed again.
const by = { column: null, up: false };

function sort() {
  if (by.column === null) return;
  const body = element.querySelector("tbody");
  if (!body) return;
  const value = (row) => row.children[by.column].dataset.sort;
  const sign = by.up ? 1 : -1;
  const rows = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === "" || y === "") return (x === "") - (y === ""); // unknown values come last
    return sign * (isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y);
  });
  rows.forEach((row) => body.append(row));
  element.querySelectorAll("th button").forEach((button, column) => {
    const order = column === by.column ? (by.up ? "ascending" : "descending") : "none";
    button.closest("th").setAttribute("aria-sort", order);
  });
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("th button");
  if (!button) return;
  const column = [...element.querySelectorAll("th button")].indexOf(button);
  by.up = by.column === column ? !by.up : column === 0;
  by.column = column;
  sort();
});

watch("value", () => requestAnimationFrame(sort));
