// Patchbay's own part of the demo's page. The chat is simcord's, whose files are served as they are; this script
// reads its state from `window.simcordPreview` and acts on it by pressing what a user could press.

import { el, markdown, onAdded } from "./patchbay-dom.js";
import { followAnswers } from "./patchbay-follow.js";
import { keepPresses } from "./patchbay-presses.js";
import { translatePage } from "./patchbay-language.js";

const POLL_MS = 1000;
const PATIENCE_MS = 3000;
const INVITE = /^https:\/\/discord\.com\/(?:api\/)?oauth2\/authorize\?/;
const secret = window.location.hash.slice(1);
const narrow = window.matchMedia("(max-width: 940px)");
const read = new Map(); // `viewer channel` -> id of the newest message that was shown
let state = null;
let drawn = "";
let agent = null;
let said = "";
let asked = 0;

// --- the page's own API ----------------------------------------------------------------------------------------

async function ask(body) {
  const context = window.simcordPreview?.contextId;
  if (!context) return null;
  const number = (asked += 1);
  const answer = await fetch("/api/demo", {
    method: body ? "POST" : "GET",
    cache: "no-store",
    headers: {
      "X-Simcord-Capability": secret,
      "X-Simcord-Context": context,
      ...(body ? { "Content-Type": "application/json" } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const next = await answer.json();
  if (number === asked || body) show(next); // an answer that was overtaken is about the past
  return next;
}

async function act(body) {
  try {
    const next = await ask(body);
    if (body.do === "locale") say(""); // it is in the other language
    if (next?.said) say(`${fill(next.texts[next.said], next.values)} ${soon(body.do, next)}`);
    return next;
  } catch {
    say(state.texts.failed);
    return null;
  }
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
const soon = (what, next) => (what === "join" ? "" : fill(next.texts.soon, next.values));

function say(text) {
  said = text.trim();
  const place = document.querySelector(".demo-said");
  if (place) place.textContent = said;
}

async function poll() {
  try { await ask(); } catch { /* the chat says by itself that the demo has ended */ }
  setTimeout(poll, POLL_MS);
}

// --- what surrounds the chat -----------------------------------------------------------------------------------

const bar = el("header", { class: "demo-bar" });
const next = el("button", { class: "demo-next", type: "button", onclick: () => open(guide) });
const channels = el("nav", { class: "demo-panel demo-channels" });
const guide = el("aside", { class: "demo-panel demo-guide" });
const shade = el("div", { class: "demo-shade", onclick: close });

function open(panel) {
  close();
  panel.classList.add("is-open");
  shade.classList.add("is-open");
  panel.querySelector("button")?.focus();
}

function close() {
  for (const each of [channels, guide, shade]) each.classList.remove("is-open");
}

function show(answer) {
  const { said: _, values: __, ...next_state } = answer;
  state = next_state;
  const channel = state.channels.find((each) => each.id === state.channelId);
  if (channel) read.set(`${state.viewerId} ${channel.id}`, channel.latest);
  const key = JSON.stringify([state, [...read]]);
  if (key === drawn) return;
  drawn = key;
  document.documentElement.lang = state.locale;
  document.title = `${state.server} · ${state.texts.title}`;
  translatePage(state.simcord);
  draw();
}

function draw() {
  const focused = document.activeElement?.dataset?.demo;
  const scrolled = guide.scrollTop;
  drawBar();
  drawChannels();
  drawGuide();
  guide.scrollTop = scrolled;
  if (focused) document.querySelector(`[data-demo="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function drawBar() {
  const { texts } = state;
  bar.replaceChildren(
    el("div", { class: "demo-brand" }, [
      el("img", { src: "/patchbay.png", alt: "" }), el("span", {}, [texts.title]),
    ]),
    button(texts.channels, "channels", () => open(channels), "demo-toggle"),
    button(texts.guide, "guide", () => open(guide), "demo-toggle"),
    el("div", { class: "demo-roles", role: "group", "aria-label": texts.you }, state.viewers.map((each) => {
      const made = button(each.label, `viewer ${each.id}`, () => become(each.id));
      made.setAttribute("aria-pressed", String(each.id === state.viewerId));
      made.title = each.name;
      return made;
    })),
    el("select", {
      class: "demo-language", "aria-label": texts.language, "data-demo": "language",
      onchange: (event) => act({ do: "locale", locale: event.target.value }),
    }, Object.entries(state.languages).map(([locale, name]) =>
      el("option", { value: locale, selected: locale === state.locale }, [name]))),
  );
  const step = state.steps.find((each) => each.key === state.next);
  next.hidden = !step;
  if (step) next.replaceChildren(el("strong", {}, [`${texts.next}:`]), el("span", {}, [step.title]));
}

function drawChannels() {
  channels.setAttribute("aria-label", state.texts.channels);
  channels.replaceChildren(el("h2", {}, [state.server]), closer("channels"), ...state.channels.map((each) => {
    const isHere = each.id === state.channelId;
    const known = read.get(`${state.viewerId} ${each.id}`);
    const isNew = !isHere && each.latest !== "0" && BigInt(each.latest) > BigInt(known ?? "0");
    const made = el("button", {
      type: "button", "data-demo": `channel ${each.id}`, class: isNew ? "is-new" : "",
      onclick: () => goTo(each.id),
    }, [el("span", { "aria-hidden": "true" }, ["#"]), el("span", {}, [each.name])]);
    if (isHere) made.setAttribute("aria-current", "page");
    if (isNew) made.append(el("span", { class: "demo-dot", role: "img", "aria-label": state.texts.new }));
    return made;
  }));
}

function drawGuide() {
  const { texts } = state;
  guide.setAttribute("aria-label", texts.guide);
  const agents = el("select", {
    "aria-label": texts.agent, "data-demo": "agent", onchange: (event) => { agent = event.target.value; },
  }, state.agents.map((name) => el("option", { value: name, selected: name === agent }, [name])));
  agent = agents.value;
  guide.replaceChildren(
    el("section", {}, [
      el("h2", {}, [texts.guide]), closer("guide"),
      el("ol", { class: "demo-steps" }, state.steps.map(drawStep)),
      ...(state.next ? [] : [el("p", {}, [texts.all_done])]),
    ]),
    el("section", {}, [
      el("h2", {}, [texts.play]), agents,
      el("div", { class: "demo-buttons" }, [
        button(texts.break, "break", () => act({ do: "break", agent })),
        button(texts.break_all, "break_all", () => act({ do: "break_all" })),
        button(texts.heal, "heal", () => act({ do: "heal" })),
        button(texts.down, "down", () => act({ do: "down", agent })),
      ]),
      el("p", { class: "demo-small demo-said", role: "status" }, [said]),
    ]),
    el("section", {}, [
      el("h2", {}, [texts.credentials]),
      el("dl", { class: "demo-credentials" }, state.credentials.flatMap(({ provider, values }) => [
        el("dt", { class: "demo-provider" }, [provider]),
        ...values.map(({ label, value }) => drawCredential(label, value)),
      ])),
    ]),
    el("p", { class: "demo-small" }, [texts.simulated]),
  );
}

function drawStep(step) {
  const { texts } = state;
  const isNext = step.key === state.next;
  const mark = step.done ? "✓" : isNext ? "➜" : "○";
  const details = isNext ? [
    el("span", {}, markdown(step.how, step.command && `/${step.command}`, commandButton)),
    step.command && button(fill(texts.type, { command: `/${step.command}` }), "step", () => type(`/${step.command}`), "demo-main"),
    step.channelId && step.channelId !== state.channelId
      && button(fill(texts.open, { channel: nameOf(step.channelId) }), "step", () => goTo(step.channelId), "demo-main"),
  ].filter(Boolean) : [];
  const item = el("li", { "data-done": String(step.done) }, [
    el("span", { "aria-hidden": "true" }, [mark]),
    el("div", {}, [el(isNext ? "strong" : "span", {}, [step.title]), ...details]),
  ]);
  if (isNext) item.setAttribute("aria-current", "step");
  return item;
}

function drawCredential(label, value) {
  const made = button(state.texts.copy, `copy ${value}`, async () => {
    await copy(value);
    made.textContent = state.texts.copied;
    setTimeout(() => { made.textContent = state.texts.copy; }, 1500);
  });
  made.setAttribute("aria-label", `${state.texts.copy}: ${label}`);
  return el("div", {}, [el("dt", {}, [label]), el("dd", {}, [el("code", { title: value }, [value]), made])]);
}

function closer(name) {
  const made = button("×", `close ${name}`, close, "demo-close");
  made.setAttribute("aria-label", state.texts.close);
  return made;
}

const nameOf = (id) => state.channels.find((each) => each.id === id)?.name ?? "";
const commandButton = (command) => el("button", {
  type: "button", class: "demo-command", onclick: () => type(command),
}, [command]);

function button(label, name, onclick, classes = "") {
  return el("button", { type: "button", class: classes, "data-demo": name, onclick }, [label]);
}

async function copy(text) {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = el("textarea", { class: "visually-hidden" }, [text]); // no permission for the clipboard
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

// --- acting in the chat ----------------------------------------------------------------------------------------

function become(id) {
  const picker = document.getElementById("viewer-picker");
  picker.value = id;
  picker.dispatchEvent(new Event("change", { bubbles: true }));
  close();
  setTimeout(() => void ask().catch(() => {}), 300);
}

async function goTo(id) {
  close();
  await act({ do: "channel", id });
}

async function type(command) {
  close();
  document.querySelector(".command-context-close")?.click();
  const composer = document.getElementById("channel-composer-input");
  if (!composer) return;
  composer.focus();
  composer.value = command;
  composer.dispatchEvent(new InputEvent("input", { bubbles: true }));
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const entry = [...document.querySelectorAll(".command-entry")]
      .find((each) => each.querySelector("strong")?.textContent === command);
    if (entry) { entry.click(); return; }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const mention = event.target.closest(".command-mention");
  if (mention) void type(mention.textContent);
  const link = event.target.closest("a[href]");
  if (link && INVITE.test(link.href)) {
    event.preventDefault();
    void invite(new URL(link.href).searchParams);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target instanceof Element && event.target.matches(".command-mention")) {
    event.preventDefault();
    void type(event.target.textContent);
  }
  if (event.key === "Escape" && narrow.matches) close();
});
onAdded(".command-mention", (mention) => {
  mention.tabIndex = 0;
  mention.setAttribute("role", "button");
});

async function invite(query) {
  const id = query.get("client_id") ?? "";
  let found;
  try { found = await ask({ do: "bot", id }); } catch { say(state.texts["join.unknown"]); return; }
  const { texts, server } = state;
  const values = { ...found.values, server };
  const dialog = el("dialog", { class: "demo-dialog" }, [
    el("h2", {}, [fill(texts["join.title"], values)]),
    el("p", {}, [texts["join.how"]]),
    el("footer", {}, [
      button(texts["join.no"], "join no", () => dialog.close()),
      button(texts["join.yes"], "join yes", () => {
        dialog.close();
        void act({ do: "join", id, permissions: query.get("permissions") ?? "0" });
      }, "demo-main"),
    ]),
  ]);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// simcord's server is not told of a cancelled form, and offers nothing in the menus behind it until it is.
function formShown() { return window.simcordPreview?.renderState.modalHandle ?? null; }
for (const name of ["click", "keydown"]) {
  document.addEventListener(name, () => {
    const before = formShown();
    if (before) setTimeout(() => { if (!formShown() && !window.simcordPreview.pendingAction) void act({ do: "dismiss" }); });
  }, true);
}

document.getElementById("preview-shell").prepend(bar, next);
document.getElementById("preview-workspace").prepend(channels);
document.getElementById("preview-workspace").append(guide, shade);
keepPresses();
followAnswers();
void poll();
