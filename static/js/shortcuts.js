// One key for what is done all day: n, /, c and ?. Never while somebody types, and they can be
// switched off on the sheet that lists them.
(() => {
  "use strict";
  const sheet = document.getElementById("shortcuts");
  if (!sheet) return;
  const OFF = "busstop-keys-off";
  const works = sheet.querySelector("[data-keys-on]");

  function newNumber() {
    const search = document.getElementById("service-search");
    if (search) focusOn(search);
    else location.href = `${sheet.dataset.desk}#service-search`;
  }

  function searchPage() {
    const fields = document.querySelectorAll("main [name=q], main [type=search]");
    const field = [...fields].find((each) => each.offsetParent);
    if (field) focusOn(field);
  }

  function focusOn(field) {
    field.focus();
    field.select();
  }

  function copyNewest() {
    let newest = null;
    for (const card of document.querySelectorAll("main [data-message]")) {
      if (card.dataset.code && (!newest || Number(card.dataset.message) > Number(newest.dataset.message))) {
        newest = card;
      }
    }
    newest?.querySelector("[id^=copy-code-]")?.click();
  }

  const keys = { n: newNumber, "/": searchPage, c: copyNewest, "?": () => sheet.showModal() };

  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (target.closest("input, textarea, select, [contenteditable]")) return;
    if (document.querySelector("dialog[open]") || !(key in keys)) return;
    if (localStorage.getItem(OFF) && key !== "?") return;
    event.preventDefault();
    keys[key]();
  });

  works.checked = !localStorage.getItem(OFF);
  works.addEventListener("change", () => {
    if (works.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  });
  sheet.addEventListener("click", ({ target }) => {
    if (target === sheet || target.closest("[data-closes]")) sheet.close();
  });
  for (const button of document.querySelectorAll("[data-shortcuts]")) {
    button.hidden = false;
    button.addEventListener("click", () => sheet.showModal());
  }
})();
