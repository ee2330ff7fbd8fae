"""Decides with a manager which integrations belong to the server: link, ignore, and stop ignoring."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import discord

from bot.discord.commands import MAX_CHOICE_LENGTH, MAX_CHOICES
from bot.discord.components import PersistentButton, PersistentSelect
from bot.discord.context import Context
from bot.discord.names import Named, tell_apart
from bot.discord.replies import Answer, defer, respond, view_of
from bot.discord.routes import IntegrationId, ProviderSlug
from bot.discord.text import clamp, plain
from bot.discord.theme import Field, Tone, card, notice
from bot.errors import NotWatchedError
from bot.features.integrations.store import Ignored
from bot.features.lookups.service import KnownAgent
from bot.features.monitoring.access import AccessKind
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from bot.providers.base.provider import Provider
from bot.providers.base.report import GONE
from cogs.monitoring.formatting import name, plain_name, provider_name, symbol, word

_MAX_LISTED: Final = 5
"""How many of the integrations that may run in the server are listed; the menu has more."""

# These belong to the command `setup`, because only managers may use them.


class CandidateSelect(PersistentSelect):
    """Opens one of the integrations that may run in the server, in an answer of its own."""

    route = "setup:maybe"
    caption = "belonging.placeholder"

    async def pick(self, ctx: Context, value: str) -> None:
        """Ask what to do with it."""
        await defer(ctx)
        await respond(ctx, *_question(await _find(ctx, value), ctx))


class LinkButton(PersistentButton):
    """Links an integration, so that the server watches it."""

    route = "setup:link:{provider}:{integration}"
    caption = "belonging.link.button"
    symbol = "🔗"
    default_style = discord.ButtonStyle.primary

    provider: ProviderSlug
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Link it now."""
        await defer(ctx)
        found = await _find(ctx, f"{self.provider}:{self.integration}")
        await link(ctx, found)
        await respond(ctx, _done("linked", found, ctx))


class LinkAllButton(PersistentButton):
    """Links every integration that is known to run in the server."""

    route = "setup:link-all"
    caption = "belonging.link_all.button"
    symbol = "🔗"

    async def press(self, ctx: Context) -> None:
        """Link them now."""
        await defer(ctx)
        found, texts = await link_all(ctx), ctx.texts
        title = texts.plural("belonging.all_linked", len(found)) if found else texts("belonging.none_to_link")
        await respond(
            ctx,
            card(
                Tone.GOOD if found else Tone.QUIET,
                title,
                fields=[Field(texts("next_step"), texts("belonging.all_linked_next"))],
            ),
        )


class IgnoreButton(PersistentButton):
    """Hides an integration everywhere but in the provider's own list."""

    route = "setup:ignore:{provider}:{integration}"
    caption = "belonging.ignore.button"
    symbol = "🙈"

    provider: ProviderSlug
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Ignore it now; the answer has the button that takes it back."""
        await defer(ctx)
        services, guild_id = ctx.services, ctx.guild_id
        found = await _find(ctx, f"{self.provider}:{self.integration}")
        async with ctx.change("integrations.ignore", f"{found.provider} · {found.id}") as change:
            change.idle = not await services.integrations.ignore(
                guild_id, found.provider, found.connection, found.id, found.label, member_id=ctx.member.id
            )
            await services.monitoring.stop_watching(guild_id, found.provider, found.id)
        undo = StopIgnoringButton(texts=ctx.texts, provider=self.provider, integration=self.integration)
        await respond(ctx, _done("ignored", found, ctx), view_of(undo))


class StopIgnoringButton(PersistentButton):
    """Shows an ignored integration again."""

    route = "setup:seen:{provider}:{integration}"
    caption = "belonging.stop.button"
    symbol = "👁️"

    provider: ProviderSlug
    integration: IntegrationId

    async def press(self, ctx: Context) -> None:
        """Show it again from now on."""
        await defer(ctx)
        await respond(ctx, await _stop_ignoring(ctx, self.provider, self.integration))


class StopIgnoringSelect(PersistentSelect):
    """Shows the ignored integration that is picked from a provider's list again."""

    route = "setup:seen:{provider}"
    caption = "belonging.stop.placeholder"

    provider: ProviderSlug

    async def pick(self, ctx: Context, value: str) -> None:
        """Show it again from now on."""
        await defer(ctx)
        await respond(ctx, await _stop_ignoring(ctx, self.provider, value))


def candidate_fields(
    candidates: Sequence[Watched], providers: Mapping[str, Provider], texts: Texts
) -> Iterator[Field]:
    """Yield a field with the first of the integrations that may run in the server, if there is any."""
    if not candidates:
        return
    lines = [
        f"{symbol(each)} **{name(each.label, each.id)}** · {provider_name(each, providers)}"
        for each in candidates[:_MAX_LISTED]
    ]
    if len(candidates) > _MAX_LISTED:
        lines.append(texts.plural("list.more", len(candidates) - _MAX_LISTED))
    yield Field(texts("belonging.maybe"), "\n".join(lines))


