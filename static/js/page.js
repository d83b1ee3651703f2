// What every page does: close the menus of its head, find a team in them, keep unfolded what was.
(() => {
  "use strict";

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // Somebody in many teams types a part of the name instead of reading the list.
  const search = document.querySelector("[data-filter-teams]");
  if (search) {
    search.parentElement.hidden = false;
    search.addEventListener("input", () => {
      const wanted = search.value.trim().toLowerCase();
      for (const link of search.closest(".menu-list").querySelectorAll(".menu-teams a")) {
        link.hidden = !link.textContent.toLowerCase().includes(wanted);
      }
    });
    search.addEventListener("keydown", (event) => {
      const first = search.closest(".menu-list").querySelector(".menu-teams a:not([hidden])");
      if (event.key === "Enter" && first) first.click();
    });
    search.closest("details").addEventListener("toggle", () => search.focus());
  }

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // What was unfolded stays so when a swap brings its section anew. The click says it at once: its toggle
  // comes a task later, and a swap may come between them.
  const unfolded = new Map(); // id → whether it is open
  for (const fold of document.querySelectorAll("details[id][open]")) unfolded.set(fold.id, true);
  document.addEventListener("click", (event) => {
    const fold = event.target.closest("summary")?.parentElement;
    if (fold?.id && !event.defaultPrevented) unfolded.set(fold.id, !fold.open);
  });
  document.addEventListener("toggle", ({ target }) => {
    if (target.isConnected && target.id) unfolded.set(target.id, target.open);
  }, true);
  for (const swapped of ["htmx:afterSwap", "htmx:oobAfterSwap"]) {
    document.addEventListener(swapped, () => {
      for (const fold of document.querySelectorAll("details[id]:not(.menu)")) {
        fold.open = unfolded.get(fold.id) ?? fold.open;
      }
    });
  }
})();
