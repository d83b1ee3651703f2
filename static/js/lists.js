// Lists that go on while somebody scrolls: what was asked for by a press takes the focus, and Back leads to
// the row that was left. Without this file their links lead from page to page.
(() => {
  "use strict";
  const rows = () => [...document.querySelectorAll("[data-long-list] > [id]:not([data-more])")];

  // The link that had the focus is gone with the swap; what was loaded by scrolling leaves it where it is.
  let last = null; // the row before those that come
  document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    if (!target.matches("[data-more]")) return;
    last = target.contains(document.activeElement) ? target.previousElementSibling : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    last?.nextElementSibling?.querySelector("a")?.focus();
    last = null;
  });

  // Whoever goes to the link by keyboard presses it; loaded at once, the press would be for the row after it.
  document.addEventListener("htmx:confirm", (event) => {
    const { elt, triggeringEvent } = event.detail;
    if (triggeringEvent?.type === "intersect" && elt === document.activeElement) event.preventDefault();
  });

  // Of however many rows have come, Back reads only the page of the row that was left.
  function addressOf(row) {
    let first = row;
    while (first && !first.dataset.address) first = first.previousElementSibling;
    return `${first?.dataset.address ?? location.pathname + location.search}#${row.id}`;
  }

  document.addEventListener("click", ({ target }) => {
    const link = target.closest("a[href]:not([hx-get], [href^='#'])");
    if (!link) return;
    const all = rows();
    const inSight = all.find((row) => row.getBoundingClientRect().bottom > 0);
    const left = all.find((row) => row.contains(link)) ?? (inSight === all[0] ? null : inSight);
    if (!left) return;
    history.scrollRestoration = "manual"; // how far down the longer list was says nothing
    history.replaceState(history.state, "", addressOf(left));
  }, true);

  const left = rows().find(({ id }) => `#${id}` === location.hash);
  if (left) {
    left.scrollIntoView({ block: "center" });
    left.querySelector("a")?.focus({ preventScroll: true });
  }
})();