def candidate_select(candidates: Sequence[Watched], texts: Texts) -> list[CandidateSelect]:
    """Return the menu of the integrations that may run in the server; nothing where there is none."""
    if not candidates:
        return []
    options = [
        discord.SelectOption(
            label=plain_name(each, MAX_CHOICE_LENGTH),
            value=each.key,
            description=clamp(word(each, texts), MAX_CHOICE_LENGTH),
            emoji=symbol(each),
        )
        for each in candidates[:MAX_CHOICES]
    ]
    return [CandidateSelect(texts=texts, options=options)]


def stop_ignoring_select(provider: str, ignored: Sequence[Ignored], texts: Texts) -> list[StopIgnoringSelect]:
    """Return the menu of ignored integrations to show again; nothing where there is none."""
    if not ignored:
        return []
    named = [Named(each.label, each.id) for each in ignored[:MAX_CHOICES]]
    options = [
        discord.SelectOption(label=label or plain(entry.id, MAX_CHOICE_LENGTH), value=entry.id)
        for entry, label in zip(named, tell_apart(named, MAX_CHOICE_LENGTH), strict=True)
    ]
    return [StopIgnoringSelect(texts=texts, provider=provider, options=options)]


async def belonging_buttons(ctx: Context, provider: str, integration: str) -> list[PersistentButton]:
    """Return the buttons that decide whether an integration belongs to the server, as things are now."""
    known = await ctx.services.lookups.agent(ctx.guild_id, provider, integration)
    return belonging_buttons_of(known, provider, integration, ctx.texts)


def belonging_buttons_of(
    known: KnownAgent, provider: str, integration: str, texts: Texts
) -> list[PersistentButton]:
    """Return the buttons that decide whether an integration belongs to the server."""
    place: dict[str, Any] = {"texts": texts, "provider": provider, "integration": integration}
    if known.is_ignored:
        return [StopIgnoringButton(**place)]
    if known.linked is not None:
        return [IgnoreButton(**place)]
    if not (known.is_watched or known.may_belong):
        return []
    return [LinkButton(**place, style=discord.ButtonStyle.secondary), IgnoreButton(**place)]


async def unlinked(ctx: Context) -> list[Watched]:
    """Return what is known to run in the server and is not linked."""
    linked = {(each.provider, each.id) for each in await ctx.services.integrations.all_of_guild(ctx.guild_id)}
    return unlinked_of(await ctx.services.monitoring.integrations(ctx.guild_id), linked)


def unlinked_of(watched: Iterable[Watched], linked: Container[tuple[str, str]]) -> list[Watched]:
    """Return what is known to run in the server and is not linked. linked: by provider and id."""
    return [
        each
        for each in watched
        if (each.provider, each.id) not in linked and each.detail not in {GONE, AccessKind.ELSEWHERE}
    ]


async def link_all(ctx: Context) -> list[Watched]:
    """Link what is known to run in the server, and return what was not linked. Raises NotWatchedError."""
    found = await unlinked(ctx)
    for each in found:
        await link(ctx, each)
    return found


async def link(ctx: Context, found: Watched) -> None:
    """Link an integration that is watched, or that may run in the server, unless it is linked.

    Raises NotWatchedError if its connection is gone.
    """
    async with ctx.change("integrations.link", f"{found.provider} · {found.id}") as change:
        # A record says who linked it, and may hold more of its bot than is known here.
        linked = await ctx.services.integrations.of_guild(ctx.guild_id, found.provider)
        change.idle = found.id in linked
        if not change.idle and not await ctx.services.integrations.link(
            ctx.guild_id,
            found.provider,
            found.connection,
            found.id,
            found.label,
            bot_id=found.bot_id,
            member_id=ctx.member.id,
        ):
            raise NotWatchedError


async def _look_up(ctx: Context, key: str) -> Watched | None:
    """Return an integration that is watched, or that may run in the server."""
    monitoring, guild_id = ctx.services.monitoring, ctx.guild_id
    known = [*await monitoring.candidates(guild_id), *await monitoring.integrations(guild_id)]
    return next((each for each in known if each.key == key), None)


async def _find(ctx: Context, key: str) -> Watched:
    """Do what ``_look_up`` does. Raises NotWatchedError."""
    found = await _look_up(ctx, key)
    if found is None:
        raise NotWatchedError
    return found


async def _stop_ignoring(ctx: Context, provider: str, integration: str) -> discord.Embed:
    async with ctx.change("integrations.unignore", f"{provider} · {integration}") as change:
        stopped = await ctx.services.integrations.stop_ignoring(ctx.guild_id, provider, integration)
        change.idle = not stopped
    return notice(ctx.texts, Tone.GOOD if stopped else Tone.QUIET, "belonging.stopped")


def _question(found: Watched, ctx: Context) -> Answer:
    texts, providers = ctx.texts, ctx.services.providers
    state = f"{symbol(found)} {word(found, texts)}"
    embed = notice(
        texts,
        Tone.INFO,
        "belonging.question",
        Field(texts("diagnosis.check.state"), state, inline=True),
        name=name(found.label, found.id),
        provider=provider_name(found, providers),
        symbol="❓",
    )
    place: dict[str, Any] = {"texts": texts, "provider": found.provider, "integration": found.id}
    return embed, view_of(LinkButton(**place), IgnoreButton(**place))


def _done(kind: str, found: Watched, ctx: Context) -> discord.Embed:
    tone = Tone.GOOD if kind == "linked" else Tone.QUIET
    return notice(ctx.texts, tone, f"belonging.{kind}", name=name(found.label, found.id))
