"""What ``/sensay status`` shows: what Sensay lists, kept apart from what is known of this server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.kit.integration import State
from bot.ui.discord_token import bot_page
from bot.ui.pages import page_of, pages_of
from bot.ui.text import code, quoted
from bot.ui.theme import Field, Tone, card, state_tone, when
from cogs.sensay.placement import MEMBERSHIP, run_and_seen
from cogs.sensay.replica import symbol_of, title_of, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import discord

    from bot.i18n.catalog import Texts
    from bot.kit.integration import Choice
    from bot.providers.sensay.models import Replica
    from cogs.sensay.placement import Placement


def overview_embed(
    replicas: Sequence[Replica],
    page: int,
    placements: Mapping[str, Placement],
    checked_at: int,
    texts: Texts,
    *,
    complete: bool,
) -> discord.Embed:
    """List one page of the replicas on Discord.

    replicas: those of all pages, worst first. placements: by uuid. checked_at: seconds since 1970.
    complete: whether Sensay has no more of them.
    """
    unlisted = [] if complete else [texts("sensay.overview.incomplete")]
    if not replicas:
        return card(
            Tone.QUIET,
            texts("sensay.overview.none"),
            "\n".join([texts("sensay.overview.none_why"), *unlisted]),
            fields=[
                Field(texts("sensay.status.checked"), when(checked_at)),
                Field(texts("next_step"), texts("sensay.overview.none_next")),
            ],
        )
    lines = [_line(replica, placements.get(replica.uuid or ""), texts) for replica in page_of(replicas, page)]
    return card(
        state_tone(replicas[0].state or State.UNKNOWN),
        texts.plural("sensay.overview.title", len(replicas)),
        "\n".join([*lines, "", *unlisted, texts("sensay.overview.how")]),
        fields=[
            Field(texts("sensay.status.checked"), when(checked_at)),
            Field(texts("next_step"), texts("sensay.overview.next")),
        ],
        footer=texts("pages.footer", page=page, last=pages_of(len(replicas))),
        symbol="🗣️",
    )


def _line(replica: Replica, placement: Placement | None, texts: Texts) -> str:
    name = f"{symbol_of(replica.state)} **{title_of(replica)}**"
    return " · ".join([name, word_of(replica.state, texts), *run_and_seen(replica, placement, texts)])


def status_embed(
    replica: Replica, placement: Placement | None, checked_at: int, texts: Texts
) -> discord.Embed:
    """Show one replica.

    placement: None where it was not connected from here. checked_at: seconds since 1970.
    """
    state = replica.state
    return card(
        Tone.QUIET if state is None else state_tone(state),
        title_of(replica),
        quoted(replica.short_description or "", 300),
        fields=[
            Field(texts("sensay.status.lists"), "\n".join(_listed(replica, texts))),
            Field(texts("sensay.status.here"), _here(state, placement, texts)),
            Field(texts("sensay.replica"), code(replica.uuid or "")),
            Field(texts("sensay.status.by"), _by(placement, texts), inline=True),
            Field(texts("sensay.status.checked"), when(checked_at), inline=True),
            Field(texts("next_step"), _next_step(state, placement, texts)),
        ],
        symbol=symbol_of(state),
    )


def beyond_embed(replica: Choice, texts: Texts) -> discord.Embed:
    """Say that a replica was not found in as much of the list as is read."""
    return card(
        Tone.WARNING,
        texts("sensay.status.beyond"),
        texts("sensay.status.beyond_why", replica=code(replica.id)),
        fields=[Field(texts("next_step"), texts("sensay.status.beyond_next"))],
        symbol=symbol_of(State.UNKNOWN),
    )


def _listed(replica: Replica, texts: Texts) -> Iterator[str]:
    state = replica.state
    explained = "none" if state is None else state
    yield f"{symbol_of(state)} **{word_of(state, texts)}** · {texts(f'sensay.lists.{explained}')}"
    if replica.discord_integration is not None:
        service = replica.discord_integration.service_name
        yield texts("sensay.status.service", name=code(service, 100) if service else texts("not_reported"))


def _membership(placement: Placement | None) -> str:
    """Return the last part of a key: whether the bot that was connected from here is in this server."""
    if placement is None:
        return "not_ours"
    if placement.bot_id is None:
        return "no_bot"
    return MEMBERSHIP[placement.member]


def _here(state: State | None, placement: Placement | None, texts: Texts) -> str:
    if state is None and placement is None:
        return texts("sensay.here.none")
    known = _membership(placement)
    if placement is None or placement.bot_id is None:
        return texts(f"sensay.here.{known}")
    # Discord shows a mention of somebody who is not in the server as an unknown user.
    bot = f"<@{placement.bot_id}>" if placement.member else code(str(placement.bot_id))
    return texts(f"sensay.here.{known}", bot=bot, link=placement.invite or "")


def _by(placement: Placement | None, texts: Texts) -> str:
    if placement is None:
        return texts("sensay.status.not_ours")
    return f"<@{placement.by}> · {when(placement.at, exact=True)}"


def _next_step(state: State | None, placement: Placement | None, texts: Texts) -> str:
    if state is None:
        return texts("sensay.next.none")
    if state is State.INACTIVE:
        return texts("sensay.next.inactive", portal=bot_page(placement.bot_id if placement else None))
    if state is State.UNKNOWN:
        return texts("sensay.next.unknown")
    if placement is None or placement.bot_id is None:
        return texts("sensay.next.bot_unknown", portal=bot_page(None))
    if placement.invite is not None:
        return texts(f"sensay.next.{_membership(placement)}", link=placement.invite)
    return texts("sensay.next.member")
