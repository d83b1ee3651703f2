// What the desk does by itself in the browser: count down, copy, announce, keep the focus.
// Everything else is links and forms, with htmx on top; without this file the page still works.
(() => {
  "use strict";

  const announced = new Map(); // card id → newest message that was read out

  function countDown() {
    for (const clock of document.querySelectorAll("[data-expires]")) {
      const seconds = Math.ceil((new Date(clock.dataset.expires) - Date.now()) / 1000);
      const shown = seconds > 0
        ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
        : clock.dataset.over;
      if (clock.textContent !== shown) clock.textContent = shown;
    }
    for (const ring of document.querySelectorAll(".ring")) {
      const ends = new Date(ring.parentElement.querySelector("[data-expires]").dataset.expires);
      const begun = new Date(ring.dataset.begun);
      const gone = Math.min(1, Math.max(0, (Date.now() - begun) / (ends - begun)));
      ring.querySelector(".ring-left").setAttribute("stroke-dashoffset", (100 * gone).toFixed(2));
    }
  }

  function showCopyButtons(root) {
    if (!navigator.clipboard) return; // not on plain http away from this machine
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
  }

  // What was copied says so for a moment, also where it is drawn anew meanwhile.
  const copied = new Map(); // id of the button → the label it had

  async function copy({ id, dataset }) {
    await navigator.clipboard.writeText(dataset.copy);
    if (copied.has(id)) return;
    showCopied(id);
    say(dataset.copied);
    setTimeout(() => {
      const button = document.getElementById(id);
      button?.classList.remove("copied");
      button?.querySelector(".label").replaceChildren(...copied.get(id));
      copied.delete(id);
    }, 1500);
  }

  function showCopied(id) {
    const button = document.getElementById(id);
    const label = button?.querySelector(".label");
    button?.classList.add("copied");
    if (!label || label.textContent === button.dataset.copied) return;
    copied.set(id, [...label.childNodes]);
    label.replaceChildren(button.dataset.copied);
  }

  function say(words) {
    const announcer = document.getElementById("announcer");
    if (!announcer) return;
    announcer.textContent = "";
    setTimeout(() => { announcer.textContent = words; }, 50);
  }

  // A code is read out and lit up once: when it arrives, not each time its card is drawn again.
  function noticeMessages(isFirst) {
    for (const card of document.querySelectorAll("[data-message]")) {
      if (announced.get(card.id) === card.dataset.message) continue;
      announced.set(card.id, card.dataset.message);
      if (isFirst) continue;
      card.classList.add("is-new");
      say(card.dataset.announce);
      tellOf(card);
    }
  }

  // For alerts.js: a message that came after the page was opened, by the server's clock.
  function tellOf(card) {
    const { announce, code, message, received } = card.dataset;
    const opened = document.getElementById("announcer")?.dataset.opened;
    if (Number(received) < Number(opened)) return;
    const title = card.querySelector(".destination strong")?.textContent ?? "";
    const detail = { mine: "mine" in card.dataset, id: Number(message), code, title, words: announce };
    card.dispatchEvent(new CustomEvent("arrived", { bubbles: true, detail }));
  }

  // htmx finds the focus again by id; where the element is gone, the nearest thing that is left takes it.
  let lost = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const focused = document.activeElement;
    lost = {
      focused,
      card: focused.closest("[data-purchase]")?.id,
      region: focused.closest(".board") ? "board" : "chosen-title",
    };
  });
  document.addEventListener("htmx:afterSettle", () => {
    showCopyButtons(document);
    for (const id of copied.keys()) showCopied(id);
    if (lost && !lost.focused.isConnected && document.activeElement === document.body) {
      const card = lost.card && document.getElementById(lost.card);
      const next = card?.querySelector("button:not([hidden]), a");
      (next ?? document.getElementById(lost.region))?.focus({ preventScroll: true });
    }
    lost = null;
    noticeMessages(false);
    countDown();
  });

  // On a phone the board is below what was pressed: bring the new number into view.
  document.addEventListener("bought", () => {
    const board = document.getElementById("board");
    const top = board.getBoundingClientRect().top;
    if (top > innerHeight - 160 || top < -40) board.scrollIntoView({ behavior: "instant" });
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    const clears = event.target.closest("[data-clears]");
    const field = clears && document.getElementById(clears.dataset.clears);
    if (field) {
      field.value = "";
      field.focus();
    }
  });

  showCopyButtons(document);
  noticeMessages(true);
  countDown();
  setInterval(countDown, 1000);
})();
