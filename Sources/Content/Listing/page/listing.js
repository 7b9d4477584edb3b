"use strict";
// What the page can do beyond links: sort and filter in place, keys, uploads, deletion. The rows are
// the data; they are read when first needed, and none has a listener of its own.
document.documentElement.className = "js";
document.addEventListener("DOMContentLoaded", () => {
const may = document.body.dataset;
const find = (id) => document.getElementById(id);
const table = document.querySelector("table");
const filter = document.querySelector("#filter input");
const groupCount = 64;

// Rows

let rows = null;

function readRows() {
  rows ??= [...table.querySelectorAll("tbody tr")].map((element) => {
    const name = element.cells[0].textContent;
    return {
      element, name,
      isDirectory: element.classList.contains("d"),
      size: Number(element.cells[1].firstChild?.value ?? 0),
      time: element.cells[2].firstChild.dateTime,
      // As the server sorts: letters of ASCII in lower case, before a number how many digits it has.
      key: name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
        .replace(/\d+/g, (digits) => {
          digits = digits.replace(/^0+(?=.)/, "");
          return "0" + String.fromCharCode(digits.length) + digits;
        }),
      text: name.toLowerCase(),
    };
  });
  return rows;
}

// The name that a row's link leads to, or what is shown of it where that is no text.
function exactName(element) {
  const reference = element.querySelector("a").getAttribute("href").replace(/^\.\/|\/$/g, "");
  try {
    return decodeURIComponent(reference);
  } catch {
    return element.cells[0].textContent;
  }
}

function tag(element) {
  return element?.dataset.tag ? `"${element.dataset.tag}"` : null;
}

function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = readRows().filter((row) => words.every((word) => row.text.includes(word)));
  const focused = document.activeElement;
  const groups = [];
  for (let start = 0; start < shown.length; start += groupCount) {
    const group = document.createElement("tbody");
    group.setAttribute("role", "rowgroup");
    group.append(...shown.slice(start, start + groupCount).map((row) => row.element));
    groups.push(group);
  }
  table.replaceChildren(table.tHead, ...groups);
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  watchTimes();
  const counts = `${shown.length.toLocaleString()} of ${rows.length.toLocaleString()} shown`;
  find("status").textContent = words.length ? counts : "";
}

const compare = (first, second) => (first < second ? -1 : first > second ? 1 : 0);
const compareNames = (first, second) =>
  compare(first.key, second.key) || compare(first.name, second.name);

function sort(key, isDescending) {
  const sign = isDescending ? -1 : 1;
  readRows().sort((first, second) => {
    if (first.isDirectory !== second.isDirectory) return first.isDirectory ? -1 : 1;
    if (key === "name") return sign * compareNames(first, second);
    const value = key === "size" && first.isDirectory ? 0 : compare(first[key], second[key]);
    return sign * value || compareNames(first, second);
  });
  show();
}

table.tHead.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const query = new URLSearchParams(link.search);
  const isDescending = query.get("order") === "desc";
  history.replaceState(null, "", link.href);
  for (const head of table.tHead.rows[0].cells) head.removeAttribute("aria-sort");
  link.parentElement.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
  query.set("order", isDescending ? "asc" : "desc");
  link.search = query;
  sort(query.get("sort"), isDescending);
});

let filterTimer = 0;
filter.addEventListener("input", () => {
  clearTimeout(filterTimer);
  filterTimer = setTimeout(show, readRows().length > 2000 ? 120 : 0);
});
if (filter.value) show();

// Times, in the words of the reader, as the rows come into sight

const shortTime = new Intl.DateTimeFormat(undefined,
  { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const longTime = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const sight = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    sight.unobserve(target);
    for (const time of target.querySelectorAll("time:not([title])")) {
      const date = new Date(time.dateTime);
      time.textContent = shortTime.format(date);
      time.title = longTime.format(date);
    }
  }
}, { rootMargin: "600px" });

function watchTimes() {
  sight.disconnect();
  for (const group of table.tBodies) sight.observe(group);
}
watchTimes();

// Keys

