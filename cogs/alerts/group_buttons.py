"""The components under an alert about several incidents: acknowledge or mute them all, or look at one."""

from collections.abc import Sequence
from typing import Annotated, Any

import discord

from bot.discord.commands import MAX_CHOICES
from bot.discord.components import PersistentButton, PersistentSelect
from bot.discord.context import Context
from bot.discord.replies import acknowledge, defer, edit, respond, view_of
from bot.discord.routes import Segment
from bot.discord.text import plain
from bot.discord.theme import Field, Tone, card, when
from bot.errors import InvalidInputError, NoIncidentError
from bot.features.alerts.incident_store import Incident, Kind
from bot.features.alerts.messenger import Notice
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from cogs.alerts.buttons import DURATIONS, IncidentNumber, buttons_of, duration_options
from cogs.alerts.messages.alert_embed import alert_embed
from cogs.alerts.messages.incident_rows import open_of, state_of, symbol_of
from cogs.alerts.messages.rendering import Rendering, read_bots, with_names
from cogs.monitoring.formatting import plain_name, provider_name

RouteNumber = Annotated[int, Segment(r"[0-9]{1,9}", read=int)]


class AcknowledgeAllButton(PersistentButton):
    """Notes that the member looks after every open incident of an alert."""

    # The command for viewers, as with a single incident's button.
    route = "integrations:ackall:{alert_route}:{number}"
    caption = "alerts.group.acknowledge_button"
    symbol = "🙋"
    default_style = discord.ButtonStyle.primary

    alert_route: RouteNumber
    number: IncidentNumber

    async def press(self, ctx: Context) -> None:
        """Note it for those that nobody has acknowledged, and tell the member how many these are."""
        await defer(ctx)
        alerts = ctx.services.alerts
        async with ctx.change("alerts.acknowledge", f"#{self.number}") as change:
            incidents = open_of(await alerts.incidents_of(ctx.guild_id, self.alert_route, self.number))
            numbers = [each.number for each in incidents]
            noted = await alerts.acknowledge_all(ctx.guild_id, numbers, member_id=ctx.member.id)
            change.idle = True  # each incident has an entry of its own
        for number in noted:
            await ctx.services.audit.note(
                ctx.guild_id, "alerts.acknowledge", f"#{number}", member_id=ctx.member.id
            )
        await respond(ctx, _acknowledged(len(noted), ctx.texts))


class GroupMuteButton(PersistentButton):
    """Asks for how long the alerts of all agents of an alert are muted."""

    route = "alerts:quiet:{alert_route}:{number}"
    caption = "alerts.group.mute_button"
    symbol = "🔕"

    alert_route: RouteNumber
    number: IncidentNumber

    async def press(self, ctx: Context) -> None:
        """Ask the member who pressed it, in private."""
        await defer(ctx)
        agents = await _agents_of(ctx, self.alert_route, self.number)
        if not agents:
            await respond(ctx, _nothing_to_mute(ctx.texts))
            return
        menu = GroupMuteSelect(
            texts=ctx.texts,
            alert_route=self.alert_route,
            number=self.number,
            options=duration_options(
                ctx.texts, is_muted=any(each.muted_until is not None for each in agents)
            ),
        )
        await respond(ctx, _mute_question(len(agents), ctx.texts), view_of(menu))


class GroupMuteSelect(PersistentSelect):
    """Mutes the alerts of all agents of an alert for the time that the member picks."""

    route = "alerts:quietfor:{alert_route}:{number}"
    caption = "alerts.mute.placeholder"

    alert_route: RouteNumber
    number: IncidentNumber

    async def pick(self, ctx: Context, value: str) -> None:
        """Mute them, and say so in place of the question."""
        if value not in DURATIONS:
            raise InvalidInputError("option")
        await acknowledge(ctx)
        agents = await _agents_of(ctx, self.alert_route, self.number)
        until = None
        for agent in agents:
            async with ctx.change("alerts.mute", f"{agent.provider} · {agent.id} · {value}"):
                until = await ctx.services.monitoring.mute(
                    ctx.guild_id, agent, DURATIONS[value], member_id=ctx.member.id
                )
        embed = _muted(len(agents), until, ctx.texts) if agents else _nothing_to_mute(ctx.texts)
        await edit(ctx, embed)


