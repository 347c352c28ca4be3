// What makes the page quicker to use. Everything works without it.
"use strict";

const main = () => document.getElementById("main");

// Answers come into the page that is open, so that nothing flickers and the place is kept.
async function send(form, button) {
  const data = new FormData(form, button ?? undefined);
  const asked = (data.getAll("question").find((one) => one.trim()) ?? "").trim();
  if (!asked) return;
  wait(asked);
  try {
    const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(data) });
    show(await response.text(), response.url);
  } catch {
    HTMLFormElement.prototype.submit.call(form); // the browser says what is wrong with the connection
  }
}

function wait(asked) {
  const turn = document.createElement("article");
  turn.className = "turn waiting";
  const question = document.createElement("h2");
  question.className = "question";
  question.textContent = asked;
  const doing = document.createElement("p");
  doing.className = "working";
  doing.textContent = "Looking through the articles…";
  turn.append(question, doing);
  document.getElementById("ask")?.before(turn);
  const status = document.getElementById("status");
  if (status) status.textContent = doing.textContent;
  turn.scrollIntoView({ block: "nearest" });
}

function show(html, url) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const found = page.getElementById("main");
  if (!found) return location.assign(url);
  main().replaceWith(document.adoptNode(found));
  document.body.className = page.body.className;
  document.title = page.title;
  // fetch() does not tell where in the page it led to.
  const last = [...document.querySelectorAll(".turn")].pop();
  history.pushState(null, "", last ? `${url.split("#")[0]}#${last.id}` : url);
  if (last) {
    last.scrollIntoView({ block: "start" });
    const said = last.querySelector("blockquote, .note")?.textContent ?? "";
    const status = document.getElementById("status");
    if (status) status.textContent = said.replace(/\s+/g, " ").trim();
  }
  document.getElementById("question")?.focus({ preventScroll: true });
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.ask")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (key === "Enter" && !event.shiftKey && !event.isComposing && target.matches("form.ask textarea")) {
    event.preventDefault();
    target.form.requestSubmit();
  } else if (key === "/" && !target.matches("input, textarea, select") && !event.ctrlKey && !event.metaKey) {
    const question = document.getElementById("question") ?? document.getElementById("find");
    if (question) {
      event.preventDefault();
      question.focus();
    }
  }
});

window.addEventListener("popstate", () => location.reload());

// A change of the articles that goes on: look again until it is done.
function poll() {
  if (!document.querySelector("[data-poll]")) return;
  setTimeout(async () => {
    try {
      const response = await fetch(location.href);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const found = page.getElementById("main");
      if (found) main().replaceWith(document.adoptNode(found));
    } finally {
      poll();
    }
  }, 1000);
}
poll();

// Where the address says which words were quoted and not where in the page they are.
const quote = document.getElementById("quote");
if (quote && !location.hash) quote.scrollIntoView({ block: "center" });
