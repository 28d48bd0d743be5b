import { areaOf, systemOf } from "./fields.js";

// Behind an @ in a field for Markdown opens a short list of the people who may read it. The focus stays in the
// field: aria-activedescendant walks the options, Enter or Tab takes one, Escape closes the list.
const REST = 120;
const BEGUN = /(?:^|[^\w@/.])@([\w.+-]{0,40})$/;
let timer = 0;
let asked = new AbortController();
let list = null; // what is open
let count = 0;

const options = () => [...(list?.querySelectorAll("[role=option]") ?? [])];
const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");
const begun = (area) => (area.selectionStart === area.selectionEnd ? BEGUN.exec(area.value.slice(0, area.selectionStart)) : null);

function close() {
  clearTimeout(timer);
  asked.abort();
  const area = list ? areaOf(list) : null;
  list?.remove();
  list = null;
  for (const name of ["aria-controls", "aria-activedescendant"]) area?.removeAttribute(name);
}

function choose(area, at) {
  for (const [number, option] of options().entries()) {
    option.id = `${list.id}-${number}`;
    option.setAttribute("aria-selected", String(number === at));
  }
  area.setAttribute("aria-activedescendant", `${list.id}-${at}`);
}

async function open(area) {
  const field = area.closest("[data-people]");
  const found = begun(area);
  if (!found) return close();
  asked.abort();
  asked = new AbortController();
  try {
    const query = new URLSearchParams({ q: found[1], system: systemOf(field) });
    const answer = await fetch(`${field.dataset.people}?${query}`, { signal: asked.signal });
    const text = answer.ok && !answer.redirected ? (await answer.text()).trim() : "";
    if (!text || document.activeElement !== area) return close();
    if (!list) {
      list = document.createElement("ul");
      list.id = `people-${++count}`;
      list.className = "people-list";
      list.setAttribute("role", "listbox");
      list.setAttribute("aria-label", field.dataset.peopleLabel);
      list.style.insetBlockStart = `${area.offsetTop + area.offsetHeight + 2}px`;
      area.after(list);
      area.setAttribute("aria-controls", list.id);
    }
    list.innerHTML = text; // of this host, escaped by its templates
    choose(area, 0);
  } catch (error) {
    if (error.name !== "AbortError") close();
  }
}

function take(area, option) {
  const found = begun(area);
  if (found) {
    const from = area.selectionStart - found[1].length;
    area.setRangeText(`${option.dataset.name} `, from, area.selectionStart, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  close();
  area.focus();
}

function press(event) {
  const area = event.target;
  if (!list || !area.matches?.("[data-people] textarea")) return;
  const last = options().length - 1;
  const steps = { ArrowDown: chosen() === last ? 0 : chosen() + 1, ArrowUp: chosen() === 0 ? last : chosen() - 1 };
  if (event.key in steps) choose(area, steps[event.key]);
  else if (event.key === "Enter" || event.key === "Tab") take(area, options()[chosen()]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation(); // Escape closes the list, not what it stands in
}

export function startPeople() {
  document.addEventListener("keydown", press, true);
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-people] textarea")) return;
    clearTimeout(timer);
    if (begun(event.target)) timer = setTimeout(open, REST, event.target);
    else close();
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.("[data-people] textarea")) close();
  });
  // Before the field loses the focus.
  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.(".people-list [role=option]");
    if (!option) return;
    event.preventDefault();
    take(areaOf(option), option);
  });
}
