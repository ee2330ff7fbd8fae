"""The buttons under an alert that outlive it: who looks after an incident, and what is to be quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import discord

from bot.errors import ErasedSecretError, InvalidInputError, UnreadableSecretError
from bot.kit.integration import State
from bot.runtime.credentials import ROTATE, CredentialButton
from bot.runtime.watched_words import name_of
from bot.services.watching import Kind
from bot.ui.components import Interaction, LastingButton, LastingSelect, guild_of, view_of
from bot.ui.replies import answer, renew, think
from bot.ui.theme import Field, Tone, card, when

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.services.watching import Incident, Watched

END: Final = "end"
DURATIONS: Final[Mapping[str, int]] = {"1h": 3600, "8h": 28_800, "1d": 86_400, "1w": 604_800, END: 0}
"""For how many seconds something can be muted, each worded by ``alerts.mute.for.<key>``."""
_ONE: Final = r"(?P<provider>[a-z0-9_-]{1,32}):(?P<integration>[A-Za-z0-9_-]{1,64})"


class AcknowledgeButton(LastingButton, template=r"integrations:ack:(?P<number>[0-9]{1,9})"):
    """Takes note that the member looks after an incident."""

    def __init__(self, *, texts: Texts, number: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts("alerts.acknowledge.button"),
                emoji="🙋",
                style=discord.ButtonStyle.primary,
                custom_id=f"integrations:ack:{number}",
            )
        )
        self._number = int(number)

    async def press(self, interaction: Interaction) -> None:
        """Note it, and tell the member who looks after it."""
        await think(interaction)
        bot = cast("PatchbayBot", interaction.client)
        guild_id, member_id = guild_of(interaction), interaction.user.id
        async with bot.audit.change(guild_id, member_id, "alerts.acknowledge", f"#{self._number}") as change:
            noted = await bot.alerts.acknowledge(guild_id, self._number, member_id=member_id)
            change.idle = not noted
        incident = await bot.watching.incident(guild_id, self._number)
        texts = bot.catalog[interaction.locale.value]
        shown = name_of(incident, bot.providers)
        await answer(interaction, _acknowledged(incident, shown, texts, noted=noted))


class MuteButton(LastingButton, template=rf"alerts:mute:{_ONE}"):
    """Asks for how long an integration's alerts are to be quiet."""

    def __init__(self, *, texts: Texts, provider: str, integration: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts("alerts.mute.button"),
                emoji="🔕",
                custom_id=f"alerts:mute:{provider}:{integration}",
            )
        )
        self._key = f"{provider}:{integration}"

    async def press(self, interaction: Interaction) -> None:
        """Ask whoever pressed it alone."""
        await think(interaction)
        bot = cast("PatchbayBot", interaction.client)
        texts = bot.catalog[interaction.locale.value]
        watched = await bot.watching.find(guild_of(interaction), self._key)
        menu = MuteSelect(
            texts=texts,
            provider=watched.provider,
            integration=watched.id,
            options=[
                discord.SelectOption(label=texts(f"alerts.mute.for.{each}"), value=each)
                for each in DURATIONS
                if each != END or watched.muted_until is not None
            ],
        )
        await answer(
            interaction, _mute_question(watched, name_of(watched, bot.providers), texts), view_of(menu)
        )


class MuteSelect(LastingSelect, template=rf"alerts:for:{_ONE}"):
    """Mutes an integration for as long as was picked."""

    def __init__(
        self,
        *,
        texts: Texts,
        provider: str,
        integration: str,
        options: list[discord.SelectOption] = discord.utils.MISSING,
    ) -> None:
        super().__init__(
            discord.ui.Select(
                placeholder=texts("alerts.mute.placeholder"),
                custom_id=f"alerts:for:{provider}:{integration}",
                options=options,
            )
        )
        self._key = f"{provider}:{integration}"

    async def pick(self, interaction: Interaction, value: str) -> None:
        """Mute it, and say so in the place of the question."""
        await interaction.response.defer()
        bot = cast("PatchbayBot", interaction.client)
        await renew(interaction, await mute(interaction, bot, self._key, value))


