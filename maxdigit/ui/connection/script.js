// When its server cannot be reached, Gradio's page reloads as soon as possible, and the drawing is lost. Instead,
// requests wait here until the server is back. An event that was being handled is sent again; the page keeps its id.
(() => {
  const ask = window.fetch.bind(window);
  const texts = TEXTS;
  const STOPPING = "Server stopped unexpectedly"; // Gradio's message to pages that wait for an answer
  const questions = new Map(); // events without an answer: from the id that the page knows to the request
  const waiting = new Set(); // ids of events that the server has not started to handle
  const early = new Map(); // whether events are over whose messages overtook the response to their request, by id
  const PATIENCE = 1500; // milliseconds that an event waits before the page says why
  const TRIES = 20; // of an event that a busy server rejects
  let isTurnedAway = false;
  let away = null; // a promise, while the server is away
  let isLeft = false;

  const base = (url) => url.slice(0, url.indexOf("/gradio_api/") + "/gradio_api/".length);

  // An error from a proxy. The server's own 503 responses are JSON.
  const isFromProxy = (response) =>
    [502, 503, 504].includes(response.status) && !response.headers.get("content-type")?.includes("json");

  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  const isBack = async (url) => {
    try {
      return (await ask(`${base(url)}app_id`, { cache: "no-store" })).ok;
    } catch {
      return false;
    }
  };

  const say = (isSo, kind = "away") => {
    let notice = document.querySelector(`#server-${kind}`);
    if (isSo && !isLeft && !notice) {
      notice = document.createElement("div");
      notice.id = `server-${kind}`;
      notice.className = "server-notice";
      notice.setAttribute("role", "status");
      document.body.append(notice); // before it has a text, so that screen readers announce it
      notice.textContent = texts[kind];
    } else if (!isSo) {
      notice?.remove();
    }
  };

  const begun = (name) => {
    waiting.delete(name);
    if (!waiting.size && !isTurnedAway) say(false, "busy");
  };

  // If another version of the app was started, the events of this page would be wrong there.
  const shape = (config) => JSON.stringify(config.dependencies.map((one) => [one.id, one.inputs, one.outputs]));
  const isAnother = async (url) => {
    try {
      const config = await (await ask(base(url).replace("/gradio_api/", "/config"), { cache: "no-store" })).json();
      return shape(config) !== shape(window.gradio_config);
    } catch {
      return false;
    }
  };

  const untilBack = (url) =>
    (away ??= (async () => {
      while (!(await isBack(url))) {
        say(true);
        await pause(1000 + 1000 * Math.random()); // so that not all pages ask at once
      }
      if (await isAnother(url)) location.reload();
      say(false);
      away = null;
    })());

  // `send` sends the request once; `isGivenUp` tells whether the page has aborted it.
  const request = async ({ url, send, isGivenUp }) => {
    for (;;) {
      try {
        const response = await send();
        if (!isFromProxy(response)) return response;
      } catch (error) {
        if (isGivenUp()) throw error;
      }
      await untilBack(url);
    }
  };

  // A busy server rejects events: with 503 if the queue is full, with 429 if this client sends too many.
  const question = async (asked) => {
    let response = await request(asked);
    for (let tries = 1; [429, 503].includes(response.status) && tries < TRIES && !asked.isGivenUp(); tries++) {
      isTurnedAway = true;
      say(true, "busy");
      await pause(1000 + 1000 * Math.random());
      response = await request(asked);
      isTurnedAway = false;
    }
    const name = (await response.clone().json().catch(() => null))?.event_id;
    if (!name) {
      begun(); // there is no answer to wait for
      return response;
    }
    const isOver = early.get(name);
    early.delete(name);
    if (isOver) return response;
    questions.set(name, asked);
    if (isOver === false) return response; // it has begun
    waiting.add(name);
    setTimeout(() => waiting.has(name) && say(true, "busy"), PATIENCE);
    setTimeout(begun, 40 * PATIENCE, name); // it was cancelled
    return response;
  };

  // A stream of answers, or the heartbeat. It continues when the server is back.
  const stream = async (asked) => {
    const renamed = new Map(); // from the new ids of events that were sent again to those that the page knows
    let isCancelled = false;
    let response = await request(asked);
    if (!response.ok) return response;

    const passOn = async (controller) => {
      let isClosed = false;
      let rest = "";
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return isClosed;
        const messages = (rest + value).split("\n\n");
        rest = messages.pop();
        for (let message of messages) {
          for (const [name, known] of renamed) message = message.replaceAll(name, known);
          if (message.includes(STOPPING)) throw new Error(message);
          isClosed ||= message.includes("close_stream");
          const name = message.includes('"process_') && /"event_id": ?"([^"]+)"/.exec(message)?.[1];
          if (name) {
            const isOver = message.includes("process_completed");
            if (!questions.has(name)) early.set(name, isOver);
            if (waiting.has(name)) begun(name);
            if (isOver) questions.delete(name);
          }
          controller.enqueue(new TextEncoder().encode(`${message}\n\n`));
        }
      }
    };

    const askAgain = async () => {
      for (const [name, question] of questions) {
        const { event_id } = await (await request(question)).json().catch(() => ({}));
        if (event_id) renamed.set(event_id, name);
      }
    };

    const start = async (controller) => {
      for (;;) {
        try {
          if (await passOn(controller)) break;
        } catch (error) {
          if (asked.isGivenUp() || isCancelled) return controller.error(error);
        }
        await pause(500); // a server that is stopping still answers for a moment
        await untilBack(asked.url);
        if (asked.url.includes("/queue/data")) await askAgain();
        response = await request(asked);
      }
      controller.close();
    };

    const body = new ReadableStream({
      start: (controller) => void start(controller).catch((error) => controller.error(error)),
      cancel: () => void (isCancelled = true),
    });
    return new Response(body, { status: response.status, headers: response.headers });
  };

  window.fetch = (target, options) => {
    const url = new URL(target.url ?? target, location.href).href;
    if (!url.startsWith(location.origin) || !url.includes("/gradio_api/")) return ask(target, options);
    const signals = [target.signal, options?.signal];
    const asked = {
      url,
      send: () => ask(target instanceof Request ? target.clone() : target, options),
      isGivenUp: () => signals.some((signal) => signal?.aborted),
    };
    if (url.includes("/queue/join")) return question(asked);
    return url.includes("/queue/data") || url.includes("/heartbeat/") ? stream(asked) : request(asked);
  };

  // Requests that fail because the visitor leaves the page say nothing about the server.
  addEventListener("pagehide", () => (isLeft = true));
  addEventListener("pageshow", () => (isLeft = false));
})();