class OneIncidentSelect(PersistentSelect):
    """Shows one of an alert's incidents, with what can be done about it, to the member who picks it."""

    # The command for viewers, as with what the answer shows.
    route = "integrations:incident:{alert_route}:{number}"
    caption = "alerts.group.placeholder"

    alert_route: RouteNumber
    number: IncidentNumber

    async def pick(self, ctx: Context, value: str) -> None:
        """Show it in private."""
        await defer(ctx)
        services = ctx.services
        found = await services.alerts.incidents_of(ctx.guild_id, self.alert_route, self.number)
        picked = next((each for each in found if str(each.number) == value), None)
        if picked is None:
            raise NoIncidentError
        # A connection or a provider is in maintenance too while the whole server is.
        troubles, integrations = await services.monitoring.troubles_and_integrations(ctx.guild_id)
        about = next((each for each in (*troubles, *integrations) if _is_about(picked, each)), None)
        notice = Notice(
            guild_id=ctx.guild_id,
            channel_id=0,
            route=self.alert_route,
            number=self.number,
            incidents=[picked],
            muted=_until(picked, about.muted_until if about else None),
            maintenance=_until(picked, about.maintenance_until if about else None),
            role_ids=[],
            second_role_id=None,
            escalated_at=None,
            reference="",
        )
        bots = await read_bots(services, ctx.guild_id, integrations)
        rendering = Rendering(ctx.texts, services, ctx.guild_id, bots)
        embed = alert_embed(with_names(notice, services, integrations), rendering)
        await respond(ctx, embed, view_of(*buttons_of(picked, ctx.texts)))


def group_components(notice: Notice, rendering: Rendering) -> list[discord.ui.Item[Any]]:
    """Return the components of an alert about several incidents; none once all are over."""
    open_ones, texts = open_of(notice.incidents), rendering.texts
    if not open_ones:
        return []
    place: dict[str, Any] = {"texts": texts, "alert_route": notice.route, "number": notice.number}
    items: list[discord.ui.Item[Any]] = []
    if any(each.acknowledged_by is None for each in open_ones):
        items.append(AcknowledgeAllButton(**place))
    if any(each.kind == Kind.INTEGRATION for each in open_ones):
        items.append(GroupMuteButton(**place))
    options = [_entry(each, rendering) for each in open_ones[:MAX_CHOICES]]
    return [*items, OneIncidentSelect(**place, options=options)]


def _entry(incident: Incident, rendering: Rendering) -> discord.SelectOption:
    texts, providers = rendering.texts, rendering.services.providers
    provider = plain(provider_name(incident, providers))
    label = plain_name(incident) if incident.kind == Kind.INTEGRATION else provider
    shown = [f"#{incident.number}", state_of(incident, texts)]
    if incident.kind == Kind.CONNECTION:
        shown.append(plain(incident.id, 20))
    return discord.SelectOption(
        label=label,
        value=str(incident.number),
        description=plain(" · ".join(shown)),
        emoji=symbol_of(incident),
    )


async def _agents_of(ctx: Context, alert_route: int, number: int) -> Sequence[Watched]:
    """Return the agents that an alert's open incidents are about. Raises NoIncidentError."""
    incidents = open_of(await ctx.services.alerts.incidents_of(ctx.guild_id, alert_route, number))
    watched = await ctx.services.monitoring.integrations(ctx.guild_id)
    return [each for each in watched if any(_is_about(incident, each) for incident in incidents)]


def _until(incident: Incident, end: int | None) -> dict[int, int]:
    """Return the end by the incident's number, as a notice has it; nothing if there is none."""
    return {} if end is None else {incident.number: end}


def _is_about(incident: Incident, watched: Watched) -> bool:
    return (incident.kind, incident.provider, incident.id) == (watched.kind, watched.provider, watched.id)


def _acknowledged(count: int, texts: Texts) -> discord.Embed:
    how = texts.plural("alerts.group.acknowledged", count) if count else texts("alerts.group.attended_how")
    return card(
        Tone.GOOD if count else Tone.QUIET,
        texts("alerts.acknowledge.done" if count else "alerts.group.attended"),
        how,
        fields=[Field(texts("next_step"), texts("alerts.acknowledge.done_next"))],
        symbol="🙋" if count else None,
    )


def _mute_question(count: int, texts: Texts) -> discord.Embed:
    return card(
        Tone.INFO,
        texts("alerts.mute.ask"),
        texts.plural("alerts.group.mute_how", count),
        fields=[Field(texts("next_step"), texts("alerts.mute.ask_next"))],
        symbol="🔕",
    )


def _nothing_to_mute(texts: Texts) -> discord.Embed:
    return card(
        Tone.QUIET,
        texts("alerts.group.no_mute"),
        texts("alerts.group.no_mute_how"),
        fields=[Field(texts("next_step"), texts("alerts.mute.next"))],
    )


def _muted(count: int, until: int | None, texts: Texts) -> discord.Embed:
    if until is None:
        how = texts.plural("alerts.group.unmuted", count)
    else:
        how = texts.plural("alerts.group.muted", count, time=when(until, exact=True))
    return card(
        Tone.QUIET if until else Tone.GOOD,
        texts("alerts.mute.done" if until else "alerts.mute.ended"),
        how,
        fields=[Field(texts("next_step"), texts("alerts.mute.next"))],
        symbol="🔕" if until else "🔔",
    )
