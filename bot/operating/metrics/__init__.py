"""Shows Prometheus how the bot is doing."""

from bot.operating.metrics.page import metrics_page
from bot.operating.metrics.table import metrics_table

__all__ = ["metrics_page", "metrics_table"]
