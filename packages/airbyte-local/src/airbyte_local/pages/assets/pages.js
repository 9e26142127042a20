// What a page does while it is open: it takes what is new from the server and keeps its times true.
// Without this script everything is there after a reload.
"use strict";

const KEPT_LINES = 5000;
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const streams = new Map(); // element -> EventSource

function ago(seconds) {
  const length = Math.abs(seconds);
  if (length < 5) return "just now";
  const [unit, size] = UNITS.find(([, size]) => length >= size);
  const count = Math.floor(length / size);
  const said = `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;
  return seconds >= 0 ? `${said} ago` : `in ${said}`;
}

function duration(seconds) {
  const rest = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(rest / 3600), minutes = Math.floor(rest / 60) % 60;
  const two = (value) => String(value).padStart(2, "0");
  if (hours) return `${hours.toLocaleString("en")} h ${two(minutes)} min`;
  return minutes ? `${minutes} min ${two(rest % 60)} s` : `${rest} s`;
}

function tick() {
  const now = Date.now();
  for (const each of document.querySelectorAll("time[data-ago], time[data-since]")) {
    const seconds = (now - Date.parse(each.dateTime)) / 1000;
    const said = "since" in each.dataset ? duration(seconds) : ago(seconds);
    if (each.textContent !== said) each.textContent = said;
  }
}

// Puts a new version in the place of a part; what was open or had the focus keeps it.
function renew({ id, digest, html }) {
  const place = document.getElementById(id);
  if (!place || place.dataset.digest === digest) return;
  const focused = place.contains(document.activeElement) ? document.activeElement.id : null;
  const open = [...place.querySelectorAll("details[id]")].map((each) => [each.id, each.open]);
  for (const each of place.querySelectorAll("[data-log]")) leave(each);
  place.innerHTML = html; // escaped where it was made; no script in it would run
  place.dataset.digest = digest;
  for (const [name, was] of open) {
    const each = document.getElementById(name);
    if (each) each.open = was;
  }
  if (focused !== null) (document.getElementById(focused) || place).focus({ preventScroll: true });
  tick();
  follow();
}

function append(list, { html }) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.insertAdjacentHTML("beforeend", html);
  while (list.childElementCount > KEPT_LINES) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function listen(element, url, handlers) {
  if (streams.has(element)) return;
  const stream = new EventSource(url);
  streams.set(element, stream);
  const state = document.querySelector(".live-state");
  stream.onopen = () => { state.hidden = true; };
  stream.onerror = () => {
    state.hidden = false;
    state.textContent = "The server does not answer; this page shows what was last heard of it.";
  };
  for (const [name, handle] of Object.entries(handlers)) {
    stream.addEventListener(name, (event) => handle(JSON.parse(event.data), event));
  }
}

function leave(element) {
  streams.get(element)?.close();
  streams.delete(element);
}

function follow() {
  if (document.hidden) return;
  for (const place of document.querySelectorAll("[data-events]")) {
    listen(place, place.dataset.events, { part: renew, gone: () => { leave(place); location.reload(); } });
  }
  for (const list of document.querySelectorAll("[data-log]")) {
    const over = () => { leave(list); delete list.dataset.log; };
    listen(list, `${list.dataset.log}?after=${list.dataset.after}`, {
      lines: (lines, event) => { append(list, lines); list.dataset.after = event.lastEventId; },
      over, gone: over,
    });
  }
}

// A browser has six connections to a server for all its tabs: those that nobody sees give theirs back.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) [...streams.keys()].forEach(leave); else follow();
});
addEventListener("pagehide", () => [...streams.keys()].forEach(leave));
addEventListener("pageshow", follow);

for (const list of document.querySelectorAll(".log")) list.scrollTop = list.scrollHeight;
setInterval(tick, 1000);
tick();
follow();
