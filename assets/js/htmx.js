// htmx with its evaluation of strings switched off. The Content-Security-Policy refuses eval anyway;
// this makes a forgotten hx-on or js: value fail with a sentence instead of a policy report.
import htmx from "htmx.org";

function refuse() {
  throw new Error("This portal evaluates no script in attributes. Write a module in assets/js instead.");
}

htmx.registerExtension("no-eval", { init: (api) => api.initSecurity(null, refuse, refuse) });
window.htmx = htmx;
