"""Tells a channel of the host's in Discord what the host must know of the bot."""

from bot.discord.client import PatchbayBot
from bot.i18n.catalog import DEFAULT_LOCALE
from bot.operating.health.readiness import Readiness
from bot.operating.operator_channel.channel import OperatorChannel
from bot.operating.operator_channel.faults import Faults
from bot.settings import Settings
from bot.store.revision import newest_revision


def tell_operator(bot: PatchbayBot, readiness: Readiness, settings: Settings) -> OperatorChannel | None:
    """Let the bot tell the channel of its start, its faults and its end; None where there is no channel."""
    if settings.operator_channel is None:
        return None
    faults = Faults(bot, readiness, settings, bot.services.catalog[DEFAULT_LOCALE], bot.services.clock)
    schema = newest_revision(settings.database)
    channel = OperatorChannel(bot, settings.operator_channel, faults.look, bot.services.clock, schema)
    bot.services.background.start(channel.run())
    bot.workers.start_when_ready(channel.started)
    bot.last_words = channel.stopping
    return channel
