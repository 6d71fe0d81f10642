// The button Preview Impact: asks what the policy as it is typed would have done, shows it, can be cancelled.

import { ask } from "../kaireon/asking.js";

const form = document.getElementById("contactpolicy_form");
const panel = document.getElementById("impact");
const [run, cancel, status, shown, days] = ["run", "cancel", "status", "shown", "days"].map((it) => panel.querySelector(`[data-${it}]`));
let running;

const words = (text) => text.split(" ").filter(Boolean);

function fit() {
  const rule = form.querySelector("[name=rule_type]:checked")?.value;
  panel.hidden = !words(panel.dataset.previewed).includes(rule);
  days.hidden = !words(panel.dataset.byDays).includes(rule);
}

function busy(is) {
  run.setAttribute("aria-busy", is);
  run.setAttribute("aria-disabled", is);
  run.textContent = is ? "Previewing…" : "Preview Impact";
  cancel.hidden = !is;
}

function said() {
  const sent = new FormData(form);
  for (const name of [...sent.keys()]) if (name.endsWith(".typed")) sent.delete(name);
  return sent;
}

async function preview() {
  running = new AbortController();
  busy(true);
  shown.replaceChildren();
  status.textContent = "Trying the policy on what happened…";
  try {
    shown.innerHTML = await ask(panel.dataset.preview, { method: "POST", body: said(), signal: running.signal });
    status.textContent = shown.querySelector("[data-refused]") ? "The policy cannot be previewed yet." : "Preview ready.";
  } catch (error) {
    status.textContent = error.name === "AbortError" ? "Cancelled." : `No preview. ${error.message}`;
  } finally {
    busy(false);
    run.focus();
  }
}

run.addEventListener("click", () => {
  if (run.getAttribute("aria-busy") !== "true") preview();
});

cancel.addEventListener("click", () => running?.abort());

form.addEventListener("input", ({ target }) => {
  if (shown.childElementCount && !panel.contains(target)) status.textContent = "The policy was changed since; preview it again.";
});

form.addEventListener("change", ({ target }) => {
  if (target.name !== "rule_type") return;
  running?.abort();
  shown.replaceChildren();
  status.textContent = "";
  fit();
});

fit();
