// The palette: Ctrl-K or Cmd-K opens it; a combobox over what the portal finds (WAI-ARIA 1.2, "combobox"
// with a listbox popup): the focus stays in the field, aria-activedescendant walks the options.
import { recent } from "./recent.js";

const REST = 120;
let timer = 0;
let asked = new AbortController();
let isStale = false; // what is listed is not yet of what stands in the field
let isEntered = false; // Enter was pressed meanwhile: it means what will be listed

const dialog = () => document.getElementById("palette");
const field = () => document.getElementById("palette-text");
const list = () => document.getElementById("palette-list");
const options = () => [...list().querySelectorAll("[role=option]")];

function choose(at) {
  const all = options();
  for (const [number, option] of all.entries()) {
    option.id = `palette-${number}`;
    option.tabIndex = -1;
    option.setAttribute("aria-selected", String(number === at));
  }
  if (all[at]) {
    field().setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  } else field().removeAttribute("aria-activedescendant");
}

const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

async function fill() {
  asked.abort();
  asked = new AbortController();
  try {
    const text = field().value.trim();
    const query = new URLSearchParams({ q: text, at: location.pathname });
    const address = `${dialog().dataset.source}?${query}`;
    const answer = await fetch(address, { signal: asked.signal });
    if (answer.redirected) return location.reload(); // signed out meanwhile
    if (!answer.ok) return;
    const found = await answer.text();
    if (field().value.trim() !== text) return; // typed on meanwhile: the next answer counts
    list().innerHTML = found; // of this host, escaped by its templates
    if (!text) showRecent();
    choose(0);
    const status = document.getElementById("palette-status");
    status.textContent = `${status.dataset.label} ${options().length}`;
    isStale = false;
    if (isEntered) enter();
  } catch (error) {
    if (error.name !== "AbortError") list().replaceChildren();
  }
}

/** Above what the portal offers stands where one was; titles are text, never markup. */
function showRecent() {
  const places = recent();
  if (!places.length) return;
  const group = document.getElementById("palette-recent").content.firstElementChild.cloneNode(true);
  const pattern = group.querySelector("[role=option]");
  for (const { path, title, key } of places) {
    const option = pattern.cloneNode(true);
    option.setAttribute("href", path);
    for (const [tag, text] of [["span", title], ["small", key]]) {
      option.append(Object.assign(document.createElement(tag), { textContent: text }));
    }
    group.append(option);
  }
  pattern.remove();
  list().prepend(group);
}

/** A choice on the page that is open leads to its form. */
function follow(event) {
  const option = event.target.closest("[role=option]");
  const place = option && new URL(option.href);
  if (!place?.hash || place.pathname !== location.pathname) return;
  dialog().close();
  const part = document.getElementById(place.hash.slice(1));
  const form = part?.closest("form") ?? [...(part?.querySelectorAll("form") ?? [])].at(-1);
  for (let each = form?.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
  setTimeout(() => form?.querySelector("textarea, select, input:not([type=hidden])")?.focus());
}

function open() {
  if (dialog().open) return dialog().close();
  field().value = "";
  isStale = isEntered = false;
  dialog().showModal();
  fill();
}

/** Open what is chosen; typed faster than the portal answers, what it will choose. */
function enter() {
  isEntered = isStale;
  if (!isStale) return options()[chosen()]?.click();
  clearTimeout(timer);
  fill();
}

function press(event) {
  const last = options().length - 1;
  const steps = { ArrowDown: Math.min(chosen() + 1, last), ArrowUp: Math.max(chosen() - 1, 0), Home: 0, End: last };
  if (event.key in steps && (event.key.startsWith("Arrow") || event.ctrlKey)) choose(steps[event.key]);
  else if (event.key === "Enter") enter();
  else return;
  event.preventDefault();
}

export function startPalette() {
  if (!dialog()) return;
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    if (event.target === dialog()) dialog().close(); // beside it
    const button = event.target.closest("[data-palette]");
    if (!button) return;
    event.preventDefault();
    const rail = button.closest(":popover-open");
    rail?.hidePopover();
    open();
  });
  list().addEventListener("click", follow);
  field().addEventListener("keydown", press);
  field().addEventListener("input", () => {
    isStale = true;
    clearTimeout(timer);
    timer = setTimeout(fill, REST);
  });
}
