// What a code of a member's does when it arrives: it is counted in the title of a tab in the background, and
// what they asked for happens: it is copied, a sound, a notification. The switches are kept on the server; only
// the browser can say whether it allows them.
(() => {
  "use strict";

  // Who looks at another tab reads in the title of this one how many codes have come meanwhile.
  let unread = 0;
  function count(codes) {
    unread = codes;
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = unread ? `(${unread}) ${title}` : title;
  }
  document.addEventListener("arrived", ({ detail }) => detail.mine && document.hidden && count(unread + 1));
  document.addEventListener("visibilitychange", () => !document.hidden && count(0));

  const form = document.getElementById("alerts");
  if (!form) return;
  const wanted = (name) => form.elements[name].checked;
  const said = document.getElementById("alerts-said");
  let audio = null;
  let uncopied = null; // a code that came while another window was in front

  function ring() {
    audio ??= new AudioContext();
    audio.resume();
    for (const [at, pitch] of [[0, 784], [0.16, 1047]]) { // a departure gong in two notes
      const tone = new OscillatorNode(audio, { frequency: pitch });
      const volume = new GainNode(audio, { gain: 0 });
      const start = audio.currentTime + at;
      volume.gain.linearRampToValueAtTime(0.2, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.5);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + 0.5);
    }
  }

  async function copy(code) {
    try {
      await navigator.clipboard.writeText(code);
      uncopied = null;
    } catch {
      uncopied = code; // browsers copy only for the window in front
    }
  }

  function notify({ title, words, id }) {
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    const notice = new Notification(title, { body: words, tag: `busstop-${id}` });
    notice.onclick = () => {
      window.focus();
      notice.close();
    };
  }

  // One tab speaks for all that are open.
  function isFirstTab(id) {
    const key = "busstop-alerted";
    if (Number(localStorage.getItem(key)) >= id) return false;
    localStorage.setItem(key, id);
    return true;
  }

  document.addEventListener("arrived", ({ detail }) => {
    if (!detail.mine || !isFirstTab(detail.id)) return;
    if (wanted("copies_codes") && detail.code) copy(detail.code);
    if (wanted("plays_sound")) ring();
    if (wanted("shows_notices")) notify(detail);
  });
  addEventListener("focus", () => uncopied && copy(uncopied));

  // Permission is asked for only here, on a click; a refusal takes the tick away again.
  form.addEventListener("change", async ({ target }) => {
    said.textContent = "";
    if (target.name === "plays_sound" && target.checked) ring();
    if (target.name === "shows_notices" && target.checked) {
      const answer = "Notification" in window ? await Notification.requestPermission() : "denied";
      if (answer !== "granted") {
        target.checked = false;
        said.textContent = said.dataset.refused;
      }
    }
    form.requestSubmit();
  });
  form.closest("[hidden]")?.removeAttribute("hidden");
})();
