// The form of a triage says how many rows are ticked: each [data-ticked] has its words for none, one and many.
const form = () => document.getElementById("triage-form");

function tell() {
  const number = [...(form()?.elements ?? [])].filter((one) => one.name === "finding" && one.checked).length;
  for (const place of form()?.closest("details").querySelectorAll("[data-ticked]") ?? []) {
    const { none = "", one, many } = place.dataset;
    place.textContent = [none, one][number] ?? many.replace("{number}", number);
  }
}

export function startTicked() {
  document.addEventListener("change", (event) => {
    if (event.target.name === "finding") tell();
  });
  document.addEventListener("htmx:after:swap", tell);
  window.addEventListener("pageshow", tell); // Back keeps the ticks
}
