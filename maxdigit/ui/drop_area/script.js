// Uploads and lists files and folders.
//
// Pictures that are dropped together make one row of the list; a table, an archive or an array has its own.

const words = texts.DROP;
const FILES_AT_ONCE = 50; // in one request
const BYTES_AT_ONCE = 8_000_000; // in one request; a larger file has a request to itself
const TRIES = 8; // if a busy server rejects a request
const ALONE = /\.(zip|npz|npy|pkl|pickle|csv|tsv|txt|gz|bz2|xz)$|^(test|train)_max_x/i; // these have their own rows

const number = (count) => count.toLocaleString(navigator.language);

let rows = []; // { label, files: [[path, name], ...] }
let isUploading = false;
let troubles = []; // sentences about files that were not accepted
let base = null; // the URL of the server
let waiting = Promise.resolve(); // files that are added during an upload are uploaded after it

const count = () => rows.reduce((sum, row) => sum + row.files.length, 0);

function tell() {
  props.value = JSON.stringify({ files: rows.flatMap((row) => row.files), uploading: isUploading });
}

// ---- Display

function say() {
  find(".drop-said").textContent = troubles.join(" ");
}

function show(done = 0, all = 0) {
  const list = find(".drop-list");
  list.hidden = !rows.length;
  list.replaceChildren(
    ...rows.map((row, place) => {
      const item = newElement("li");
      const says = filled(words.remove, { name: row.label });
      const remove = newElement("button", { type: "button", "data-row": place, "aria-label": says, title: says });
      remove.disabled = isUploading;
      remove.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18"/></svg>';
      item.append(newElement("span", { title: row.label }, row.label), remove);
      return item;
    }),
  );
  find(".drop-clear").hidden = rows.length < 2 || isUploading;
  find(".drop-progress").hidden = !isUploading;
  if (isUploading) {
    find(".drop-progress p").textContent = filled(words.uploading, { done: number(done), all: number(all) });
    const bar = find(".drop-progress progress");
    if (all > 1) [bar.max, bar.value] = [all, done];
    else bar.removeAttribute("value"); // the progress of a single file is unknown
  }
}

function rowsOf(sent) {
  const together = new Map(); // rows by folder; "" for single files
  const made = [];
  for (const [path, name] of sent) {
    const folder = name.includes("/") ? name.slice(0, name.indexOf("/")) : "";
    if (ALONE.test(name.slice(name.lastIndexOf("/") + 1))) made.push({ label: name, files: [[path, name]] });
    else if (together.has(folder)) together.get(folder).files.push([path, name]);
    else {
      together.set(folder, { label: folder, files: [[path, name]] });
      made.push(together.get(folder));
    }
  }
  for (const [folder, row] of together) {
    const values = { folder, first: row.files[0][1], count: number(row.files.length), more: number(row.files.length - 1) };
    if (folder) row.label = filled(row.files.length > 1 ? words.inFolder : words.oneInFolder, values);
    else row.label = row.files.length > 1 ? filled(words.together, values) : values.first;
  }
  return made;
}

// ---- Uploading

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function send(part) {
  if (!base) {
    // Only Gradio knows the server's URL; the result of its own upload contains it.
    const { path, url } = await upload(part[0].file);
    base = url.slice(0, url.indexOf("/gradio_api/"));
    const others = part.slice(1);
    return [path, ...(others.length ? await send(others) : [])];
  }
  for (let tries = 1; ; tries++) {
    const form = new FormData();
    for (const { file } of part) form.append("files", file, file.name);
    const response = await fetch(`${base}/gradio_api/upload`, { method: "POST", body: form, credentials: "include" });
    if (response.ok) return response.json();
    if (![429, 503].includes(response.status) || tries === TRIES) throw new Error(await response.text());
    await pause(1000 * Number(response.headers.get("Retry-After") ?? 2));
  }
}

function parts(files) {
  const made = [];
  let size = Infinity;
  for (const given of files) {
    if (size + given.file.size > BYTES_AT_ONCE || made.at(-1).length === FILES_AT_ONCE) {
      made.push([]);
      size = 0;
    }
    made.at(-1).push(given);
    size += given.file.size;
  }
  return made;
}

