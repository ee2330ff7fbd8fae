// Makes elements, and tells of those that simcord makes.

export function el(name, attributes = {}, children = []) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (typeof value === "boolean") made[key] = value;
    else if (value !== "") made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Return the nodes of a text with **bold** parts, and with a button in place of a command. */
export function markdown(text, command, makeButton) {
  return text.split(/(\*\*[^*]+\*\*)/).flatMap((part) => {
    if (part.startsWith("**")) return [el("b", {}, [part.slice(2, -2)])];
    if (!command) return [part];
    return part.split(command).flatMap((piece, index) => (index ? [makeButton(command), piece] : [piece]));
  });
}

/** Call a function with each element of this kind, those of now and those to come. */
export function onAdded(selector, callback) {
  const look = (root) => {
    if (root.matches?.(selector)) callback(root);
    root.querySelectorAll?.(selector).forEach(callback);
  };
  look(document);
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach((node) => { if (node instanceof Element) look(node); });
  }).observe(document, { childList: true, subtree: true });
}
