// What scripts of fields for Markdown share.

/** The textarea of a field, asked of the field or of anything in it. */
export const areaOf = (element) => element.closest(".field").querySelector("textarea");

/** The key of the system that a text is of: said by the page, or chosen in the same form. */
export const systemOf = (field) =>
  field.dataset.chosen ? document.getElementById(field.dataset.chosen).value : field.dataset.system;
