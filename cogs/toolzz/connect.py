"""``/toolzz connect``: the form, what follows it, and the components that outlive a restart."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, cast

import discord

from bot.errors import InvalidInputError
from bot.kit.integration import Choice, Verdict, is_id, read_uuid
from bot.providers.toolzz import AGENTS, ToolzzProvider
from bot.providers.toolzz.creation import (
    candidates,
    create_once,
    had_one,
    judge_later,
    listed_before,
)
from bot.providers.toolzz.models import Channel, Integration, Settings
from bot.runtime.client import PatchbayBot
from bot.runtime.connections import open_connection, reopen
from bot.runtime.preflight import Preflight, examine
from bot.runtime.suggestions import suggest_choices
from bot.runtime.token_question import Handover, TokenQuestion
from bot.services.audit import DONE, UNKNOWN
from bot.ui.components import (
    Interaction,
    LastingButton,
    LastingSelect,
    SafeModal,
    gate,
    guild_of,
    withdraw_retry,
)
from bot.ui.discord_token import read_token
from bot.ui.permissions import needed_permissions
from bot.ui.replies import answer, renew, think
from cogs.toolzz import connect_embeds as embeds
from cogs.toolzz.forms import Filled, Inputs, find_channels, shown_title
from cogs.toolzz.link import link_chosen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from discord import app_commands

    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.client import ToolzzClient
    from bot.services.connections import Connection

_HAD_ONE: Final = {True: "y", False: "n", None: "u"}
_KNOWN: Final = {"y": True, "n": False}
_PLACE: Final = r"(?P<connection>[a-z0-9_-]{1,20}):(?P<agent>[0-9A-Fa-f-]{36})"


class ConnectButton(LastingButton, template=rf"toolzz:connect:{_PLACE}"):
    """Opens the form."""

    def __init__(self, *, texts: Texts, connection: str, agent: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts("toolzz.connect.button"),
                style=discord.ButtonStyle.primary,
                custom_id=f"toolzz:connect:{connection}:{agent}",
            )
        )
        self._connection = connection
        self._agent = agent

    async def press(self, interaction: Interaction) -> None:
        """Open the form."""
        await open_form(interaction, cast("PatchbayBot", interaction.client), self._agent, self._connection)


class LookButton(
    LastingButton, template=rf"toolzz:look:{_PLACE}:(?P<bot_id>[0-9]{{1,20}}):(?P<had_one>[ynu])"
):
    """Looks again whether a token without a good answer has become an integration.

    Which ones there were before has no room in a custom id; whether the agent was here at all has.
    """

    def __init__(self, *, texts: Texts, connection: str, agent: str, bot_id: str, had_one: str) -> None:
        """bot_id: 0 for none known. had_one: y, n or u, whether the agent was in the server before."""
        super().__init__(
            discord.ui.Button(
                label=texts("toolzz.connect.look"),
                style=discord.ButtonStyle.primary,
                custom_id=f"toolzz:look:{connection}:{agent}:{bot_id}:{had_one}",
            )
        )
        self._connection = connection
        self._agent = agent
        self._bot_id = int(bot_id) or None
        self._had_one = had_one

    async def press(self, interaction: Interaction) -> None:
        """Look into the unit's list and say what it proves; what nobody can tell is for the member to say."""
        bot, opened = await reopen(interaction, "toolzz", self._connection)
        texts = bot.catalog[interaction.locale.value]
        client, _ = _acting(bot, opened)
        listed = await bot.unless_stopping(client.integrations())
        verdict, possible = judge_later(
            listed, self._agent, str(opened.guild_id), had_one=_KNOWN.get(self._had_one)
        )
        agent = chosen_agent(bot, opened, self._agent)
        placed = await bot.integrations.of_guild(opened.guild_id, "toolzz")
        if verdict is Verdict.THERE and possible[0].id in placed:
            # Counted as this server's own since, so it came from another token than this button is about.
            verdict = Verdict.UNKNOWN
        asked_at = interaction.created_at if interaction.message is None else interaction.message.created_at
        if opened.set_at > asked_at.timestamp():
            # With other credentials than those that received the token, and perhaps another list.
            verdict = Verdict.UNKNOWN
        embed, view = embeds.looked_up(agent, verdict, possible, texts)
        if verdict is not Verdict.THERE:
            view.add_item(self)
        if verdict is Verdict.NOT_THERE:
            view.add_item(ConnectButton(texts=texts, connection=opened.name, agent=agent.id))
        if verdict is Verdict.UNKNOWN and (options := embeds.options(possible, texts)):
            view.add_item(CandidateSelect(texts=texts, connection=opened.name, options=options))
        await renew(interaction, embed, view)
        if verdict is Verdict.THERE:
            await _record(bot, opened, possible[0], agent.label, self._bot_id, interaction)
            target = f"toolzz · {agent.id}"
            await bot.audit.note(opened.guild_id, "toolzz.connect", target, member_id=interaction.user.id)


