// A finding opens beside the list on wide screens: by a plain click on its title, by Enter, or by o. The address says
// which (#finding-12), so it can be sent to others, and Back closes it. The focus stays in the list: j and k go on
// to the next one and the panel follows; Enter on the one that is open goes into the panel; Escape comes back.
import { tellMeant } from "./ticked.js";

const wide = window.matchMedia("(width >= 75rem)");
const SETTLED = 120; // ms: who walks fast asks for the last one alone
let panel = null;
let shown = ""; // the number of the finding in the panel
let list = ""; // the address of the list that it was opened from
let asked = null;
let timer = 0;

const links = () => [...panel.parentElement.querySelectorAll("[data-rows] .row-title")];
const numberOf = (link) => /\/(\d+)\/$/.exec(link.pathname)?.[1] ?? "";
const linkOf = (number) => links().find((link) => numberOf(link) === number);
const inAddress = () => /^#finding-(\d+)$/.exec(location.hash)?.[1] ?? "";
const addressOf = (number) => `${panel.dataset.beside}${number}/`;
const here = () => location.pathname + location.search;

function mark() {
  for (const link of links()) {
    if (shown && numberOf(link) === shown) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  tellMeant();
}

async function fill(number) {
  asked?.abort();
  asked = new AbortController();
  const body = panel.querySelector("[data-body]");
  body.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${addressOf(number)}?panel=1`, { signal: asked.signal });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    body.innerHTML = await answer.text(); // made by the server, as on every page
    panel.scrollTop = 0;
    panel.querySelector("[role=status]").textContent = body.querySelector("h2").textContent;
  } catch (error) {
    if (error.name === "AbortError") return;
    body.textContent = panel.dataset.failed;
  }
  body.removeAttribute("aria-busy");
}

/** Make the panel what the address says. */
function follow() {
  const number = wide.matches ? inAddress() : "";
  if (number === shown) return mark();
  shown = number;
  panel.hidden = !number;
  mark();
  clearTimeout(timer);
  if (!number) return asked?.abort();
  list = here();
  panel.querySelector("[data-whole]").href = addressOf(number);
  timer = setTimeout(fill, SETTLED, number);
}

function open(number) {
  const address = `${here()}#finding-${number}`;
  if (shown) history.replaceState(history.state, "", address);
  else history.pushState({ beside: true }, "", address);
  follow();
}

function close() {
  const link = linkOf(shown);
  if (history.state?.beside) history.back();
  else history.replaceState(history.state, "", here());
  shown = "";
  panel.hidden = true;
  mark();
  (link ?? links()[0] ?? document.getElementById("main")).focus();
}

function clicked(event) {
  if (event.target.closest("[data-close]") && panel.contains(event.target)) return close();
  const link = event.target.closest("[data-rows] .row-title");
  if (!link || !wide.matches || !links().includes(link) || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (numberOf(link) === shown) return panel.querySelector("h2")?.focus();
  link.focus();
  open(numberOf(link));
}

export function startBeside() {
  panel = document.querySelector("[data-beside]");
  if (!panel) return;
  document.addEventListener("click", clicked);
  document.addEventListener("focusin", ({ target }) => {
    if (shown && target.matches(".row-title") && links().includes(target)) open(numberOf(target));
  });
  document.addEventListener("keydown", (event) => {
    const elsewhere = event.defaultPrevented || document.querySelector("dialog[open], details.menu[open]");
    if (event.key === "Escape" && shown && !elsewhere) close();
  });
  window.addEventListener("popstate", follow);
  wide.addEventListener("change", follow);
  // A filter replaces the list and its address; the way back from the panel does not: the list is there already.
  document.addEventListener("htmx:after:history:replace", follow);
  document.addEventListener("htmx:after:swap", mark);
  document.addEventListener("htmx:before:history:restore", (event) => {
    if (event.detail.path === list) event.preventDefault();
  });
  follow();
}
