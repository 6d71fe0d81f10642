// The policy form: another rule type brings its own fields, and what the form says is read back while it is written.

import { ask, noticeFor } from "../kaireon/asking.js";

const form = document.getElementById("contactpolicy_form");
const live = document.getElementById("live");
const FIELDS = "[data-fields]";
const PAUSE = 300; // milliseconds without typing
const notice = noticeFor(form, document.getElementById("unanswered"), () => readBack(0));

// -- another rule type ------------------------------------------------------------------------------------------------

const kept = new Map(); // the fields of rule types that were left, with what was typed into them
let shown = form.querySelector(FIELDS).dataset.fields;

const chosenRule = () => form.querySelector("[name=rule_type]:checked")?.value;

async function fieldsOf(ruleType) {
  if (kept.has(ruleType)) return kept.get(ruleType);
  const holder = document.createElement("template");
  holder.innerHTML = await ask(`${live.dataset.fieldsFrom}?rule_type=${encodeURIComponent(ruleType)}`);
  return holder.content.querySelector(FIELDS);
}

function carryOver(from, to) {
  for (const control of to.querySelectorAll("[name]")) {
    const name = `[name="${CSS.escape(control.name)}"]`;
    const same = from.querySelectorAll(name);
    if (same.length !== 1 || to.querySelectorAll(name).length !== 1) continue;
    if (control.type === "checkbox") control.checked = same[0].checked;
    else control.value = same[0].value;
  }
}

async function showFieldsOf(ruleType) {
  if (!ruleType || ruleType === shown) return;
  let incoming;
  try {
    incoming = await fieldsOf(ruleType);
  } catch (error) {
    if (chosenRule() === ruleType) goBackTo(shown);
    notice.show(error);
    return;
  }
  if (chosenRule() !== ruleType || shown === ruleType) return; // somebody chose again while the fields were on their way
  const outgoing = form.querySelector(FIELDS);
  kept.set(shown, outgoing);
  carryOver(outgoing, incoming);
  outgoing.replaceWith(incoming);
  shown = ruleType;
  form.querySelector("[data-rule-name]").textContent = form.querySelector(".rule-card:has(:checked) .rule-card-name").textContent;
  rememberInAddress(ruleType);
  readBack(0);
}

function goBackTo(ruleType) {
  const card = form.querySelector(`[name=rule_type][value="${CSS.escape(ruleType)}"]`);
  card.checked = true;
  card.dispatchEvent(new Event("change", { bubbles: true }));
}

// So that whoever leaves the page and comes back finds the fields that belong to what the browser kept.
function rememberInAddress(ruleType) {
  const address = new URL(window.location);
  address.searchParams.set("rule_type", ruleType);
  address.searchParams.delete("preset");
  window.history.replaceState(window.history.state, "", address);
}

// -- rows of scopes ---------------------------------------------------------------------------------------------------

function showTarget(row) {
  const { lookedUp } = row.querySelector("[data-scope]").selectedOptions[0].dataset;
  const target = row.querySelector("[data-target]");
  target.hidden = !lookedUp;
  const lookup = target.querySelector("[data-lookup]");
  lookup.dataset.kind = lookedUp;
  for (const control of lookup.querySelectorAll("input")) control.value = "";
}

function addRow(list) {
  const blank = list.querySelector("template[data-blank]");
  const numbers = [...list.querySelectorAll("[data-scope]")].map((it) => Number(it.name.split("-").at(-2)) || 0);
  const holder = document.createElement("template");
  holder.innerHTML = blank.innerHTML.replaceAll("__number__", Math.max(-1, ...numbers) + 1);
  blank.before(holder.content);
  list.querySelector("[data-row]:last-of-type [data-scope]").focus();
}

// -- read back while typing -------------------------------------------------------------------------------------------

let waiting;
let asking;

function readBack(pause = PAUSE) {
  live.setAttribute("aria-busy", true); // until what is read back is what stands in the form
  clearTimeout(waiting);
  waiting = setTimeout(read, pause);
}

async function read() {
  waiting = undefined;
  asking?.abort();
  const latest = (asking = new AbortController());
  const said = new FormData(form);
  for (const name of [...said.keys()]) if (name.endsWith(".typed")) said.delete(name); // a search under way
  try {
    show(await ask(live.dataset.read, { method: "POST", body: said, signal: latest.signal }));
    notice.clear();
  } catch (error) {
    notice.show(error);
  } finally {
    if (asking === latest && !waiting) live.setAttribute("aria-busy", false);
  }
}

function show(text) {
  const holder = document.createElement("template");
  holder.innerHTML = text;
  for (const part of holder.content.querySelectorAll("[data-part]")) {
    const there = live.querySelector(`[data-part="${part.dataset.part}"]`);
    if (there.innerHTML !== part.innerHTML) there.innerHTML = part.innerHTML;
  }
  live.dispatchEvent(new CustomEvent("policy:read", { bubbles: true }));
}

form.addEventListener("input", () => readBack());

form.addEventListener("change", ({ target }) => {
  if (target.name === "rule_type") showFieldsOf(target.value);
  else if (target.matches("[data-scope]")) showTarget(target.closest("[data-row]"));
  readBack();
});

form.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-scopes] button");
  if (button?.matches("[data-add]")) addRow(button.closest("[data-scopes]"));
  else if (button?.matches("[data-remove]")) button.closest("[data-row]").remove();
  if (button) readBack();
});

live.setAttribute("aria-busy", true);
window.addEventListener("pageshow", () => {
  // only now stands in the form what the browser kept of it
  showFieldsOf(chosenRule());
  readBack(0);
});
