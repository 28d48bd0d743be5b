// The time zone of this browser, as a cookie: the server writes times as the clocks here show them, to
// whoever has not chosen a zone. It is the same for every page, and nothing is sent but with the page.
import { isKept, keep } from "./cookie.js";

const YEAR = 60 * 60 * 24 * 365;

export function startZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !isKept("zone", zone)) keep("zone", zone, YEAR);
}