class CandidateSelect(LastingSelect, template=r"toolzz:made:(?P<connection>[a-z0-9_-]{1,20})"):
    """Links the integration that a member knows to be the new one, as ``/toolzz link`` does."""

    def __init__(
        self, *, texts: Texts, connection: str, options: Sequence[discord.SelectOption] = ()
    ) -> None:
        super().__init__(
            discord.ui.Select(
                placeholder=texts("toolzz.connect.candidates"),
                custom_id=f"toolzz:made:{connection}",
                options=list(options),
            )
        )
        self._connection = connection

    async def pick(self, interaction: Interaction, value: str) -> None:
        """Read it, and link it if it runs here."""
        await link_chosen(interaction, cast("PatchbayBot", interaction.client), value, self._connection)


class ConnectModal(SafeModal):
    """Asks where and how an agent is to answer, and for the token of the bot that it is to be."""

    def __init__(self, asked: Interaction, connection: str, agent: Choice) -> None:
        texts = gate(asked).texts(asked)
        super().__init__(
            asked,
            title=texts("toolzz.connect.form"),
            retry=ConnectButton(texts=texts, connection=connection, agent=agent.id),
        )
        self._bot = cast("PatchbayBot", asked.client)
        self._connection = connection
        self._agent = agent
        title = "" if agent.label == agent.id else shown_title(agent.label)
        self._inputs = Inputs(texts, Filled(title, frozenset(), "mentions", True, False))  # noqa: FBT003 - the switches
        self._token: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="discord_token", max_length=200, placeholder=texts("toolzz.form.token_placeholder")
        )
        for label in self._inputs.labels:
            self.add_item(label)
        self.add_item(
            discord.ui.Label(
                text=texts("toolzz.form.token"),
                description=texts("toolzz.form.token_how"),
                component=self._token,
            )
        )

    async def on_submit(self, interaction: Interaction, /) -> None:  # type: ignore[override]
        """Show whose token it is and what is to be created; nothing goes out until that is confirmed."""
        await think(interaction)
        filled = self._inputs.read()
        guild_id = guild_of(interaction)
        guild = self._bot.get_guild(guild_id)
        channels = find_channels(guild, filled.channels)
        token = read_token(self._token.value)
        # Opened only now: while the form was open the connection may have been rotated or removed.
        connection = await open_connection(interaction, "toolzz", self._connection)
        client, unit = _acting(self._bot, connection)
        settings = _settings(self._agent, unit, channels, filled)
        preflight = await self._bot.unless_stopping(
            examine(self._bot, guild_id, token, discord.Permissions(settings.permissions))
        )
        before = await self._bot.unless_stopping(listed_before(client, unit))
        texts = self._bot.catalog[interaction.locale.value]
        known = None if before is None else candidates(before, self._agent.id, str(guild_id))
        had = had_one(before, self._agent.id, str(guild_id))
        handover = Handover(
            provider=ToolzzProvider.name,
            title=texts("toolzz.connect.question"),
            fields=embeds.question_fields(self._agent, settings, known, guild, texts),
            start_over=texts("toolzz.connect.start_over"),
            retry=ConnectButton(texts=texts, connection=connection.name, agent=self._agent.id),
            hand_over=functools.partial(
                _hand_over, self._bot, connection.name, connection.set_at, self._agent, filled, known
            ),
            look=functools.partial(_look_button, texts, connection.name, self._agent.id, had),
        )
        await TokenQuestion(interaction, token, preflight, handover).ask()


async def open_form(interaction: Interaction, bot: PatchbayBot, agent: str, connection: str | None) -> None:
    """Answer with the form. A form must come first and at once, so nothing is asked of Toolzz here.

    Raises NoConnectionError and the like, InvalidInputError("unit") where the connection names none, and
    InvalidInputError("agent") for a name that is not listed.
    """
    opened = await open_connection(interaction, "toolzz", connection)
    _acting(bot, opened)
    chosen = chosen_agent(bot, opened, agent)
    await interaction.response.send_modal(ConnectModal(interaction, opened.name, chosen))


async def suggest_agents(
    interaction: Interaction, bot: PatchbayBot, typed: str
) -> list[app_commands.Choice[str]]:
    """Suggest the unit's agents by name; those that are switched off are marked."""
    return await suggest_choices(interaction, bot, "toolzz", typed, AGENTS)


def chosen_agent(bot: PatchbayBot, connection: Connection, text: str) -> Choice:
    """Return the agent with this id or of this name; asks nobody.

    One that was not listed lately goes by its UUID alone. Raises InvalidInputError("agent").
    """
    known = bot.choices.known(connection, text, AGENTS)
    uuid = read_uuid(text if known is None else known.id, "agent")
    # A listed id stays as Toolzz writes it, which may be in capitals.
    return Choice(uuid, uuid) if known is None else known


def _look_button(
    texts: Texts, connection: str, agent: str, had: bool | None, preflight: Preflight
) -> LookButton:
    return LookButton(
        texts=texts,
        connection=connection,
        agent=agent,
        bot_id=str(preflight.bot_id or 0),
        had_one=_HAD_ONE[had],
    )


