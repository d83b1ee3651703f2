// Sheets over the page: a link that opens one has its form fetched by htmx; saving or Escape closes it.
(() => {
  "use strict";
  let opener = null; // the id of what is to have the focus again: its element may be drawn anew meanwhile

  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const link = detail.requestConfig?.elt;
    const sheet = link?.dataset.opens && document.getElementById(link.dataset.opens);
    if (!sheet || sheet.open) return;
    opener = link.id;
    sheet.showModal();
    sheet.querySelector("textarea, input:not([type=hidden]), select")?.focus();
  });

  document.addEventListener("click", (event) => {
    const sheet = event.target.closest("dialog[open]");
    if (!sheet || !(event.target === sheet || event.target.closest("[data-closes]"))) return;
    event.preventDefault();
    sheet.close();
  });
  document.addEventListener("kept", () => document.querySelector("dialog[open]")?.close());
  document.addEventListener("close", ({ target }) => {
    if (target.matches?.("dialog")) document.getElementById(opener)?.focus();
  }, true);
})();
