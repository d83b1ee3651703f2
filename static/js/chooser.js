// The search of the desk as a combobox: arrows move through what was found, Enter chooses, Escape
// clears. Without this file it is a form and a list of links.
(() => {
  "use strict";
  const search = document.getElementById("service-search");
  const choices = document.getElementById("choices");
  if (!search || !choices) return;

  let active = null; // the option that the arrows are at
  let hurried = false; // Enter was pressed before the services that were typed for had come

  const list = () => document.getElementById("services");
  const options = () => [...(list()?.querySelectorAll("a") ?? [])];
  const isFresh = () => (list()?.dataset.query ?? search.value.trim()) === search.value.trim();

  function dress() {
    activate(null);
    const found = options();
    list()?.setAttribute("role", "listbox");
    for (const option of found) {
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.tabIndex = -1;
      option.parentElement.setAttribute("role", "none");
    }
    search.setAttribute("role", "combobox");
    search.setAttribute("aria-autocomplete", "list");
    search.setAttribute("aria-expanded", String(found.length > 0));
    if (found.length) search.setAttribute("aria-controls", "services");
    else search.removeAttribute("aria-controls");
    if (!hurried || !isFresh()) return;
    hurried = false;
    choose(found[0]);
  }

  function activate(option) {
    active?.setAttribute("aria-selected", "false");
    active = option;
    if (!option) {
      search.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    search.setAttribute("aria-activedescendant", option.id);
  }

  function choose(option) {
    if (!option) return;
    goOn = true;
    option.click();
  }

  // After Enter the way goes on among the offers; the heading first, so that no key that is held buys.
  let goOn = false;
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    if (target !== choices && !choices.contains(target)) return;
    dress();
    if (goOn && document.getElementById("chosen-title")) {
      goOn = false;
      document.getElementById("chosen-title").focus();
    }
  });

  search.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const found = options();
    const place = found.indexOf(active);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!found.length) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      const next = place < 0 && step < 0 ? found.length - 1 : place + step;
      activate(found[(next + found.length) % found.length]);
    } else if (event.key === "Enter") {
      if (search.value.trim() && !isFresh()) hurried = true;
      else choose(active ?? (search.value.trim() ? found[0] : null));
    } else if (event.key === "Escape") {
      if (active) activate(null);
      else if (search.value) clear();
      else return;
    } else {
      return;
    }
    event.preventDefault();
  });
  search.addEventListener("input", () => {
    hurried = false;
    activate(null);
  });

  function clear() {
    search.value = "";
    search.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Up and down among the buttons of what can be bought; from the search too, once a service is chosen.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const from = document.activeElement;
    if (!choices.contains(from) && !(from === search && !options().length)) return;
    if (from.matches("select, input:not(#service-search)")) return;
    const buttons = [...choices.querySelectorAll(".offer .buy button")];
    if (!buttons.length) return;
    const place = buttons.indexOf(from);
    const step = event.key === "ArrowDown" ? 1 : -1;
    const next = place < 0 ? 0 : Math.min(buttons.length - 1, Math.max(0, place + step));
    buttons[next].focus();
    event.preventDefault();
  });

  // A search that still waits for the next key must not come over the service that was just taken.
  let searched = null;
  let pressed = null; // the service on which the pointer went down
  document.addEventListener("click", ({ target }) => {
    if (target.closest(".pick-list a")) searched = search.value;
  });
  search.addEventListener("input", () => { searched = null; });
  search.addEventListener("htmx:confirm", (event) => { // before hx-sync lets it push another aside
    if (search.value === searched) event.preventDefault();
  });

  // One that came while the pointer was down has drawn the list anew, and the browser knows of no click then.
  document.addEventListener("pointerdown", ({ target }) => { pressed = target.closest(".pick-list a"); });
  document.addEventListener("pointerup", ({ target }) => {
    if (pressed && !pressed.isConnected && choices.contains(target)) document.getElementById(pressed.id)?.click();
    pressed = null;
  });

  dress();
  if (location.hash === "#service-search") search.focus();
  else showOffer(document.getElementById(location.hash.slice(1)));

  // Who comes from the prices finds the row of the offer; the row, so that no key that is held buys.
  function showOffer(row) {
    if (!row?.matches(".chooser .offer")) return;
    row.tabIndex = -1;
    row.focus();
    // The browser has put it at the top of the window by then: the list alone is to be scrolled that far.
    addEventListener("load", () => requestAnimationFrame(() => {
      scrollTo({ top: 0, behavior: "instant" });
      row.scrollIntoView({ block: "nearest", behavior: "instant" });
    }));
  }
})();
