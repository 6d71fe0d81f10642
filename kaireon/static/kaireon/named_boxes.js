// Boxes with a search inside are drawn beside the select they stand for; they get its label as their name.

const { jQuery } = window.django;

jQuery(() => {
  // after the boxes are drawn, for which jQuery was asked to wait before
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
    const box = select.nextElementSibling?.querySelector("[role=combobox]");
    if (!label || !box) continue;
    const shown = box.querySelector("[role=textbox]");
    label.id ||= `${select.id}-label`;
    shown?.setAttribute("aria-labelledby", label.id);
    box.setAttribute("aria-labelledby", [label.id, shown?.id].filter(Boolean).join(" "));
  }
});
