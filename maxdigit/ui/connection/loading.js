// Without one of its files the page is empty or lacks a part, and Gradio does not request any a second time. So the
// page is reloaded, once; after that, or if the visitor has already done something, it says that it is incomplete.
(() => {
  const texts = TEXTS;
  const RELOADED = "maxdigit-reloaded"; // the time of the last reload for this reason, in milliseconds
  let isComplete = true;
  let isLeft = false;

  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  const say = (text) => {
    const notice = document.querySelector("#page-incomplete") ?? document.createElement("div");
    notice.id = "page-incomplete";
    notice.className = "server-notice";
    notice.setAttribute("role", "status");
    document.body.append(notice); // before it has a text, so that screen readers announce it
    notice.textContent = text;
  };

  const isReloaded = () => {
    try {
      return Date.now() - Number(sessionStorage.getItem(RELOADED)) < 60_000;
    } catch {
      return true; // without storage, nothing would end the reloading
    }
  };

  const isServed = async () => {
    try {
      return (await fetch("gradio_api/app_id", { cache: "no-store" })).ok;
    } catch {
      return false;
    }
  };

  const fail = async () => {
    if (!isComplete) return;
    isComplete = false;
    await pause(300); // visitors who leave the page interrupt requests, too
    if (isLeft) return;
    if (navigator.userActivation?.hasBeenActive !== false || isReloaded()) return say(texts.incomplete);
    sessionStorage.setItem(RELOADED, Date.now());
    while (!(await isServed())) {
      say(texts.away);
      await pause(1000 + 1000 * Math.random()); // so that not all pages ask at once
    }
    location.reload();
  };

  const isFile = (element) => element instanceof Element && element.matches('script[src], link[rel="stylesheet"]');
  addEventListener("error", ({ target }) => isFile(target) && fail(), true);
  addEventListener("vite:preloadError", fail); // a component's file
  addEventListener("pagehide", () => (isLeft = true));
  addEventListener("pageshow", () => (isLeft = false));
})();