async function add(files) {
  troubles = [];
  const isHidden = (name) => name.split("/").some((part) => part.startsWith("."));
  files = files.filter(({ name }) => !isHidden(name));
  if (!files.length) troubles.push(words.nothing);
  for (const { name } of files.filter(({ file }) => file.size > props.limits.bytes)) {
    troubles.push(filled(words.large, { name, limit: Math.round(props.limits.bytes / 1e6) }));
  }
  files = files.filter(({ file }) => file.size <= props.limits.bytes);
  if (count() + files.length > props.limits.files) {
    troubles.push(filled(words.many, { most: number(props.limits.files) }));
    files = [];
  }
  if (files.length) {
    isUploading = true;
    tell();
    // The smallest file first: it reveals the URL of the server.
    const first = files.reduce((least, given) => (given.file.size < least.file.size ? given : least));
    const sent = new Map();
    try {
      for (const part of [...(base ? [] : [[first]]), ...parts(base ? files : files.filter((given) => given !== first))]) {
        show(sent.size, files.length);
        const paths = await send(part);
        part.forEach((given, place) => sent.set(given, paths[place]));
      }
    } catch (error) {
      console.warn(error);
      troubles.push(filled(words.failed, { done: number(sent.size), all: number(files.length) }));
    }
    const done = files.filter((given) => sent.has(given)).map((given) => [sent.get(given), given.name]);
    rows.push(...rowsOf(done));
    isUploading = false;
    tell();
  }
  say();
  show();
}

const take = (files) => (waiting = waiting.then(async () => add(await files)));

// ---- Dropped and chosen files

const entriesIn = (reader) => new Promise((done, failed) => reader.readEntries(done, failed));

async function walk(entry) {
  const name = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise((done, failed) => entry.file(done, failed));
    return [{ name, file }];
  }
  const [reader, inside] = [entry.createReader(), []];
  // The browser lists a folder in parts, of a hundred entries in Chromium.
  for (let some = await entriesIn(reader); some.length; some = await entriesIn(reader)) inside.push(...some);
  return (await Promise.all(inside.map(walk))).flat();
}

async function inTransfer(transfer) {
  // This must not wait for anything: the transfer is emptied when the event ends.
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.());
  const plain = [...transfer.files].map((file) => ({ name: file.name, file }));
  return entries.length && entries.every(Boolean) ? (await Promise.all(entries.map(walk))).flat() : plain;
}

const isShown = () => element.isConnected && element.offsetParent !== null;
const holdsFiles = (event) => isShown() && [...(event.dataTransfer?.types ?? [])].includes("Files");
const target = (isOver) => find(".drop-target").classList.toggle("over", isOver);

// Anywhere on the page: otherwise the browser would open a file that is dropped beside the area, and leave the page.
document.addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  target(true);
});
document.addEventListener("dragleave", (event) => {
  if (isShown() && !event.relatedTarget) target(false);
});
document.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  target(false);
  take(inTransfer(event.dataTransfer).catch(() => []));
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!isShown() || !files.length) return;
  event.preventDefault();
  take(files.map((file) => ({ name: file.name, file })));
});

element.addEventListener("change", (event) => {
  if (event.target.type !== "file") return;
  take([...event.target.files].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
  event.target.value = ""; // so that the same file can be chosen again
});

element.addEventListener("click", (event) => {
  if (event.target.closest(".drop-choose-files")) find(".drop-files").click();
  if (event.target.closest(".drop-choose-folder")) find(".drop-folder").click();
  const remove = event.target.closest("[data-row]");
  const clear = event.target.closest(".drop-clear");
  if ((!remove && !clear) || isUploading) return;
  const place = Number(remove?.dataset.row);
  rows = clear ? [] : rows.filter((_, other) => other !== place);
  troubles = [];
  say();
  show();
  tell();
  // Keep the focus near the removed row.
  (element.querySelectorAll("[data-row]")[Math.min(place || 0, rows.length - 1)] ?? find(".drop-choose-files")).focus();
});

if (!("webkitdirectory" in HTMLInputElement.prototype)) find(".drop-choose-folder").hidden = true; // on some phones
