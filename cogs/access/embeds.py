"""What ``/access`` replies."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from bot.kit.tier import Tier
from bot.ui.text import listed
from bot.ui.theme import DESCRIPTION, Field, Tone, card, when

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import discord

    from bot.i18n.catalog import Texts
    from bot.services.access import Grant, Kind

_SYMBOLS: Final[Mapping[Tier, str]] = {Tier.MANAGER: "🛠️", Tier.VIEWER: "👀"}


def mention(guild_id: int, kind: Kind, subject: int) -> str:
    """Name a role or a member as Discord shows it; their own names are never written out."""
    if kind == "member":
        return f"<@{subject}>"
    return "`@everyone`" if subject == guild_id else f"<@&{subject}>"


def granted(who: str, tier: Tier, before: Tier, commands: Sequence[str], texts: Texts) -> discord.Embed:
    """Say what somebody may do now, and what Discord needs to show the commands.

    before: NONE where nothing was granted. commands: names of those that the tier opens.
    """
    lines = [f"{who}: {_word(tier, texts)}", texts(f"access.means.{tier.name.lower()}")]
    if before is not Tier.NONE:
        lines.append(texts("access.grant.before", tier=_word(before, texts)))
    step = texts("access.grant.nothing_to_show")
    if commands:
        names = ", ".join(f"**/{name}**" for name in commands)
        step = texts("access.grant.next", who=who, commands=names)
    return card(
        Tone.GOOD,
        texts("access.grant.changed" if before not in {Tier.NONE, tier} else "access.grant.done"),
        "\n".join(lines),
        fields=[Field(texts("next_step"), step)],
    )


def revoked(who: str, before: Tier, texts: Texts) -> discord.Embed:
    """Say what somebody no longer is."""
    return card(
        Tone.GOOD,
        texts("access.revoke.done"),
        texts("access.revoke.what", who=who, tier=_word(before, texts)),
        fields=[Field(texts("next_step"), texts("access.revoke.next", who=who))],
    )


def overview(
    guild_id: int, grants: Sequence[Grant], roles: Collection[int] | None, texts: Texts
) -> discord.Embed:
    """List a guild's grants, and what goes without one. roles: ids of all roles, None if unknown."""
    base = texts("access.list.base")
    lines = listed(_lines(guild_id, grants, roles, texts), texts, DESCRIPTION - len(base) - 1)
    return card(
        Tone.INFO,
        texts.plural("access.list.title", len(grants)) if grants else texts("access.list.none"),
        f"{base}\n{lines}",
        fields=[Field(texts("next_step"), texts("access.list.next" if grants else "access.list.none_next"))],
    )


def _lines(
    guild_id: int, grants: Sequence[Grant], roles: Collection[int] | None, texts: Texts
) -> Iterator[str]:
    """Yield a heading for each tier and a short line for each grant: as many as there may be have room."""
    for tier, of_tier in groupby(grants, lambda grant: grant.tier):
        yield _word(tier, texts)
        for grant in of_tier:
            gone = roles is not None and grant.kind == "role" and grant.subject not in roles
            shown = mention(guild_id, grant.kind, grant.subject)
            yield texts(
                "access.list.line",
                who=texts("access.list.gone", id=grant.subject) if gone else shown,
                member=mention(guild_id, "member", grant.granted_by),
                time=when(grant.granted_at),
            )


def _word(tier: Tier, texts: Texts) -> str:
    return f"{_SYMBOLS[tier]} **{texts(f'access.tier.{tier.name.lower()}')}**"