async def _hand_over(  # noqa: PLR0913, PLR0917 - what was asked, then what was answered
    bot: PatchbayBot,
    connection: str,
    set_at: int,
    agent: Choice,
    filled: Filled,
    known: Sequence[Integration] | None,
    interaction: Interaction,
    token: str,
    preflight: Preflight,
) -> None:
    """Send the token and answer. known: what may have been the agent here when the question was put."""
    guild_id, member_id = guild_of(interaction), interaction.user.id
    async with bot.audit.change(guild_id, member_id, "toolzz.connect", f"toolzz · {agent.id}") as change:
        opened = await open_connection(interaction, "toolzz", connection, set_at=set_at)
        client, unit = _acting(bot, opened)
        guild = bot.get_guild(guild_id)
        channels = find_channels(guild, filled.channels)
        settings = _settings(agent, unit, channels, filled)
        # The member may have taken minutes to decide; somebody else may have put the agent in meanwhile.
        before = await bot.unless_stopping(listed_before(client, unit))
        standing = candidates(before or (), agent.id, settings.guild_id)
        if known is not None and {entry.id for entry in standing} - {entry.id for entry in known}:
            raise InvalidInputError("agent_meanwhile")
        # Before and after the call: an outcome in doubt may have changed the list too.
        bot.choices.forget(opened)
        outcome = await create_once(
            client,
            settings,
            [described(channel) for channel in channels],
            token,
            known=None if before is None else frozenset(entry.id for entry in before),
            unless_stopping=bot.unless_stopping,
        )
        change.result = DONE if outcome.verdict is Verdict.THERE else UNKNOWN
    bot.choices.forget(opened)
    withdraw_retry(interaction)
    texts = bot.catalog[interaction.locale.value]
    if outcome.doubt is None:
        await answer(interaction, *embeds.accepted(agent, outcome, settings, preflight, guild, texts))
    else:
        had = had_one(before, agent.id, settings.guild_id)
        look = _look_button(texts, opened.name, agent.id, had, preflight)
        await answer(interaction, *embeds.in_doubt(agent, outcome, look, texts))
    # Answered first: that Toolzz has the token must be read even if our own store fails now.
    if outcome.integration is not None and is_id(outcome.integration.id):
        await _record(bot, opened, outcome.integration, settings.title, preflight.bot_id, interaction)


async def _record(
    bot: PatchbayBot,
    connection: Connection,
    integration: Integration,
    title: str,
    bot_id: int | None,
    interaction: Interaction,
) -> None:
    """Make a new integration the guild's own. title: its name where Toolzz gives none."""
    await bot.integrations.record(
        connection,
        integration.id,
        integration.title or title,
        bot_id=bot_id,
        member_id=interaction.user.id,
    )


def described(channel: discord.TextChannel) -> Mapping[str, object]:
    """Describe a channel as Discord's own API does, as far as the gateway has told us."""
    return {
        "id": str(channel.id),
        "guild_id": str(channel.guild.id),
        "name": channel.name,
        "type": channel.type.value,
        "position": channel.position,
        "parent_id": None if channel.category_id is None else str(channel.category_id),
        "topic": channel.topic,
        "nsfw": channel.nsfw,
        "last_message_id": None if channel.last_message_id is None else str(channel.last_message_id),
        "rate_limit_per_user": channel.slowmode_delay,
        "permission_overwrites": [
            _overwrite(target, overwrite) for target, overwrite in channel.overwrites.items()
        ],
    }


def _overwrite(
    target: discord.Role | discord.Member | discord.Object, overwrite: discord.PermissionOverwrite
) -> dict[str, object]:
    allow, deny = overwrite.pair()
    is_role = isinstance(target, discord.Role) or getattr(target, "type", None) is discord.Role
    return {
        "id": str(target.id),
        "type": 0 if is_role else 1,
        "allow": str(allow.value),
        "deny": str(deny.value),
    }


def _acting(bot: PatchbayBot, connection: Connection) -> tuple[ToolzzClient, str]:
    """Return a client and the unit that it acts in. Raises InvalidInputError("unit")."""
    client = bot.provider(ToolzzProvider).client(connection.credentials)
    if client.unit_id is None:
        raise InvalidInputError("unit")
    return client, client.unit_id


def _settings(agent: Choice, unit: str, channels: Sequence[discord.TextChannel], filled: Filled) -> Settings:
    """channels: at least one, all of the server that the agent is put into."""
    guild = channels[0].guild
    return Settings(
        agent_id=agent.id,
        unit_id=unit,
        title=filled.title,
        guild_id=str(guild.id),
        guild_name=guild.name,
        channels=tuple(Channel(id=str(channel.id), name=channel.name) for channel in channels),
        permissions=needed_permissions(create_threads=filled.create_threads).value,
        reply_on_mention=filled.reply_on_mention,
        create_threads=filled.create_threads,
        scope=filled.scope,
    )
