// Asks for parts of a page while a form is open; when no answer comes, says why, keeps what was typed, tries again.

const KEPT = "What you typed is still here.";
const SIGNED_OUT = `You are signed out. ${KEPT} Sign in in another tab, then go on.`;
const AWAY = `The server cannot be reached. ${KEPT} Go on when the connection is back.`;
const FORBIDDEN = "Your role no longer allows this.";

export class Unanswered extends Error {
  constructor(message, { losesForm = false } = {}) {
    super(message);
    this.losesForm = losesForm; // whether sending the form now would end at a page without it
  }
}

// Whoever signs in anew elsewhere while a form is on its way leaves it with the former token. Puts in
// today's, and tells whether it is another one.
function renewToken(body) {
  const sent = body?.get("csrfmiddlewaretoken");
  if (!sent) return false;
  document.dispatchEvent(new FormDataEvent("formdata", { formData: body })); // sending.js listens
  return body.get("csrfmiddlewaretoken") !== sent;
}

export async function ask(address, options = {}) {
  try {
    let answer = await fetch(address, options);
    const unwelcome = answer.redirected || answer.status === 403;
    if (unwelcome && renewToken(options.body)) answer = await fetch(address, options);
    if (answer.redirected) throw new Unanswered(SIGNED_OUT, { losesForm: true });
    if (answer.status === 403) throw new Unanswered(FORBIDDEN);
    if (!answer.ok) throw new Unanswered(`The server answered with an error (${answer.status}).`);
    return await answer.text();
  } catch (error) {
    if (error instanceof Unanswered || error.name === "AbortError") throw error;
    throw new Unanswered(AWAY, { losesForm: true });
  }
}

// A place beside a form for what keeps its live parts from following; until they do again, the form is not lost by
// sending it. `again` asks anew.
export function noticeFor(form, place, again) {
  let held = false;

  const retry = () => place.hidden || again();
  for (const name of ["focus", "online"]) window.addEventListener(name, retry);
  document.addEventListener("visibilitychange", () => document.hidden || again()); // a tab left open over night
  form.addEventListener("submit", (event) => {
    if (!held) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    place.scrollIntoView({ block: "center" });
    again();
  }, true);

  function say(message, holds) {
    held = holds;
    place.hidden = !message;
    if (place.textContent !== message) place.textContent = message;
  }

  return {
    clear: () => say("", false),
    show(error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Unanswered)) throw error;
      say(error.message, error.losesForm);
    },
  };
}
