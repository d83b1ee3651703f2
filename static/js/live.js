// Tells the page what changed on the server, as events on <body> that htmx listens to:
// live:<topic>, live:board (a purchase that is not on the page) and live:sync (read all again).
// <body data-live> is "connecting", "on" or "off"; docs/live.md says how it heals.
(() => {
  "use strict";
  const body = document.body;
  const note = document.getElementById("live-state");
  const address = body.dataset.liveTicket;
  if (!address || !window.EventSource) return;

  const SILENCE = 45000; // three pings of the server
  const PATIENCE = 3000; // a short gap is not worth a word
  const AGAIN = 4000; // at most: what a failed request is tried again after
  let source, timer, warning;
  let attempts = 0;
  let round = 0;

  const told = new Map(); // topic → when it was last told
  const asked = new WeakMap(); // request of htmx → when it was sent
  const again = new Map(); // topic → the timer that tells it again

  function tell(topic) {
    told.set(topic, performance.now());
    body.dispatchEvent(new CustomEvent(`live:${topic}`, { bubbles: true }));
  }

  // An answer that was asked for before a signal may be older than what the signal is about, and
  // has just replaced the elements that heard it: say it again to those that stand there now.
  body.addEventListener("htmx:beforeSend", ({ detail }) => asked.set(detail.xhr, performance.now()));
  body.addEventListener("htmx:afterSettle", ({ target, detail }) => {
    const since = asked.get(detail.xhr);
    for (const [topic, when] of [...told]) {
      const hearers = `[hx-trigger*="live:${topic} "]`;
      if (when > since && (target.matches(hearers) || target.querySelector(hearers))) tell(topic);
    }
  });

  // A fragment that a signal asked for and that did not come stands there out of date.
  function tellAgain({ detail: { requestConfig, xhr } }) {
    const [live, topic] = requestConfig.triggeringEvent?.type.split(/:(.*)/) ?? [];
    if (live !== "live" || (xhr.status >= 400 && xhr.status < 500)) return; // refused stays refused
    clearTimeout(again.get(topic));
    again.set(topic, setTimeout(tell, AGAIN * (0.5 + Math.random() / 2), topic));
  }
  for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    body.addEventListener(failure, tellAgain);
  }

  function show(state) {
    if (body.dataset.live === state) return;
    body.dataset.live = state;
    clearTimeout(warning);
    if (!note) return;
    note.replaceChildren();
    if (state === "connecting") {
      warning = setTimeout(() => note.append(note.dataset.lost), PATIENCE);
    } else if (state === "off") {
      const reload = document.createElement("a");
      reload.href = location.href;
      reload.append(note.dataset.ended);
      note.append(reload);
    }
  }

  function leave() {
    round += 1; // whatever is still on its way comes too late
    clearTimeout(timer);
    if (source) source.close();
  }

  function retry() {
    leave();
    show("connecting");
    const most = Math.min(1000 * 2 ** attempts, 30000);
    attempts += 1;
    timer = setTimeout(connect, most * (0.5 + Math.random() / 2));
  }

  async function connect() {
    leave();
    show("connecting");
    const mine = round;
    let answer, ticket;
    try {
      // Not a visit of a page, says the header; a redirect leads to the sign-in.
      const headers = { "HX-Request": "true" };
      answer = await fetch(address, { headers, redirect: "manual", cache: "no-store" });
      if (answer.ok) ticket = await answer.json();
    } catch {
      answer = null;
    }
    if (mine !== round) return;
    if (ticket) listen(ticket.url);
    else if (answer && [0, 401, 403, 404].includes(answer.status)) show("off");
    else retry();
  }

  function listen(url) {
    source = new EventSource(url);
    const on = (event, react) =>
      source.addEventListener(event, ({ data }) => {
        expect();
        react(data);
      });
    source.onerror = retry; // the browser's own retry would use the old ticket
    on("ping", () => {});
    on("lost", () => show("connecting"));
    on("renew", connect);
    on("sync", () => {
      attempts = 0;
      show("on");
      told.clear();
      tell("sync");
    });
    on("signal", (topic) => {
      tell(topic);
      const [kind, id] = topic.split(":");
      if (kind === "purchase" && !document.querySelector(`[data-purchase="${CSS.escape(id)}"]`)) {
        tell("board");
      }
    });
    expect();
  }

  function expect() {
    clearTimeout(timer);
    timer = setTimeout(connect, SILENCE);
  }

  function comeBack() {
    if (document.hidden || body.dataset.live !== "connecting") return;
    attempts = 0;
    connect();
  }

  document.addEventListener("visibilitychange", comeBack);
  addEventListener("online", comeBack);
  addEventListener("offline", retry);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", ({ persisted }) => persisted && connect());
  connect();
})();
