// The page Me: offers the time zone that this browser is in.
(() => {
  "use strict";

  const offer = document.getElementById("browser-zone");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const button = offer.querySelector("button");
  const field = document.querySelector(button.dataset.fill);
  if (!zone || zone === field.value) return;
  button.textContent = zone;
  button.addEventListener("click", () => {
    field.value = zone;
    offer.hidden = true;
    field.focus();
  });
  offer.hidden = false;
})();