function move(step) {
  const current = document.activeElement.closest?.("tbody tr");
  let row = null;
  if (current) {
    const sibling = step > 0 ? "nextElementSibling" : "previousElementSibling";
    const group = current.parentElement[sibling];
    row = current[sibling] ?? (group?.localName === "tbody"
      ? (step > 0 ? group.firstElementChild : group.lastElementChild) : null);
  } else {
    row = step > 0 ? table.tBodies[0]?.firstElementChild : [...table.tBodies].at(-1)?.lastElementChild;
  }
  row?.querySelector("a").focus();
  row?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const isFilter = event.target === filter;
  if (event.target.matches("input, textarea, select") && !isFilter) return;
  const up = document.querySelector(".up");
  const row = document.activeElement.closest?.("tbody tr");
  const actions = {
    ArrowDown: () => move(1), ArrowUp: () => move(-1), ...(isFilter ? {
      Enter: () => {
        clearTimeout(filterTimer);
        show();
        const links = table.querySelectorAll("tbody a");
        if (links.length === 1) links[0].click(); else links[0]?.focus();
      },
      Escape: () => { filter.value = ""; show(); filter.blur(); },
    } : {
      j: () => move(1), k: () => move(-1), "/": () => filter.select(),
      u: () => up?.click(), Backspace: () => up?.click(),
      ...(row && { Home: () => { document.activeElement.blur(); move(1); } }),
      ...(row && "delete" in may && { Delete: () => remove(row) }),
    }),
  };
  const action = actions[event.key];
  if (!action || (event.key === "/" && event.repeat)) return;
  event.preventDefault();
  action();
});

// The list again, as it is now

async function refresh(stored = new Set()) {
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-cache" });
    if (!response.ok) throw new Error();
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const focused = document.activeElement.closest?.("tbody a")?.getAttribute("href");
    const groups = [...page.querySelectorAll("table > tbody")];
    table.replaceChildren(table.tHead, ...groups);
    find("summary").textContent = page.getElementById("summary").textContent;
    document.querySelector(".empty")?.remove();
    const empty = page.querySelector(".empty");
    if (empty) table.after(empty);
    rows = null;
    if (filter.value) show();
    watchTimes();
    for (const element of table.querySelectorAll("tbody tr")) {
      if (stored.size && stored.has(exactName(element))) element.classList.add("new");
      if (focused && element.querySelector("a").getAttribute("href") === focused) {
        element.querySelector("a").focus({ preventScroll: true });
      }
    }
  } catch {
    say("The list could not be read again. It may be out of date.");
  }
}

function say(text) {
  find("message").textContent = text;
}

// Sizes as the server writes them

function formatSize(size) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  for (; size >= (unit ? 1023.5 : 1024) && unit < 5; unit += 1) size /= 1024;
  return `${size < 9.95 ? Math.round(size * 10) / 10 : Math.round(size)} ${units[unit]}`;
}

// Why the server refused, in words; `reason` is its own sentence.
function explain(status, reason, file = {}) {
  switch (status) {
    case 0: return navigator.onLine === false
      ? "There is no network." : "The connection was lost, or the file can no longer be read.";
    case 401: return "The server wants to know who you are.";
    case 403: return /site's names|ServerName/.test(reason)
      ? "This address may only be read from. Open the page under the site's own name (ServerName=)."
      : /may not be replaced/.test(reason) ? "A file of this name exists, and may not be replaced."
      : `This is not allowed here. ${reason}`;
    case 404: return "There is no such file any more.";
    case 405: return "This is not allowed here any more.";
    case 408: return "It took too long.";
    case 409: return file.path?.length > 1
      ? "Its folder does not exist here, and may not be made." : `This cannot be done. ${reason}`;
    case 411: return "The server wants to know the length beforehand.";
    case 412: return "The file was changed meanwhile.";
    case 413: return `The file is too large${
      may.maximumSize ? `; at most ${formatSize(Number(may.maximumSize))} are taken` : ""}.`;
    case 415: return "The server does not take content of this kind.";
    case 429: case 503: return "The server is busy. Try again in a moment.";
    case 507: return "The server has no space left.";
    default: return `The server answered ${status}. ${reason}`;
  }
}

function reasonIn(text) {
  try {
    return JSON.parse(text).detail ?? "";
  } catch {
    return "";
  }
}

// Deletion

let dialog = null;

function confirmDeletion(name) {
  dialog?.remove();
  dialog = document.createElement("dialog");
  const text = document.createElement("p");
  const bold = document.createElement("strong");
  const isolated = document.createElement("bdi");
  isolated.textContent = name;
  bold.append(isolated);
  text.append("Delete ", bold, "? This cannot be undone.");
  const buttons = document.createElement("div");
  const cancel = button("Cancel", () => dialog.close());
  const confirm = button("Delete", () => dialog.close("delete"));
  confirm.className = "main";
  buttons.append(cancel, confirm);
  dialog.append(text, buttons);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "delete"));
  });
}

