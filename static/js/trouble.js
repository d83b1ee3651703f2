// Says what went wrong with a request that somebody made here: what the error page says, or that no answer
// came. What the live stream asks for by itself is silent; live.js asks again.
(() => {
  "use strict";
  const box = document.getElementById("trouble");
  const words = document.getElementById("trouble-words");
  const BY_HAND = ["click", "submit", "input", "change", "intersect", "revealed"];
  const isByHand = ({ triggeringEvent }) => BY_HAND.includes(triggeringEvent?.type);

  function say(headline, ...sentences) {
    const strong = document.createElement("strong");
    strong.textContent = headline;
    words.replaceChildren(...[strong, ...sentences].map((part) => {
      const paragraph = document.createElement("p");
      paragraph.append(part);
      return paragraph;
    }));
  }

  function sayWhatWasRefused(xhr) {
    if (xhr.status < 400 || xhr.getResponseHeader("HX-Refresh")) return; // the page read anew says it
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const said = [...page.querySelectorAll(".error-page > :is(h1, p):not(:has(a))")];
    say(...(said.length ? said.map((part) => part.textContent) : [box.dataset.failed]));
  }

  function sayThatNobodyAnswered({ verb }) {
    if (verb === "get") say(box.dataset.unanswered, box.dataset.again);
    else say(box.dataset.unanswered, box.dataset.safely);
  }

  // An answer from another address is the sign-in page, which is no fragment.
  function isElsewhere({ xhr, requestConfig }) {
    const asked = new URL(requestConfig.path, location.href).pathname;
    return Boolean(xhr.responseURL) && new URL(xhr.responseURL).pathname !== asked;
  }
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!isElsewhere(detail)) return;
    detail.shouldSwap = false;
    location.reload();
  });

  // An answer whose place was drawn anew meanwhile goes to what stands there now; where nothing does, its place
  // is here, if it was refused. What the stream asked for in the name of what is gone is nobody's.
  function place({ detail }) {
    const { xhr, requestConfig, target } = detail;
    const { elt } = requestConfig;
    if (target.isConnected || !detail.shouldSwap || !isByHand(requestConfig)) return;
    if (isElsewhere(detail)) {
      location.reload();
      return;
    }
    detail.target = document.getElementById(target.id) ?? target;
    // In the document again, too, because htmx looks from there for the other parts of the answer; nameless, so
    // that nothing finds it (or gives it the focus) instead of what stands there now.
    const gone = elt.isConnected || target.contains(elt) ? target : elt;
    for (const part of [gone, ...gone.querySelectorAll("[id]")]) part.removeAttribute("id");
    words.replaceChildren(gone);
    // For whoever listens there, and keeps the focus.
    document.dispatchEvent(new CustomEvent("htmx:beforeSwap", { detail }));
    xhr.addEventListener("loadend", () => {
      if (detail.target !== target || !words.querySelector("[role=alert]")) words.replaceChildren();
    });
  }

  document.addEventListener("htmx:beforeSend", ({ detail: { xhr, target, requestConfig } }) => {
    if (!isByHand(requestConfig)) return;
    words.replaceChildren();
    target.addEventListener("htmx:beforeSwap", place); // there: nothing bubbles up from what is gone
    xhr.addEventListener("load", () => sayWhatWasRefused(xhr));
    xhr.addEventListener("error", () => sayThatNobodyAnswered(requestConfig));
  });

  document.addEventListener("click", ({ target }) => {
    if (target.closest("#trouble > button")) words.replaceChildren();
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") words.replaceChildren();
  });
})();
