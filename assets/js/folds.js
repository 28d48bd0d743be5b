// What is folded opens where the address points into it. Browsers of today do so by themselves when the
// address changes; this is for older ones, and for a second press of the same link.
function openAt(hash) {
  const place = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
  if (!place) return;
  let isOpened = false;
  for (let each = place.closest("details:not(.menu)"); each; each = each.parentElement.closest("details")) {
    isOpened ||= !each.open;
    each.open = true;
  }
  if (isOpened) place.scrollIntoView();
}

export function startFolds() {
  openAt(location.hash);
  addEventListener("hashchange", () => openAt(location.hash));
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link) openAt(link.hash);
  });
}