async function remove(row) {
  const link = row.querySelector("a");
  const name = row.cells[0].textContent;
  say("");
  if (!(await confirmDeletion(name))) return link.focus();
  const headers = { Accept: "application/problem+json" };
  if (tag(row)) headers["If-Match"] = tag(row);
  let status = 0;
  let reason = "";
  try {
    const response = await fetch(link.href, { method: "DELETE", headers });
    status = response.status;
    reason = reasonIn(await response.text());
  } catch { /* No answer: status 0 says so. */ }
  if (status === 0) {
    say(`${name} may not have been deleted: the connection was lost.`);
  } else if (status === 409) {
    say(`${name} was not deleted: a folder has to be empty first.`);
  } else if (status >= 300 && status !== 404 && status !== 410) {
    say(`${name} was not deleted. ${explain(status, reason)}`);
  }
  if (link === document.activeElement || document.activeElement === document.body) move(1);
  await refresh();
}

table.addEventListener("click", (event) => {
  const row = event.target.closest(".act button")?.closest("tbody tr");
  if (row) remove(row);
});

function button(text, action) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.addEventListener("click", action);
  return element;
}

// Uploads

if (!("upload" in may)) return;
const parallel = 3;
let transfers = [];
let isPaused = false;
let lostInARow = 0;
let isScheduled = false;
let stored = new Set();

// A file on its way: waiting, sending, asking, done, failed or skipped.
class Transfer {
  state = "waiting";
  sentBytes = 0;
  // Only what is not there yet is written, until somebody says otherwise.
  condition = { "If-None-Match": "*" };
  word = "";

  constructor(file, path) {
    this.file = file;
    this.path = path;
    this.element = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = path.join("/");
    this.label = document.createElement("span");
    this.label.className = "word";
    this.bar = document.createElement("progress");
    this.bar.setAttribute("aria-label", path.join("/"));
    this.buttons = document.createElement("span");
    this.element.append(name, this.label, this.buttons, this.bar);
  }

  start() {
    const limit = Number(may.maximumSize ?? Infinity);
    if (this.file.size > limit) return this.fail(413, "");
    this.set("sending", "", [["Cancel", () => this.skip()]]);
    const request = (this.request = new XMLHttpRequest());
    request.open("PUT", location.pathname + this.path.map(encodeURIComponent).join("/"));
    request.setRequestHeader("Accept", "application/problem+json");
    for (const [name, value] of Object.entries(this.condition)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      this.sentBytes = Math.min(event.loaded, this.file.size);
      schedule();
    };
    request.onload = () => this.finish(request.status, reasonIn(request.responseText));
    request.onerror = () => this.finish(0, "");
    request.send(this.file);
  }

  finish(status, reason) {
    this.request = null;
    lostInARow = status === 0 ? lostInARow + 1 : 0;
    if (lostInARow >= parallel) isPaused = true;
    if (status >= 200 && status < 300) {
      this.sentBytes = this.file.size;
      stored.add(this.path[0]);
      this.set("done", "", []);
    } else if (status === 412 && "overwrite" in may) {
      const isKnown = "If-None-Match" in this.condition;
      this.set("asking", isKnown ? "exists already" : "was changed meanwhile",
        [["Replace", () => this.replace()], ["Skip", () => this.skip()]]);
    } else {
      this.fail(status, status === 412 ? "may not be replaced" : reason);
    }
    pump();
  }

  fail(status, reason) {
    this.sentBytes = 0;
    const word = explain(status === 412 ? 403 : status, reason, this);
    this.set("failed", word, [
      ...(status === 413 ? [] : [["Try again", () => this.retry()]]), ["Dismiss", () => this.skip()],
    ]);
  }

  // If-Match guards the version that the list shows, once; who then says it again means it.
  replace() {
    const row = this.path.length === 1 && "If-None-Match" in this.condition
      && readRows().find((row) => exactName(row.element) === this.path[0]);
    this.condition = row && tag(row.element) ? { "If-Match": tag(row.element) } : {};
    this.retry();
  }

  retry() {
    isPaused = false;
    lostInARow = 0;
    this.sentBytes = 0;
    this.set("waiting", "", []);
    pump();
  }

  skip() {
    if (this.request) {
      this.request.onerror = null;
      this.request.abort();
      this.request = null;
    }
    this.set("skipped", "", []);
    pump();
  }

  set(state, word, buttons) {
    this.state = state;
    this.word = word;
    this.element.className = state;
    this.bar.hidden = state !== "sending";
    this.buttons.replaceChildren(...buttons.map(([text, action]) => {
      const element = button(text, action);
      element.setAttribute("aria-label", `${text}: ${this.path.join("/")}`);
      return element;
    }));
    if (["sending", "asking", "failed"].includes(state)) {
      if (!this.element.isConnected) find("transfers").append(this.element);
    } else {
      this.element.remove();
    }
    schedule();
  }
}

const inState = (...states) => transfers.filter((one) => states.includes(one.state));

function pump() {
  while (!isPaused && inState("sending").length < parallel) {
    const next = transfers.find((one) => one.state === "waiting");
    if (!next) break;
    next.start();
  }
  schedule();
  if (inState("sending").length === 0 && stored.size) {
    const names = stored;
    stored = new Set();
    refresh(names);
  }
}

