"""``/integrations diagnose``: what is wrong with an integration, for whoever asks alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bot.runtime.client import PatchbayBot
from bot.runtime.details import answer_diagnosis
from bot.runtime.diagnosing import diagnose
from bot.ui.components import Interaction, LastingButton, guild_of, offer_retry
from bot.ui.replies import think
from cogs.integrations.ways import ONE, Way

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts


class DiagnoseButton(LastingButton, template=rf"integrations:why:{ONE}"):
    """Looks for what is wrong; also under alerts."""

    def __init__(self, *, texts: Texts, provider: str, integration: str) -> None:
        self._key = f"{provider}:{integration}"
        super().__init__(Way.DIAGNOSE.button(self._key, texts))

    async def press(self, interaction: Interaction) -> None:
        """Diagnose now, and leave the message as it is."""
        await think(interaction)
        await find_out(interaction, cast("PatchbayBot", interaction.client), self._key)


async def find_out(interaction: Interaction, bot: PatchbayBot, text: str) -> None:
    """Diagnose an integration and answer. text: a key, or the name of just one.

    Raises NotWatchedError, NoSuchConnectionError and RestartingError.
    """
    texts = bot.catalog[interaction.locale.value]
    watched = await bot.watching.find(guild_of(interaction), text)
    again = DiagnoseButton(texts=texts, provider=watched.provider, integration=watched.id)
    offer_retry(interaction, again)
    found = await diagnose(interaction, bot, watched)
    history = Way.HISTORY.button(watched.key, texts)
    await answer_diagnosis(interaction, bot, (watched.provider, watched.id), found, again, history)
