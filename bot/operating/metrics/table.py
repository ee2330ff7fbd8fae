"""The table of metrics in the hosts' document, which ``make docs`` writes."""

from bot.operating.metrics.declared import METRICS


def metrics_table() -> str:
    """Return a Markdown table of every metric that is Patchbay's own: name, type, labels and meaning."""
    rows = (
        f"| `{each.name}` | {each.kind} | {', '.join(map('`{}`'.format, each.labels))} | {each.meaning} |"
        for each in METRICS
    )
    return "\n".join(("| metric | type | labels | meaning |", "|---|---|---|---|", *rows))
