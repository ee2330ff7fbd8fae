// Puts simcord's own words, which are English, into the page's language. What members and bots wrote stays.

const ATTRIBUTES = ["aria-label", "placeholder", "title"];
const WRITTEN = [
  ".message-content", ".embed-card", ".component-button", ".text-display", ".message-author", ".option-label",
  ".option-description", ".entity-label", ".modal-title", ".demo-bar", ".demo-next", ".demo-panel", ".demo-dialog",
  "textarea", "input", "code",
].join(", ");
const shown = new WeakMap(); // node -> what of it was replaced, by attribute ("" for its text): English and ours
let words = { texts: {}, patterns: [] };
let given = "";
let observer = null;

function translated(english) {
  const text = english.trim();
  if (!text) return english;
  if (Object.hasOwn(words.texts, text)) return english.replace(text, () => words.texts[text]);
  for (const [pattern, replacement] of words.patterns) {
    if (pattern.test(english)) return english.replace(pattern, replacement);
  }
  return english;
}

function replace(node, attribute, current, write) {
  const known = shown.get(node)?.[attribute];
  const english = known && known.ours === current ? known.english : current;
  const ours = translated(english);
  if (ours !== current) write(ours);
  if (ours !== english || known) shown.set(node, { ...shown.get(node), [attribute]: { english, ours } });
}

function visit(node) {
  if (node.nodeType === Node.TEXT_NODE) {
    if (!node.parentElement?.closest(WRITTEN)) replace(node, "", node.data, (text) => { node.data = text; });
    return;
  }
  if (!(node instanceof Element)) return;
  if (!node.parentElement?.closest(WRITTEN)) {
    for (const name of ATTRIBUTES) {
      const current = node.getAttribute(name);
      if (current === null) continue;
      replace(node, name, current, (text) => node.setAttribute(name, text));
    }
  }
  node.childNodes.forEach(visit);
}

/** Show simcord's words as these texts and patterns say; what they lack stays English. */
export function translatePage(simcord) {
  if (JSON.stringify(simcord) === given) return;
  given = JSON.stringify(simcord);
  words = { texts: simcord.texts, patterns: simcord.patterns.map(([from, to]) => [new RegExp(from), to]) };
  observer ??= new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "childList") change.addedNodes.forEach(visit);
      else if (change.type === "characterData") visit(change.target);
      else if (!change.target.parentElement?.closest(WRITTEN)) {
        replace(change.target, change.attributeName, change.target.getAttribute(change.attributeName) ?? "",
          (text) => change.target.setAttribute(change.attributeName, text));
      }
    }
  });
  observer.disconnect();
  visit(document.body);
  observer.observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES,
  });
}
