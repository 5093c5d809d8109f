// What the scripts of components with a template have in common. This stands before each of them, in the same scope:
// Gradio runs the whole as the body of a function of `element`, `props`, `trigger`, `upload` and `watch`.

const language = navigator.language.slice(0, 2) in props.texts ? navigator.language.slice(0, 2) : "en";
const texts = props.texts[language];

const find = (selector) => element.querySelector(selector);

// A text with values in place of its {names}.
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function withContent(part, attributes, text) {
  Object.entries(attributes).forEach(([key, value]) => part.setAttribute(key, value));
  part.textContent = text;
  return part;
}

const newElement = (name, attributes = {}, text = "") => withContent(document.createElement(name), attributes, text);
const newShape = (name, attributes = {}, text = "") =>
  withContent(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, text);

// Calls `take` with each value that the server sends.
function onValue(take) {
  watch("value", () => {
    let value;
    try {
      value = JSON.parse(props.value || "null");
    } catch {
      return;
    }
    if (value) take(value);
  });
}

// Shows or hides what a button unfolds.
function unfold(button, body, isOpen) {
  body.hidden = !isOpen;
  button.setAttribute("aria-expanded", String(isOpen));
}

// Calls `changed` when another part of the page changes, until the observer that it returns is disconnected.
function observePage(selector, changed) {
  const observer = new MutationObserver(changed);
  const part = document.querySelector(selector);
  if (part) observer.observe(part, { subtree: true, childList: true, attributes: true, characterData: true });
  return observer;
}