async def mute(interaction: Interaction, bot: PatchbayBot, key: str, duration: str) -> discord.Embed:
    """Mute an integration, or end that, and return what to say. duration: one of ``DURATIONS``.

    Raises InvalidInputError("option") and NotWatchedError.
    """
    if duration not in DURATIONS:
        raise InvalidInputError("option")
    guild_id, member_id, seconds = guild_of(interaction), interaction.user.id, DURATIONS[duration]
    watched = await bot.watching.find(guild_id, key)
    target = f"{watched.provider} · {watched.id} · {duration}"
    async with bot.audit.change(guild_id, member_id, "alerts.mute", target):
        until = await bot.alerts.mute(guild_id, watched, seconds, member_id=member_id)
    return _muted(name_of(watched, bot.providers), until, bot.catalog[interaction.locale.value])


async def mute_buttons(
    bot: PatchbayBot, guild_id: int, provider: str, integration: str, texts: Texts
) -> list[MuteButton]:
    """Return the button that mutes an integration, none where it is not watched."""
    watched = await bot.watching.integrations(guild_id)
    if not any((each.provider, each.id) == (provider, integration) for each in watched):
        return []
    return [MuteButton(texts=texts, provider=provider, integration=integration)]


def buttons_of(incident: Incident, texts: Texts) -> list[discord.ui.Item[Any]]:
    """Return the buttons under an incident's alert: what can be done about it while it is open."""
    if incident.closed_at is not None:
        return []
    buttons: list[discord.ui.Item[Any]] = []
    if incident.kind == Kind.INTEGRATION:
        buttons += [
            discord.ui.Button(
                label=texts("integrations.diagnose.button"),
                emoji="🩺",
                # Found by its id: the cog that diagnoses has a lasting button for it.
                custom_id=f"integrations:why:{incident.provider}:{incident.id}",
            ),
            MuteButton(texts=texts, provider=incident.provider, integration=incident.id),
        ]
    elif _wants_credentials(incident):
        buttons.append(
            CredentialButton(texts=texts, action=ROTATE, provider=incident.provider, name=incident.connection)
        )
    if incident.acknowledged_by is None:
        buttons.append(AcknowledgeButton(texts=texts, number=str(incident.number)))
    return buttons


def _wants_credentials(incident: Incident) -> bool:
    """Tell whether it is about a connection that new credentials would mend."""
    unreadable = incident.detail in {UnreadableSecretError.key, ErasedSecretError.key}
    return incident.kind == Kind.CONNECTION and (incident.state == State.ERROR or unreadable)


def _acknowledged(incident: Incident, shown: str, texts: Texts, *, noted: bool) -> discord.Embed:
    if noted:
        kind, values = "done", {"name": shown}
    elif incident.closed_at is not None:
        kind, values = "over", {"name": shown, "time": when(incident.closed_at)}
    else:
        member, since = f"<@{incident.acknowledged_by}>", when(incident.acknowledged_at or 0)
        kind, values = "taken", {"name": shown, "member": member, "time": since}
    return card(
        Tone.GOOD if noted else Tone.QUIET,
        texts(f"alerts.acknowledge.{kind}"),
        texts(f"alerts.acknowledge.{kind}_how", **values),
        fields=[Field(texts("next_step"), texts(f"alerts.acknowledge.{kind}_next"))],
        symbol="🙋" if noted else None,
    )


def _mute_question(watched: Watched, shown: str, texts: Texts) -> discord.Embed:
    now = "" if watched.muted_until is None else texts("alerts.mute.is_muted", time=when(watched.muted_until))
    return card(
        Tone.INFO,
        texts("alerts.mute.ask"),
        f"{texts('alerts.mute.ask_how', name=shown)}\n{now}".strip(),
        fields=[Field(texts("next_step"), texts("alerts.mute.ask_next"))],
        symbol="🔕",
    )


def _muted(shown: str, until: int | None, texts: Texts) -> discord.Embed:
    if until is None:
        kind, how, symbol = "ended", texts("alerts.mute.ended_how", name=shown), "🔔"
    else:
        time = when(until, exact=True)
        kind, how, symbol = "done", texts("alerts.mute.done_how", name=shown, time=time), "🔕"
    return card(
        Tone.QUIET if until else Tone.GOOD,
        texts(f"alerts.mute.{kind}"),
        how,
        fields=[Field(texts("next_step"), texts("alerts.mute.next"))],
        symbol=symbol,
    )
