// A filter form sends itself when a choice changes; text fields wait until the typing rests.
const REST = 350;
const timers = new WeakMap();

function send(form) {
  clearTimeout(timers.get(form));
  form.requestSubmit();
}

/** Empty fields would only make the address long. */
function leaveOutEmpty(event) {
  for (const [name, value] of [...event.formData.entries()]) {
    if (value === "" && event.formData.getAll(name).every((one) => one === "")) event.formData.delete(name);
  }
}

export function startAutosubmit() {
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-autosubmit]");
    if (form && event.target.matches("select, input:not([type=search], [type=text])")) send(form);
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-autosubmit][hx-get]");
    if (!form || !event.target.matches("input[type=search], input[type=text]")) return;
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(send, REST, form));
  });
  document.addEventListener("formdata", (event) => {
    if (event.target.matches("form[method=get]")) leaveOutEmpty(event);
  });
}
