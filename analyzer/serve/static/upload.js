"use strict";
// Sends the form with a bar that shows how far it is; without this script the form is sent as forms are.
(() => {
  const form = document.getElementById("upload"), drop = document.getElementById("drop");
  const input = document.getElementById("captures"), told = document.getElementById("told");
  const sending = document.getElementById("sending"), bar = document.getElementById("sent");
  let request = null;
  const tell = (text) => { told.textContent = text; };
  const stop = () => { sending.hidden = true; request = null; };

  const send = (files) => {
    const data = new FormData();
    data.append("key", form.elements.key.value);
    for (const file of files) data.append("captures", file);
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "document";
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      bar.value = Math.floor(100 * event.loaded / event.total);
      if (bar.value % 10 === 0) tell(`${bar.value} % sent`);
    };
    request.onload = () => {
      if (request.status === 200) { location.assign(request.responseURL); return; }
      const said = request.response && request.response.querySelector("[role=alert]");
      tell(said ? said.textContent : `The files were not taken (status ${request.status}).`);
      stop();
    };
    request.onerror = () => { tell("The program did not answer, or would not take so much."); stop(); };
    request.onabort = () => { tell("Cancelled."); stop(); };
    bar.value = 0;
    sending.hidden = false;
    tell("Sending …");
    request.send(data);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (request === null && input.files.length) send(input.files);
  });
  document.getElementById("cancel").addEventListener("click", () => { if (request) request.abort(); });
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (request === null && event.dataTransfer.files.length) send(event.dataTransfer.files);
  });
})();