// Draws once per frame, however many events there are.
function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    draw();
  });
}

function draw() {
  const counted = transfers.filter((one) => one.state !== "skipped");
  find("transfer").hidden = counted.length === 0;
  const done = inState("done").length;
  const failed = inState("failed").length;
  const asking = inState("asking").length;
  const isActive = inState("sending", "waiting").length > 0;
  const total = counted.reduce((sum, one) => sum + one.file.size, 0);
  const sent = counted.reduce((sum, one) => sum + one.sentBytes, 0);
  for (const one of inState("sending")) {
    one.bar.value = one.file.size ? one.sentBytes / one.file.size : 0;
    one.label.textContent = one.sentBytes < one.file.size
      ? `${formatSize(one.sentBytes)} of ${formatSize(one.file.size)}` : "being stored";
  }
  for (const one of inState("asking", "failed")) one.label.textContent = one.word;
  const files = `${counted.length.toLocaleString()} file${counted.length === 1 ? "" : "s"}`;
  const parts = [isActive
    ? `Uploading: ${done.toLocaleString()} of ${files}, ${formatSize(sent)} of ${formatSize(total)}`
    : `${done.toLocaleString()} of ${files} uploaded`];
  if (failed) parts.push(`${failed.toLocaleString()} failed`);
  if (asking) parts.push(`${asking.toLocaleString()} exist${asking === 1 ? "s" : ""} already`);
  if (isPaused) parts.push("waiting for the network");
  const text = parts.join(" · ");
  find("progress").textContent = text;
  // Who hears the page gets the outcome, and not each of its steps.
  if (!isActive && find("outcome").textContent !== text) find("outcome").textContent = text;
  find("total").value = total ? sent / total : counted.length ? done / counted.length : 0;
  find("replace-all").hidden = find("skip-all").hidden = asking < 2;
  find("retry-all").hidden = isActive && !isPaused || failed < 2 && !isPaused;
  find("cancel-all").textContent = isActive ? "Cancel" : "Close";
}

function add(files) {
  // What is over makes room for what comes.
  if (inState("sending", "waiting").length === 0) transfers = inState("asking", "failed");
  for (const [file, path] of files) transfers.push(new Transfer(file, path));
  say("");
  pump();
}

find("replace-all").onclick = () => inState("asking").forEach((one) => one.replace());
find("skip-all").onclick = () => inState("asking").forEach((one) => one.skip());
find("retry-all").onclick = () => {
  inState("failed").forEach((one) => one.retry());
  isPaused = false;
  pump();
};
find("cancel-all").onclick = () => {
  const isActive = inState("sending", "waiting").length > 0;
  inState("waiting").forEach((one) => { one.state = "skipped"; });
  inState("sending").forEach((one) => one.skip());
  if (isActive) return;
  inState("asking", "failed").forEach((one) => one.skip());
  transfers = [];
  draw();
};
if (may.maximumSize) find("limit").textContent = `up to ${formatSize(Number(may.maximumSize))} each`;
const choose = (buttonId, inputId) => {
  find(buttonId).onclick = () => find(inputId).click();
  find(inputId).onchange = (event) => {
    add([...event.target.files].map((file) => [file, (file.webkitRelativePath || file.name).split("/")]));
    event.target.value = "";
  };
};
choose("choose-files", "files");
choose("choose-folder", "folder");

// All files of what was dropped, those of folders with their path.
async function walk(entry, path, files) {
  if (entry.isFile) {
    files.push([await new Promise((resolve, reject) => entry.file(resolve, reject)), [...path, entry.name]]);
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    for (const inner of batch) await walk(inner, [...path, entry.name], files);
  }
}

const isFiles = (event) => event.dataTransfer?.types.includes("Files");
let depth = 0;
const drag = (step) => {
  depth = step === 0 ? 0 : Math.max(0, depth + step);
  document.documentElement.classList.toggle("dragging", depth > 0);
};
document.addEventListener("dragenter", (event) => isFiles(event) && drag(1));
document.addEventListener("dragleave", (event) => isFiles(event) && drag(-1));
document.addEventListener("dragover", (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
});
document.addEventListener("drop", async (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  drag(0);
  const entries = [...event.dataTransfer.items].filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files = [];
  for (const entry of entries) {
    try {
      if (entry instanceof File) files.push([entry, [entry.name]]);
      else if (entry) await walk(entry, [], files);
    } catch {
      say("Some of what was dropped could not be read.");
    }
  }
  if (files.length) add(files);
});
addEventListener("beforeunload", (event) => {
  if (inState("sending", "waiting").length) event.preventDefault();
});
});
