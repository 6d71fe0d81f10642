"use strict";
// The policy form: another rule type brings its own fields, another kind of scope its own targets.
{
  const RULE_FIELDS = "fieldset.rule-fields";

  async function showFieldsOf(ruleType) {
    const address = new URL(window.location);
    address.searchParams.set("rule_type", ruleType);
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok) {
      window.location = address;
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector(RULE_FIELDS).replaceWith(page.querySelector(RULE_FIELDS));
    django.jQuery(`${RULE_FIELDS} .unfold-admin-autocomplete`).djangoCustomSelect2();
    document.getElementById("id_rule_type").focus();
  }

  function showTargets(row) {
    const scope = row.querySelector("[data-kind]").value;
    const target = row.querySelector("[data-target]");
    const offered = JSON.parse(document.getElementById("scope-targets").textContent)[scope];
    target.hidden = scope === "global";
    target.replaceChildren(new Option("Select value", ""), ...offered.map(([id, name]) => new Option(name, id)));
  }

  function addRow(list) {
    const blank = list.querySelector("template[data-blank]");
    const number = list.querySelectorAll("[data-row]").length + Date.now() % 100000 + 100;
    const holder = document.createElement("template");
    holder.innerHTML = blank.innerHTML.replaceAll("__number__", number);
    blank.before(holder.content);
  }

  document.addEventListener("change", ({ target }) => {
    if (target.id === "id_rule_type") {
      showFieldsOf(target.value);
    } else if (target.matches("[data-scopes] [data-kind]")) {
      showTargets(target.closest("[data-row]"));
    }
  });

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-scopes] button");
    if (button?.matches("[data-add]")) {
      addRow(button.closest("[data-scopes]"));
    } else if (button?.matches("[data-remove]")) {
      button.closest("[data-row]").remove();
    }
  });
}
