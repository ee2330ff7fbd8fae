// Shows the answer to what was just sent, as Discord does. simcord stays at the end only if the chat was there when
// something came, and its composer changes its height while a command is typed.

const FOLLOWED_MS = 10_000;
let until = 0;

function toTheEnd() {
  const timeline = document.getElementById("channel-timeline");
  if (timeline && Date.now() < until) timeline.scrollTop = timeline.scrollHeight;
}

/** Begin to follow what is sent. Whoever scrolls stays where they are. */
export function followAnswers() {
  document.addEventListener("submit", (event) => {
    if (!(event.target instanceof HTMLFormElement) || !event.target.matches("#channel-composer")) return;
    until = Date.now() + FOLLOWED_MS;
    toTheEnd();
  }, true);
  for (const name of ["wheel", "touchmove", "pointerdown"]) {
    document.addEventListener(name, () => { until = 0; }, { capture: true, passive: true });
  }
  document.addEventListener("keydown", (event) => {
    if (["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown"].includes(event.key)) until = 0;
  }, true);
  const observer = new ResizeObserver(toTheEnd);
  for (const id of ["channel-timeline", "channel-message-list"]) observer.observe(document.getElementById(id));
}
