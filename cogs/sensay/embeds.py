"""What ``/sensay connect`` shows and replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.kit.integration import Verdict
from bot.runtime.preflight import Preflight, steps_before, way_in
from bot.ui.components import LastingButton, view_of
from bot.ui.problems import refer_to, what_failed
from bot.ui.text import code, quoted
from bot.ui.theme import Field, Tone, card, verdict_tone, when
from cogs.sensay.replica import symbol_of, word_of

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.kit.integration import Choice
    from bot.providers.sensay.handover import Outcome
    from bot.providers.sensay.models import Replica
    from bot.services.integrations import Placed


def replica_field(replica: Choice, texts: Texts) -> Field:
    """Name a replica, by its id alone where its name is not known."""
    name = [quoted(replica.label)] if replica.label != replica.id else []
    return Field(texts("sensay.replica"), "\n".join([*name, code(replica.id)]))


def question_fields(
    replica: Choice, placed: Placed | None, texts: Texts, *, listed: bool | None
) -> list[Field]:
    """Say for which replica a token is, and what is known of a bot that it has already.

    placed: what this server remembers. listed: whether Sensay lists one, None where it does not say.
    """
    fields = [replica_field(replica, texts)]
    known = []
    if placed is not None:
        time = when(placed.placed_at)
        known.append(texts("sensay.connect.had_one_here", member=f"<@{placed.placed_by}>", time=time))
    if listed is not False:
        known.append(texts("sensay.connect.had_one_text" if listed else "sensay.connect.had_one_unknown"))
    if known:
        fields.append(Field(texts("sensay.connect.had_one"), "\n".join(known)))
    return fields


def accepted(
    replica: Choice, listed: Replica | None, preflight: Preflight, texts: Texts
) -> tuple[discord.Embed, discord.ui.View]:
    """Say that Sensay took the token, what it lists now, and what is left to do."""
    embed = card(
        Tone.GOOD,
        texts("sensay.connect.done"),
        texts("sensay.connect.done_how"),
        fields=[
            replica_field(replica, texts),
            Field(texts("sensay.connect.listed"), _listed(listed, texts)),
            Field(texts("next_step"), steps_before(texts("sensay.connect.see_status"), preflight, texts)),
        ],
        footer=texts("sensay.connect.footer"),
    )
    return embed, view_of(way_in(preflight, texts))


def in_doubt(
    replica: Choice, outcome: Outcome, look: LastingButton, texts: Texts
) -> tuple[discord.Embed, discord.ui.View]:
    """Say that no good answer came, and what a look into the list has shown."""
    doubt = outcome.doubt
    why = "" if doubt is None else texts("sensay.connect.doubt", why=what_failed(doubt, "Sensay", texts))
    embed, view = _verdict(replica, outcome.verdict, texts, why)
    if doubt is not None:
        refer_to(embed, doubt, texts)
    if outcome.verdict is not Verdict.THERE:
        view.add_item(look)
    return embed, view


def looked_up(
    replica: Choice, verdict: Verdict, look: LastingButton, connect: LastingButton, texts: Texts
) -> tuple[discord.Embed, discord.ui.View]:
    """Say what another look into the list has shown. connect: offered where nothing is there."""
    embed, view = _verdict(replica, verdict, texts, "")
    if verdict is not Verdict.THERE:
        view.add_item(look)
    if verdict is Verdict.NOT_THERE:
        view.add_item(connect)
    return embed, view


def _verdict(
    replica: Choice, verdict: Verdict, texts: Texts, why: str
) -> tuple[discord.Embed, discord.ui.View]:
    text = texts(f"sensay.connect.{verdict}_how")
    embed = card(
        verdict_tone(verdict),
        texts(f"sensay.connect.{verdict}"),
        f"{why}\n{text}" if why else text,
        fields=[
            replica_field(replica, texts),
            Field(texts("next_step"), texts(f"sensay.connect.{verdict}_next")),
        ],
    )
    return embed, view_of()


def _listed(listed: Replica | None, texts: Texts) -> str:
    if listed is None or listed.discord_integration is None:
        return texts("sensay.connect.listed_not_yet")
    return f"{symbol_of(listed.state)} {word_of(listed.state, texts)}"
