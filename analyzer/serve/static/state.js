"use strict";
// Asks how far the scan is, and shows the result once it is there.
(() => {
  const state = document.getElementById("state"), bar = document.getElementById("done");
  const look = async () => {
    try {
      const answer = await fetch(`/jobs/${encodeURIComponent(state.dataset.job)}/state`);
      const now = await answer.json();
      if (!answer.ok || now.state === "done" || now.state === "failed") { location.reload(); return; }
      if (state.textContent !== now.says) state.textContent = now.says;
      if (now.share === null) bar.removeAttribute("value"); else bar.value = now.share;
    } catch {
      state.textContent = "The program does not answer any more.";
      return;
    }
    setTimeout(look, 500);
  };
  setTimeout(look, 300);
})();
