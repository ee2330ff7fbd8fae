// What is pressed while the page updates is pressed again once it has: simcord drops it, or replaces the button
// between the pointer's going down and up.

const KEPT_MS = 10_000;
const RETRY_MS = 40;
const PRESSABLE = "button.component-button, button.select-trigger, .select-option, .modal-actions button";
let wanted = null;
let held = null;

function page() { return window.simcordPreview; }

function isUpdating(element) {
  const now = page();
  if (!now) return false;
  return Boolean(now.pendingAction) || (now.awaitingRevision ?? 0) > now.publishedRevision
    || element.closest?.('[role="listbox"]')?.getAttribute("aria-busy") === "true";
}

/** Return what tells an element from its neighbours after it was made anew; the words rule out another one. */
function identity(element) {
  const words = element.textContent;
  if (element.matches(".select-option")) {
    const key = element.closest(".preview-select")?.dataset.controlKey;
    return key && { key, value: element.dataset.value, words };
  }
  const key = element.dataset.controlKey ?? (element.closest(".modal-actions") ? `modal ${words}` : null);
  return key && { key, words };
}

function find({ key, value, words }) {
  return [...document.querySelectorAll(PRESSABLE)].find((each) => {
    const its = identity(each);
    return its && its.key === key && its.value === value && its.words === words;
  });
}

function keep(press) {
  wanted = { ...press, until: Date.now() + KEPT_MS };
  setTimeout(retry, RETRY_MS);
}

function retry() {
  if (!wanted) return;
  if (Date.now() > wanted.until) { wanted = null; return; }
  const target = wanted.form ?? find(wanted);
  const isFree = target && !isUpdating(target) && target.getAttribute("aria-disabled") !== "true" && !target.disabled;
  if (!isFree) { setTimeout(retry, RETRY_MS); return; }
  const { form } = wanted;
  wanted = null;
  if (form) form.requestSubmit();
  else target.click();
}

/** Begin to keep presses. */
export function keepPresses() {
  document.addEventListener("pointerdown", (event) => {
    const element = event.target instanceof Element ? event.target.closest(PRESSABLE) : null;
    held = element && { element, press: identity(element) };
  }, true);
  document.addEventListener("pointerup", () => {
    const last = held;
    held = null;
    // The browser makes no click of it.
    if (last?.press && !last.element.isConnected) keep(last.press);
  }, true);
  document.addEventListener("click", (event) => {
    const element = event.target instanceof Element ? event.target.closest(PRESSABLE) : null;
    if (!element || element.disabled || element.matches(".select-trigger") || !isUpdating(element)) return;
    if (element.matches(".button-secondary")) return; // a form can always be cancelled
    const press = identity(element);
    if (!press) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    keep(press);
  }, true);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("#channel-composer, .modal-dialog") || !isUpdating(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    keep({ form });
  }, true);
}
