// "Copy" beside a block of code.
export function startCopy() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
    } catch {
      getSelection().selectAllChildren(source); // no permission, or plain http: leave it selected
      return;
    }
    button.dataset.done = "";
    setTimeout(() => delete button.dataset.done, 2000);
  });
}
