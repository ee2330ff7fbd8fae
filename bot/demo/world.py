"""The server of the demo, in the language of its members."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import discord
from simcord import ChannelHandle, GuildHandle, MemberActor

from bot.demo.env import RemoteEnv

GUILD_ID: Final = 1180000000000000123
BOT_NAME: Final = "Patchbay"


@dataclass(frozen=True)
class WorldTexts:
    guild: str
    operations: str
    agents: str
    support: str
    alerts: str
    moderator: str
    topic: str
    hello: tuple[str, str]


ENGLISH: Final = WorldTexts(
    guild="Harbour Ops",
    operations="operations",
    agents="ask-the-agents",
    support="support",
    alerts="agent-alerts",
    moderator="Watch",
    topic="Who runs what, and what broke",
    hello=(
        "Morning! The concierge agent goes live today.",
        "Good, the night watch has been answering berth questions by hand.",
    ),
)
TEXTS: Final[Mapping[str, WorldTexts]] = {
    "en-US": ENGLISH,
    "pt-BR": WorldTexts(
        guild="Porto em Dia",
        operations="operações",
        agents="pergunte-aos-agentes",
        support="suporte",
        alerts="alertas-dos-agentes",
        moderator="Vigia",
        topic="Quem cuida de quê, e o que quebrou",
        hello=(
            "Bom dia! O agente da recepção entra no ar hoje.",
            "Que bom, a vigia noturna vinha respondendo às perguntas sobre vagas à mão.",
        ),
    ),
}


@dataclass(frozen=True)
class World:
    """mira owns the server, theo moderates it (Moderate Members), ravi is an ordinary member."""

    guild: GuildHandle
    operations: ChannelHandle
    agents: ChannelHandle
    support: ChannelHandle
    alerts: ChannelHandle
    mira: MemberActor
    theo: MemberActor
    ravi: MemberActor


async def build(env: RemoteEnv, locale: str) -> World:
    """Create the server, with the bot as a member, and let its people write their first messages."""
    texts = TEXTS.get(locale, ENGLISH)
    env.backend.edit_bot_profile(BOT_NAME)
    owner = env.create_user("mira", global_name="Mira")
    guild = env.create_guild(texts.guild, id=GUILD_ID, owner=owner, preferred_locale=locale)
    watch = guild.create_role(texts.moderator, permissions=discord.Permissions(moderate_members=True))
    world = World(
        guild=guild,
        operations=guild.create_text_channel(texts.operations, topic=texts.topic),
        agents=guild.create_text_channel(texts.agents),
        support=guild.create_text_channel(texts.support),
        alerts=guild.create_text_channel(texts.alerts),
        mira=MemberActor(env, guild, owner),
        theo=guild.add_member(env.create_user("theo", global_name="Theo"), roles=[watch]),
        ravi=guild.add_member(env.create_user("ravi", global_name="Ravi")),
    )
    for member, text in zip((world.mira, world.theo), texts.hello, strict=True):
        await member.send(world.operations, text)
    return world
