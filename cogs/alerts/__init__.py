"""``/alerts`` and the messages that the bot keeps up to date: alerts, and each server's board."""

from functools import partial

from bot.discord.client import PatchbayBot
from cogs.alerts.board import clear_board, put_up_board, take_down_board
from cogs.alerts.buttons import AcknowledgeButton, MuteButton, MuteSelect
from cogs.alerts.commands import Alerts
from cogs.alerts.delivery_signals import DeliverySignals
from cogs.alerts.group_buttons import (
    AcknowledgeAllButton,
    GroupMuteButton,
    GroupMuteSelect,
    OneIncidentSelect,
)
from cogs.alerts.listing import AlertListButton
from cogs.alerts.maintenance import MaintenanceSelect
from cogs.alerts.messages.fixes import fix_of_access
from cogs.alerts.messages.rendering import AgentBot, read_bots
from cogs.alerts.messenger import DiscordMessenger
from cogs.alerts.routes import set_channel
from cogs.alerts.testing import post_test_alert
from cogs.alerts.undelivered import Undelivered, read_undelivered, undelivered_of

__all__ = [
    "AgentBot",
    "MuteButton",
    "Undelivered",
    "clear_board",
    "fix_of_access",
    "post_test_alert",
    "put_up_board",
    "read_bots",
    "read_undelivered",
    "set_channel",
    "setup",
    "take_down_board",
    "undelivered_of",
]


async def setup(bot: PatchbayBot) -> None:
    """Add the commands and the components that survive a restart, and start what sends the outbox."""
    bot.add_dynamic_items(
        AcknowledgeAllButton,
        AcknowledgeButton,
        AlertListButton,
        GroupMuteButton,
        GroupMuteSelect,
        MaintenanceSelect,
        MuteButton,
        MuteSelect,
        OneIncidentSelect,
    )
    await bot.add_cog(Alerts())
    await bot.add_cog(DeliverySignals(bot.services.outbox.retry, bot.services.background))
    bot.workers.start_when_ready(partial(bot.services.outbox.run, DiscordMessenger(bot), bot.serves))
