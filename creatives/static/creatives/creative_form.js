// The editor of a creative: a preview that follows the typing, fields that follow the template type, rows of tokens.
// Everything is drawn by the server; without this script its buttons ask for the same pages.

import { ask, noticeFor } from "../kaireon/asking.js";

const DELAY = 300; // milliseconds of silence before the preview is asked for
const FIELDS = "fieldset.content-fields";
const picker = document.querySelector("[data-preview-of]");
const form = document.getElementById(picker?.dataset.previewOf);
const notice = form && noticeFor(form, document.getElementById("unanswered"), () => (owed ? showFields() : showPreview()));
const preview = document.getElementById("preview");
let waiting, asking, changing;
let owed = false; // whether the fields of the template type that is chosen have not come yet

document.querySelectorAll("[data-without-script]").forEach((button) => button.remove());

function sent() {
  return new FormData(form);
}

// Whether the preview and the fields are still on their way to what was typed and chosen.
function tellWhetherBusy() {
  preview.setAttribute("aria-busy", Boolean(waiting || asking || changing));
}

// -- the preview

async function showPreview() {
  clearTimeout(waiting);
  waiting = undefined;
  asking?.abort();
  const latest = (asking = new AbortController());
  const { address } = picker.dataset;
  const { signal } = latest;
  tellWhetherBusy();
  try {
    const posts = form.method === "post";
    put(await (posts ? ask(address, { method: "POST", body: sent(), signal }) : ask(`${address}?${new URLSearchParams(sent())}`, { signal })));
    notice.clear();
  } catch (error) {
    notice.show(error);
  } finally {
    if (asking === latest) asking = undefined;
    tellWhetherBusy();
  }
}

function put(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  preview.replaceChildren(holder.content);
  showTokens(read("tokens-found"), read("sources-known"));
}

function read(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(showPreview, DELAY);
  tellWhetherBusy();
}

// -- the tokens

function showTokens(places, sources) {
  const table = document.querySelector("[data-tokens]");
  if (!table) {
    return;
  }
  const mapped = new Set();
  for (const row of table.querySelectorAll("[data-row]")) {
    const token = row.querySelector("[data-variable]").value;
    if (row.dataset.suggested !== undefined && !(token in places) && isBlank(row)) {
      row.remove();
      continue;
    }
    mapped.add(token);
    row.querySelector("[data-state]").textContent = token ? places[token] ?? table.dataset.unused : "";
  }
  for (const [token, place] of Object.entries(places)) {
    if (!mapped.has(token)) {
      const row = addRow(table);
      row.dataset.suggested = "";
      row.querySelector("[data-variable]").value = token;
      row.querySelector("[data-state]").textContent = place;
    }
  }
  const list = document.getElementById("token-sources");
  const known = new Set([...list.options].map((option) => option.value));
  list.append(...sources.filter((source) => !known.has(source)).map((source) => new Option(source, source)));
}

function isBlank(row) {
  return !row.querySelector("[data-source]").value && !row.querySelector("[data-fallback]").value;
}

function addRow(table) {
  const numbers = [...table.querySelectorAll("[data-variable]")].map((input) => Number(input.name.split("-")[1]));
  const blank = table.querySelector("template[data-blank]");
  const holder = document.createElement("template");
  holder.innerHTML = blank.innerHTML.replaceAll("__number__", String(Math.max(-1, ...numbers) + 1));
  const row = holder.content.firstElementChild;
  blank.before(row);
  return row;
}

// -- the fields of the template type

async function showFields() {
  const body = sent();
  body.set("_fields", "1");
  owed = true;
  changing?.abort(); // somebody chose again
  const latest = (changing = new AbortController());
  tellWhetherBusy();
  let text;
  try {
    text = await ask(window.location.href, { method: "POST", body, signal: latest.signal });
  } catch (error) {
    notice.show(error);
    return;
  } finally {
    if (changing === latest) changing = undefined;
    tellWhetherBusy();
  }
  owed = false;
  const page = new DOMParser().parseFromString(text, "text/html");
  const fresh = page.querySelector(FIELDS);
  fresh.querySelectorAll("[data-without-script]").forEach((button) => button.remove());
  document.querySelector(FIELDS).replaceWith(fresh);
  document.querySelector("[data-template-type]").focus();
  soon();
}

function keepFields() {
  changing?.abort();
  owed = false;
}

// -- the customers, and the placements of a channel

async function suggestCustomers(input) {
  try {
    const { customers } = JSON.parse(await ask(`${picker.dataset.samples}?q=${encodeURIComponent(input.value)}`));
    input.list.replaceChildren(...customers.map((id) => new Option(id, id)));
  } catch (error) {
    notice.show(error);
  }
}

function followChannel() {
  const channel = document.getElementById("id_channel");
  const $ = window.django?.jQuery;
  if (!channel || !$) {
    return;
  }
  $.ajaxPrefilter((options) => {
    if (options.data?.includes("field_name=placement") && channel.value) {
      options.data += `&of_channel=${encodeURIComponent(channel.value)}`;
    }
  });
  // Select2 tells jQuery alone, and Django says "change" once more when the page is ready.
  const chosen = new Map(["offer", "channel", "placement"].map((name) => [name, $(`#id_${name}`).val()]));
  for (const name of chosen.keys()) {
    $(`#id_${name}`).on("change", ({ target }) => {
      if (chosen.get(name) === target.value) {
        return;
      }
      chosen.set(name, target.value);
      if (name === "channel") {
        $("#id_placement").val(null).trigger("change");
      }
      soon();
    });
  }
}

if (form) {
  const ours = (target) => target.form === form;
  document.addEventListener("input", ({ target }) => {
    if (!ours(target)) {
      return;
    }
    soon();
    if (target.name === "sample_customer") {
      suggestCustomers(target);
    }
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-template-type]") && target.value) {
      showFields();
    } else if (target.matches("[data-template-type]")) {
      keepFields(); // until the other type is named
      soon();
    } else if (target.matches(".own-type") && target.value.trim()) {
      showFields();
    } else if (ours(target)) {
      soon();
    }
  });
  document.addEventListener("focusin", ({ target }) => {
    if (target.name === "sample_customer" && !target.list.options.length) {
      suggestCustomers(target);
    }
  });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-tokens] button");
    if (button?.matches("[data-add]")) {
      addRow(button.closest("[data-tokens]")).querySelector("[data-variable]").focus();
    } else if (button?.matches("[data-remove]")) {
      const table = button.closest("[data-tokens]");
      button.closest("[data-row]").remove();
      table.querySelector("[data-add]").focus();
      soon();
    }
  });
  form.addEventListener("submit", (event) => event.target.method === "get" && event.preventDefault());
  followChannel();
  showTokens(read("tokens-found"), read("sources-known"));
  tellWhetherBusy();
}
