"""The server of the demo, in the language of its members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import discord
from simcord import ChannelHandle, GuildHandle, MemberActor, RoleHandle

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
    board: str
    moderator: str
    topic: str
    hello: tuple[str, str]


ENGLISH: Final = WorldTexts(
    guild="Harbour Ops",
    operations="operations",
    agents="ask-the-agents",
    support="support",
    alerts="agent-alerts",
    board="agent-board",
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
        board="painel-dos-agentes",
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
    """mira owns the server, theo moderates it (Moderate Members), ravi is an ordinary member.

    watch: the moderator's role. hello: the ids of their first messages, in ``operations``.
    """

    env: RemoteEnv
    guild: GuildHandle
    operations: ChannelHandle
    agents: ChannelHandle
    support: ChannelHandle
    alerts: ChannelHandle
    board: ChannelHandle
    watch: RoleHandle
    hello: Sequence[int]
    mira: MemberActor
    theo: MemberActor
    ravi: MemberActor

    @property
    def channels(self) -> tuple[ChannelHandle, ...]:
        """The channels from the top."""
        return self.operations, self.agents, self.support, self.alerts, self.board

    def translate(self, locale: str) -> None:
        """Give the server's names and first messages this language, and make it the server's own."""
        texts, backend = TEXTS.get(locale, ENGLISH), self.env.backend
        backend.edit_guild(self.guild.id, {"name": texts.guild, "preferred_locale": locale})
        names = (texts.operations, texts.agents, texts.support, texts.alerts, texts.board)
        for channel, name in zip(self.channels, names, strict=True):
            # Not by edit_channel, which writes into a renamed channel.
            backend.get_channel(channel.id).name = name
            backend.announce_channel_update(channel.id)
        backend.get_channel(self.operations.id).topic = texts.topic
        backend.guilds[self.guild.id].roles[self.watch.id].name = texts.moderator
        for message_id, text in zip(self.hello, texts.hello, strict=True):
            backend.get_message(self.operations.id, message_id).content = text


async def build(env: RemoteEnv, locale: str) -> World:
    """Create the server, with the bot as a member, and let its people write their first messages."""
    texts = TEXTS.get(locale, ENGLISH)
    env.backend.edit_bot_profile(BOT_NAME)
    owner = env.create_user("mira", global_name="Mira")
    guild = env.create_guild(texts.guild, id=GUILD_ID, owner=owner, preferred_locale=locale)
    watch = guild.create_role(texts.moderator, permissions=discord.Permissions(moderate_members=True))
    operations = guild.create_text_channel(texts.operations, topic=texts.topic)
    mira = MemberActor(env, guild, owner)
    theo = guild.add_member(env.create_user("theo", global_name="Theo"), roles=[watch])
    return World(
        env=env,
        guild=guild,
        operations=operations,
        agents=guild.create_text_channel(texts.agents),
        support=guild.create_text_channel(texts.support),
        alerts=guild.create_text_channel(texts.alerts),
        board=guild.create_text_channel(texts.board),
        watch=watch,
        hello=[
            (await member.send(operations, text)).id
            for member, text in zip((mira, theo), texts.hello, strict=True)
        ],
        mira=mira,
        theo=theo,
        ravi=guild.add_member(env.create_user("ravi", global_name="Ravi")),
    )
