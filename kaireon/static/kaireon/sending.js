// What every form of the admin owes to whoever sends it: a second click on a button sends nothing twice, and a form
// that was open while somebody signed in again in another tab is still taken.

const PATIENCE = 10_000; // milliseconds after which a form may be sent again, should no page have come

function release(form) {
  form.removeAttribute("aria-busy");
}

document.addEventListener("submit", (event) => {
  if (event.target.getAttribute("aria-busy") !== "true") return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

document.addEventListener("submit", ({ target, defaultPrevented }) => {
  if (defaultPrevented || target.method !== "post") return;
  target.setAttribute("aria-busy", true);
  setTimeout(release, PATIENCE, target);
});

window.addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach(release));

// Fires for what a script collects, too.
document.addEventListener("formdata", ({ formData }) => {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  if (token && formData.has("csrfmiddlewaretoken")) formData.set("csrfmiddlewaretoken", token);
});
