// A press on an element with data-press fires that event, with the values of the other data attributes.
element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-press]");
  if (!pressed) return;
  const { press, ...said } = pressed.dataset;
  const value = (text) => {
    if (text === "") return null;
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  };
  const values = Object.fromEntries(Object.entries(said).map(([name, text]) => [name, value(text)]));
  if (press === "edit") trigger("edit", values);
  else trigger("select", values);
});
