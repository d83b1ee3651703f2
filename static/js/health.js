// Keeps the health page fresh: every five seconds while somebody can see it. Without scripts it reloads.
(() => {
  "use strict";
  const EVERY = 5000;
  const page = document.querySelector("[data-refresh]");

  async function refresh() {
    if (document.hidden) return;
    try {
      const answer = await fetch(page.dataset.refresh, { signal: AbortSignal.timeout(EVERY) });
      if (answer.redirected || !answer.ok) throw new Error(answer.status);
      page.innerHTML = await answer.text();
    } catch {
      // What is shown is old: say so where its time stands.
      page.querySelector(".health-time").textContent = page.dataset.stale;
    }
  }

  async function keepFresh() {
    await refresh();
    setTimeout(keepFresh, EVERY);
  }

  document.addEventListener("visibilitychange", refresh);
  setTimeout(keepFresh, EVERY);
})();
