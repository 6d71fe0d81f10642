// Search boxes: a few letters bring what could be meant; arrows, Enter and Escape as in any combobox.

import { ask } from "../kaireon/asking.js";

const PAUSE = 150; // milliseconds without typing
let waiting;
let latest = 0;

const boxOf = (element) => element.closest?.("[data-lookup]");
const typedIn = (box) => box.querySelector("[data-typed]");
const listOf = (box) => box.querySelector("[data-list]");
const optionsOf = (box) => [...listOf(box).querySelectorAll("[role=option]:not([aria-disabled])")];
const chosenIn = (box) => [...box.querySelectorAll("[data-chips] input")].map((it) => it.value);

function prepare(box) {
  const typed = typedIn(box);
  if (typed.hasAttribute("role")) return;
  const list = listOf(box);
  list.id ||= `${box.dataset.name}-found`;
  typed.setAttribute("role", "combobox");
  typed.setAttribute("aria-autocomplete", "list");
  typed.setAttribute("aria-controls", list.id);
  typed.setAttribute("aria-expanded", "false");
}

async function search(box) {
  const turn = ++latest;
  const query = new URLSearchParams({ kind: box.dataset.kind, q: typedIn(box).value });
  const taken = chosenIn(box);
  let results = [];
  let otherwise = "Nothing found";
  try {
    ({ results } = JSON.parse(await ask(`${box.dataset.lookup}?${query}`)));
  } catch ({ message }) {
    otherwise = message;
  }
  if (turn !== latest || document.activeElement !== typedIn(box)) return;
  open(box, results.filter(({ id }) => !taken.includes(id)), otherwise);
}

function open(box, results, otherwise) {
  const list = listOf(box);
  list.replaceChildren(...results.map(({ id, name }, index) => option(list, index, id, name)));
  if (!results.length) {
    const nothing = option(list, 0, "", otherwise);
    nothing.setAttribute("aria-disabled", "true");
    list.append(nothing);
  }
  list.hidden = false;
  typedIn(box).setAttribute("aria-expanded", "true");
  activate(box, null);
}

function option(list, index, id, name) {
  const item = document.createElement("li");
  item.id = `${list.id}-${index}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.dataset.id = id;
  item.textContent = name;
  return item;
}

function close(box) {
  clearTimeout(waiting);
  latest += 1;
  listOf(box).hidden = true;
  typedIn(box).setAttribute("aria-expanded", "false");
  activate(box, null);
}

function activate(box, item) {
  for (const other of optionsOf(box)) other.setAttribute("aria-selected", String(other === item));
  if (item) typedIn(box).setAttribute("aria-activedescendant", item.id);
  else typedIn(box).removeAttribute("aria-activedescendant");
  item?.scrollIntoView({ block: "nearest" });
}

function move(box, step) {
  const options = optionsOf(box);
  const at = options.findIndex((it) => it.getAttribute("aria-selected") === "true");
  const next = at < 0 ? (step > 0 ? 0 : options.length - 1) : (at + step + options.length) % options.length;
  if (options.length) activate(box, options[next]);
}

function pick(box, { dataset: { id }, textContent: name }) {
  const typed = typedIn(box);
  if ("many" in box.dataset) {
    box.querySelector("[data-chips]").append(chip(box.dataset.name, id, name));
    typed.value = "";
  } else {
    box.querySelector("[data-chosen]").value = id;
    typed.value = name;
  }
  close(box);
  typed.dispatchEvent(new Event("change", { bubbles: true }));
}

function chip(field, id, name) {
  const item = document.createElement("li");
  const label = document.createElement("label");
  const box = document.createElement("input");
  Object.assign(box, { type: "checkbox", name: field, value: id, checked: true });
  label.className = "chip";
  label.append(box, ` ${name}`);
  item.append(label);
  return item;
}

document.addEventListener("focusin", ({ target }) => {
  if (target.matches("[data-typed]")) prepare(boxOf(target));
});

document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-typed]")) return;
  const box = boxOf(target);
  const chosen = box.querySelector("[data-chosen]");
  if (chosen) chosen.value = "";
  clearTimeout(waiting);
  waiting = setTimeout(search, PAUSE, box);
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("[data-typed]")) return;
  const box = boxOf(event.target);
  const isOpen = !listOf(box).hidden;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (isOpen) move(box, event.key === "ArrowDown" ? 1 : -1);
    else search(box);
  } else if (event.key === "Enter" && isOpen) {
    event.preventDefault(); // it chooses, it does not send the form
    const active = optionsOf(box).find((it) => it.getAttribute("aria-selected") === "true");
    if (active) pick(box, active);
  } else if (event.key === "Escape" && isOpen) {
    event.stopPropagation();
    close(box);
  }
});

document.addEventListener("pointerdown", (event) => {
  const item = event.target.closest?.("[data-list] [role=option]");
  if (!item) return;
  event.preventDefault(); // the box keeps the focus
  if (!item.hasAttribute("aria-disabled")) pick(boxOf(item), item);
});

document.addEventListener("click", ({ target }) => {
  if (target.matches?.("[data-typed]") && listOf(boxOf(target)).hidden) search(boxOf(target));
});

document.addEventListener("focusout", ({ target }) => {
  if (!target.matches?.("[data-typed]")) return;
  const box = boxOf(target);
  const wanted = target.value.trim().toLowerCase();
  const same = listOf(box).hidden ? undefined : optionsOf(box).find((it) => it.textContent.toLowerCase() === wanted);
  if (same) pick(box, same);
  else close(box);
});

document.addEventListener("change", ({ target }) => {
  if (target.matches?.("[data-chips] input") && !target.checked) {
    const box = boxOf(target);
    target.closest("li").remove();
    typedIn(box).focus();
  }
});
