// The form of a triage says which findings it is about: the ticked ones; while none is, the one that is open beside
// the list, or that e was pressed on; all of the filter only where that was chosen. Each [data-meant] has its words.
const form = () => document.getElementById("triage-form");
let walked = null; // the title of the row that e was pressed on

const ticked = () => [...form().elements].filter((one) => one.name === "finding" && one.checked);
const boxOf = (title) => title?.closest("tr")?.querySelector("[name=finding]");

function rowMeant() {
  const title = document.querySelector("[data-rows] .row-title[aria-current]") ?? (walked?.isConnected ? walked : null);
  return boxOf(title) ? title : null;
}

function words({ none = "", one, many, row, all }, number, title) {
  if (form().elements.meant.value === "all") return all;
  if (number) return number === 1 ? one : many.replace("{number}", number);
  return title ? row.replace("{title}", title.textContent) : none;
}

export function tellMeant() {
  if (!form()) return;
  const number = ticked().length;
  const title = number ? null : rowMeant();
  const input = form().querySelector("[data-row-meant]");
  input.disabled = !title || form().elements.meant.value === "all";
  input.value = boxOf(title)?.value ?? "";
  for (const place of form().closest("details").querySelectorAll("[data-meant]")) place.textContent = words(place.dataset, number, title);
}

/** Mean the row that an element stands in, while none is ticked; whether any finding is meant now. */
export function meanRow(element) {
  if (form()?.contains(element)) return true;
  walked = element.closest("[data-rows] tr")?.querySelector(".row-title") ?? walked;
  tellMeant();
  return !form() || form().elements.meant.value === "all" || ticked().length > 0 || rowMeant() !== null;
}

export function startTicked() {
  document.addEventListener("change", ({ target }) => {
    if (target.name === "finding" && target.checked && form()) form().elements.meant.value = "ticked";
    if (target.name === "finding") walked = null;
    if (["finding", "meant"].includes(target.name)) tellMeant();
  });
  document.addEventListener("htmx:after:swap", tellMeant);
  window.addEventListener("pageshow", tellMeant); // Back keeps the ticks
}
