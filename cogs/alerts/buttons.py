"""The buttons under an alert: acknowledge an incident, and mute an integration."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import discord

from bot.discord.components import PersistentButton, PersistentSelect
from bot.discord.context import Context
from bot.discord.diagnosis import DIAGNOSE
from bot.discord.names import mention_member
from bot.discord.replies import acknowledge, defer, edit, respond, view_of
from bot.discord.routes import IntegrationId, ProviderSlug, Segment
from bot.discord.theme import Field, Tone, card, when
from bot.errors import InvalidInputError
from bot.features.alerts.incident_store import Incident, Kind
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from cogs.alerts.messages.fixes import needs_credentials
from cogs.connections import ROTATE, CredentialButton
from cogs.monitoring import find_watched
from cogs.monitoring.formatting import name_of

END: Final = "end"
DURATIONS: Final[Mapping[str, int]] = {"1h": 3600, "8h": 28_800, "1d": 86_400, "1w": 604_800, END: 0}
"""For how many seconds something can be muted; ``alerts.mute.for.<key>`` names each."""
IncidentNumber = Annotated[int, Segment(r"[0-9]{1,9}", read=int)]


class AcknowledgeButton(PersistentButton):
    """Notes that the member looks after an incident."""

    route = "integrations:ack:{number}"
    caption = "alerts.acknowledge.button"
    symbol = "🙋"
    default_style = discord.ButtonStyle.primary

    number: IncidentNumber

    async def press(self, ctx: Context) -> None:
        """Note it, and tell the member who looks after it."""
        await defer(ctx)
        alerts = ctx.services.alerts
        async with ctx.change("alerts.acknowledge", f"#{self.number}") as change:
            noted = await alerts.acknowledge(ctx.guild_id, self.number, member_id=ctx.member.id)
            change.idle = not noted
        incident = await alerts.incident(ctx.guild_id, self.number)
        await respond(ctx, _acknowledged(incident, ctx, noted=noted))


class MuteButton(PersistentButton):
    """Asks for how long an integration's alerts are muted."""

    route = "alerts:mute:{provider}:{integration}"
    caption = "alerts.mute.button"
    symbol = "🔕"

    provider: ProviderSlug
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Ask the member who pressed it, in private."""
        await defer(ctx)
        key = f"{self.provider}:{self.integration}"
        watched = await find_watched(ctx, key)
        menu = MuteSelect(
            texts=ctx.texts,
            provider=watched.provider,
            integration=watched.id,
            options=duration_options(ctx.texts, is_muted=watched.muted_until is not None),
        )
        await respond(ctx, _mute_question(watched, ctx), view_of(menu))


class MuteSelect(PersistentSelect):
    """Mutes an integration for the time that the member picks."""

    route = "alerts:for:{provider}:{integration}"
    caption = "alerts.mute.placeholder"

    provider: ProviderSlug
    integration: IntegrationId

    async def pick(self, ctx: Context, value: str) -> None:
        """Mute it, and say so in place of the question."""
        await acknowledge(ctx)
        await edit(ctx, await mute(ctx, f"{self.provider}:{self.integration}", value))


def duration_options(texts: Texts, *, is_muted: bool) -> list[discord.SelectOption]:
    """Return the entries of a menu of durations. is_muted: whether a mute can be ended."""
    return [
        discord.SelectOption(label=texts(f"alerts.mute.for.{each}"), value=each)
        for each in DURATIONS
        if each != END or is_muted
    ]


async def mute(ctx: Context, key: str, duration: str) -> discord.Embed:
    """Mute an integration, or end that, and return what to say. duration: one of ``DURATIONS``.

    Raises InvalidInputError("option", "not_yet") and NotWatchedError.
    """
    if duration not in DURATIONS:
        raise InvalidInputError("option")
    monitoring = ctx.services.monitoring
    watched = await find_watched(ctx, key)
    async with ctx.change("alerts.mute", f"{watched.provider} · {watched.id} · {duration}"):
        until = await monitoring.mute(ctx.guild_id, watched, DURATIONS[duration], member_id=ctx.member.id)
    return _muted(name_of(watched, ctx.services.providers), until, ctx.texts)


def buttons_of(incident: Incident, texts: Texts) -> list[discord.ui.Item[Any]]:
    """Return the buttons under an incident's alert: what members can do about it while it is open."""
    if incident.closed_at is not None:
        return []
    buttons: list[discord.ui.Item[Any]] = []
    if incident.kind == Kind.INTEGRATION:
        buttons += [
            discord.ui.Button(
                label=texts(DIAGNOSE),
                emoji="🩺",
                # The cog that diagnoses is above this one: its persistent button is found by its custom id.
                custom_id=f"integrations:why:{incident.provider}:{incident.id}",
            ),
            MuteButton(texts=texts, provider=incident.provider, integration=incident.id),
        ]
    elif needs_credentials(incident):
        buttons.append(
            CredentialButton(texts=texts, action=ROTATE, provider=incident.provider, name=incident.connection)
        )
    if incident.acknowledged_by is None:
        buttons.append(AcknowledgeButton(texts=texts, number=incident.number))
    return buttons


def _acknowledged(incident: Incident, ctx: Context, *, noted: bool) -> discord.Embed:
    texts, values = ctx.texts, {"name": name_of(incident, ctx.services.providers)}
    if noted:
        kind = "done"
    elif incident.closed_at is not None:
        kind, values["time"] = "over", when(incident.closed_at)
    else:
        kind, values["time"] = "taken", when(incident.acknowledged_at or 0)
        values["member"] = mention_member(incident.acknowledged_by or 0, texts)
    return card(
        Tone.GOOD if noted else Tone.QUIET,
        texts(f"alerts.acknowledge.{kind}"),
        texts(f"alerts.acknowledge.{kind}_how", **values),
        fields=[Field(texts("next_step"), texts(f"alerts.acknowledge.{kind}_next"))],
        symbol="🙋" if noted else None,
    )


def _mute_question(watched: Watched, ctx: Context) -> discord.Embed:
    texts, name = ctx.texts, name_of(watched, ctx.services.providers)
    until = watched.muted_until
    now = "" if until is None else texts("alerts.mute.is_muted", time=when(until))
    return card(
        Tone.INFO,
        texts("alerts.mute.ask"),
        f"{texts('alerts.mute.ask_how', name=name)}\n{now}".strip(),
        fields=[Field(texts("next_step"), texts("alerts.mute.ask_next"))],
        symbol="🔕",
    )


def _muted(name: str, until: int | None, texts: Texts) -> discord.Embed:
    if until is None:
        kind, how, symbol = "ended", texts("alerts.mute.ended_how", name=name), "🔔"
    else:
        time = when(until, exact=True)
        kind, how, symbol = "done", texts("alerts.mute.done_how", name=name, time=time), "🔕"
    return card(
        Tone.QUIET if until else Tone.GOOD,
        texts(f"alerts.mute.{kind}"),
        how,
        fields=[Field(texts("next_step"), texts("alerts.mute.next"))],
        symbol=symbol,
    )
