// Keys: "/" goes to the search field; "g" and then a letter follows the link with that data-go; j and k
// walk the rows of a list marked data-rows, o opens the row, x ticks it, e goes to the triage (of the ticked rows, else of that one); a asks a question; "?" shows the keys.
import { openAsk } from "./ask.js";
import { meanRow } from "./ticked.js";

const WAIT = 1200;
let pending = 0;

const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

function go(key) {
  const link = document.querySelector(`a[data-go="${CSS.escape(key)}"]`);
  if (link) location.assign(link.href);
}

function walk(step) {
  const links = [...document.querySelectorAll("[data-rows] :is(.row-title, .row-link)")];
  if (links.length === 0) return;
  let at = links.indexOf(document.activeElement);
  if (at < 0) at = links.findIndex((link) => link.hasAttribute("aria-current")); // what is open beside the list
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
  links[next].focus();
}

/** Open the row that was walked to, as Enter does. */
function openRow() {
  if (document.activeElement.matches("[data-rows] :is(.row-title, .row-link)")) document.activeElement.click();
}

/** Tick the row that was walked to; the focus stays on it. */
function tick() {
  document.activeElement.closest("tr, li")?.querySelector('input[type="checkbox"]')?.click();
}

function triage() {
  const form = document.querySelector("#triage-form, #triage form.form");
  if (!form) return;
  const around = form.closest("details");
  if (around) around.open = true;
  const isMeant = meanRow(document.activeElement);
  form.querySelector(isMeant ? "select" : "[name=meant]:checked")?.focus();
}

const actions = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  g: () => { pending = Date.now(); },
  j: () => walk(1),
  k: () => walk(-1),
  o: openRow,
  x: tick,
  e: triage,
  a: () => openAsk(),
  "?": () => document.getElementById("keys")?.showModal(),
};

export function startShortcuts() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    if (pending && Date.now() - pending < WAIT) {
      pending = 0;
      go(event.key);
      return;
    }
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
