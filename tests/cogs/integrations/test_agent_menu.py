"""The entries of the Apps menus: *Agent status* on an agent's bot, *Report this answer* on its message."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any, Final

import discord
import pytest
import simcord
from simcord.enums import MessageType

from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Answer
from tests.support.agent_in_server import CONNECT, Agent, sensay_agent, toolzz_agent
from tests.support.english import english
from tests.support.harness import (
    PORTUGUESE,
    BotHarness,
    embed_of,
    field,
    final,
    labels,
    shown,
)
from tests.support.log_capture import logging_to_memory
from tests.support.menu_payloads import choose, entries

STATUS: Final = english("integrations.menu.status.name")
REPORT: Final = english("integrations.menu.report.name")
SAID: Final = "The tide-table canary sings at dawn"
"""What an agent answered; it must be found nowhere."""


@pytest.fixture(params=sorted(CONNECT))
async def agent(harness: BotHarness, request: pytest.FixtureRequest) -> Agent:
    """An agent of each provider, whose bot is known from a check."""
    made = await CONNECT[request.param](harness)
    await made.check()
    return made


@pytest.fixture
async def toolzz(harness: BotHarness) -> Agent:
    """An agent of Toolzz."""
    made = await toolzz_agent(harness)
    await made.check()
    return made


async def status_of(
    harness: BotHarness, who: simcord.MemberActor, actor: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    """Have somebody, by default a manager, choose *Agent status* on an account."""
    return await (actor or harness.manager).context_menu(harness.channel, STATUS, who)


async def report(
    harness: BotHarness,
    message: discord.Message,
    actor: simcord.MemberActor | None = None,
    channel: simcord.ChannelHandle | None = None,
) -> simcord.InteractionResult:
    """Have somebody, by default a manager, choose *Report this answer* on a message."""
    return await (actor or harness.manager).context_menu(channel or harness.channel, REPORT, message)


def complaints(harness: BotHarness) -> list[dict[str, Any]]:
    """Return all stored reports."""
    with closing(sqlite3.connect(harness.database)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM complaint ORDER BY reported_at")]


def title(harness: BotHarness, key: str) -> str:
    """Return the title of a refusal."""
    return f"⚠️ {harness.texts(f'problem.invalid_input.{key}.title')}"


# --- Agent status ---


async def test_the_status_is_that_of_the_command(harness: BotHarness, agent: Agent) -> None:
    """A viewer sees on the agent's bot what ``/integrations status`` answers, buttons included."""
    viewer = harness.moderator()
    seen = await status_of(harness, agent.bot, viewer)
    own = await viewer.slash(harness.channel, "integrations status", integration=agent.key)
    assert seen.ephemeral
    assert shown(seen) == shown(own)
    assert labels(seen) == labels(own)


async def test_the_status_says_when_the_provider_fails(harness: BotHarness, toolzz: Agent) -> None:
    """The member reads what is wrong at the provider, and can try again."""
    harness.toolzz.fail(Answer(503, {"message": "later"}), times=None)
    seen = await status_of(harness, toolzz.bot)
    assert harness.texts("problem.server_fault.title", provider="Toolzz") in shown(seen)
    assert harness.texts("pages.refresh") in labels(seen)


@pytest.mark.usefixtures("toolzz")
async def test_an_account_that_is_no_agent_is_named_as_such(harness: BotHarness) -> None:
    """Patchbay itself, a person and another bot each get an answer that says what they are."""
    other = harness.guild.add_member(harness.env.create_user("music", bot=True))
    user = harness.bot.user
    assert user is not None
    patchbay = simcord.MemberActor(
        harness.env, harness.guild, simcord.UserHandle(harness.env, harness.env.backend.get_user(user.id))
    )
    for who, key in ((patchbay, "patchbay"), (harness.member, "person"), (other, "bot")):
        seen = await status_of(harness, who)
        assert embed_of(seen).title == title(harness, f"not_agent_{key}")


async def test_an_agent_whose_bot_is_not_known_is_named(harness: BotHarness) -> None:
    """Where it is not known which bot an agent speaks as, a bot may be that one: nothing is denied."""
    await sensay_agent(harness)
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("UPDATE integration SET bot_id = NULL")
    other = harness.guild.add_member(harness.env.create_user("music", bot=True))
    seen = await status_of(harness, other)
    assert embed_of(seen).title == title(harness, "not_agent_unsure")
    assert "x" in shown(seen)  # its label in the record


async def test_an_agent_of_another_server_is_none_of_this_one(harness: BotHarness, toolzz: Agent) -> None:
    """The same bot, in a server that has connected nothing, belongs to no agent."""
    there = harness.other_guild()
    bot = there.guild.add_member(toolzz.bot.user)
    seen = await there.manager.context_menu(there.channel, STATUS, bot)
    assert embed_of(seen).title == title(harness, "not_agent_bot")
    said = await bot.send(there.channel, SAID)
    seen = await there.manager.context_menu(there.channel, REPORT, said)
    assert embed_of(seen).title == title(harness, "not_agent_bot")
    assert complaints(harness) == []


# --- Report this answer ---


async def test_a_report_holds_the_link_and_the_times(harness: BotHarness, agent: Agent) -> None:
    """Where the message is, when it was sent and reported, by whom, and about which agent."""
    viewer = harness.moderator()
    said = await agent.bot.send(harness.channel, SAID)
    await harness.env.advance_time(40)
    seen = await report(harness, said, viewer)
    assert seen.ephemeral
    assert embed_of(seen).title == f"✅ {harness.texts('integrations.report.done')}"
    assert f"https://discord.com/channels/{harness.guild.id}/{harness.channel.id}/{said.id}" in shown(seen)
    (stored,) = complaints(harness)
    assert stored == {
        "guild_id": harness.guild.id,
        "message_id": said.id,
        "reported_by": viewer.id,
        "channel_id": harness.channel.id,
        "provider": agent.provider,
        "id": agent.id,
        "sent_at": int(said.created_at.timestamp()),
        "reported_at": int(harness.env.now().timestamp()),
    }
    assert stored["reported_at"] >= stored["sent_at"] + 40


async def test_what_the_agent_said_is_kept_nowhere(harness: BotHarness, toolzz: Agent) -> None:
    """The text is in no file, no log line and nothing that is sent to Discord."""
    with logging_to_memory("json", redactor=Redactor()) as log:
        said = await toolzz.bot.send(harness.channel, SAID)
        await report(harness, said)
        await harness.manager.slash(harness.channel, "integrations history", integration=toolzz.key)
        await harness.manager.slash(harness.channel, "privacy export")
    assert SAID not in log.getvalue()
    assert SAID.encode() not in harness.stored_bytes()
    assert SAID not in harness.sent_to_discord()
    assert SAID.encode() not in b"".join(harness.env.backend.cdn._blobs.values())


async def test_a_report_shows_the_state_and_the_next_step(harness: BotHarness, toolzz: Agent) -> None:
    """A healthy agent's answers are changed at its provider; of a broken one the fix is shown."""
    said = await toolzz.bot.send(harness.channel, SAID)
    agent = harness.texts("integrations.report.agent")
    seen = await report(harness, said)
    assert f"🟢 {toolzz.name}" in field(seen, agent)
    assert field(seen, harness.texts("next_step").partition(" ")[2]) == harness.texts(
        "integrations.report.fine", provider="Toolzz"
    )
    harness.toolzz.break_integration(toolzz.id)
    await toolzz.check()
    seen = await report(harness, said, harness.moderator())
    assert harness.texts("toolzz.code.4004.cause") in field(seen, agent)
    assert harness.texts("toolzz.code.4004.fix") in shown(seen)


async def test_a_provider_that_is_down_keeps_nobody_from_reporting(
    harness: BotHarness, toolzz: Agent
) -> None:
    """The report is stored, no request is sent, and the last known state is shown."""
    said = await toolzz.bot.send(harness.channel, SAID)
    harness.toolzz.requests.clear()
    harness.toolzz.fail(Answer(503, {"message": "later"}), times=None)
    seen = await report(harness, said)
    assert embed_of(seen).title == f"✅ {harness.texts('integrations.report.done')}"
    assert len(complaints(harness)) == 1
    assert not harness.toolzz.requests


async def test_a_second_report_of_a_member_is_the_first_one(harness: BotHarness, toolzz: Agent) -> None:
    """The member is told so, and nothing is added, neither to the reports nor to the audit log."""
    said = await toolzz.bot.send(harness.channel, SAID)
    await report(harness, said)
    again = await report(harness, said)
    assert embed_of(again).title == f"🔌 {harness.texts('integrations.report.again')}"
    await report(harness, said, harness.moderator())
    assert len(complaints(harness)) == 2
    with closing(sqlite3.connect(harness.database)) as database:
        query = "SELECT target, result FROM audit WHERE action = 'integrations.report'"
        assert database.execute(query).fetchall() == [(f"toolzz · {toolzz.id}", "done")] * 2


async def test_a_member_reports_so_many_answers_in_an_hour(harness: BotHarness, toolzz: Agent) -> None:
    """The twenty-first is refused and not stored; another member reports, and this one an hour later."""
    harness.remove_cooldowns()
    said = [await toolzz.bot.send(harness.channel, SAID) for _ in range(21)]
    titles = [embed_of(await report(harness, message)).title for message in said]
    too_fast = f"⚠️ {harness.texts('problem.cooldown.title')}"
    assert [each == too_fast for each in titles] == [False] * 20 + [True]
    assert len(complaints(harness)) == 20
    assert embed_of(await report(harness, said[-1], harness.moderator())).title != too_fast
    await harness.env.advance_time(3601)
    assert embed_of(await report(harness, said[-1])).title != too_fast


async def test_an_answer_in_a_thread_is_reported_where_it_is(harness: BotHarness, toolzz: Agent) -> None:
    """The link leads into the thread."""
    thread = harness.env.backend.create_thread(harness.channel.id, "talk", toolzz.bot.id)
    (place,) = harness.channel.threads
    assert place.id == thread.id
    said = await toolzz.bot.send(place, SAID)
    seen = await report(harness, said, channel=place)
    assert f"/{thread.id}/{said.id}" in shown(seen)
    assert [row["channel_id"] for row in complaints(harness)] == [thread.id]


async def test_a_webhook_with_the_agent_s_name_is_not_the_agent(harness: BotHarness, toolzz: Agent) -> None:
    """Whoever may make webhooks can take any name, but no account's id."""
    webhook = harness.guild.create_webhook(harness.channel, toolzz.name)
    said = await webhook.send(SAID, username=toolzz.bot.name)
    seen = await report(harness, said)
    assert embed_of(seen).title == title(harness, "not_agent_bot")
    assert complaints(harness) == []


async def test_an_answer_of_a_bot_that_has_left_can_be_reported(harness: BotHarness, toolzz: Agent) -> None:
    """The message stays in the channel, and so does the agent that wrote it in the list."""
    said = await toolzz.bot.send(harness.channel, SAID)
    toolzz.kick()
    assert embed_of(await report(harness, said)).title == f"✅ {harness.texts('integrations.report.done')}"


async def test_only_answers_of_agents_are_reported(harness: BotHarness, toolzz: Agent) -> None:
    """A person's message, Patchbay's own and Discord's notice about the bot are refused and not stored."""
    person = await harness.member.send(harness.channel, "hello")
    channel = harness.bot.get_channel(harness.channel.id)
    assert isinstance(channel, discord.TextChannel)
    own = await channel.send("hello")
    joined = harness.guild.create_system_message(harness.channel, MessageType.NEW_MEMBER, author=toolzz.bot)
    wanted = {"not_agent_person": person, "not_agent_patchbay": own, "not_an_answer": joined}
    for key, message in wanted.items():
        assert embed_of(await report(harness, message)).title == title(harness, key)
    assert complaints(harness) == []


async def test_a_member_without_access_reports_nothing(harness: BotHarness, toolzz: Agent) -> None:
    """The guard refuses both entries; whom an admin allows one in Server Settings may use that one."""
    said = await toolzz.bot.send(harness.channel, SAID)
    for entry in entries(harness.bot):
        chosen = choose(harness.env, harness.bot, entry, said)
        seen = await harness.interact(discord.InteractionType.application_command, harness.member, chosen)
        assert embed_of(seen).title == f"⚠️ {harness.texts('problem.not_allowed.viewer.title')}"
    assert complaints(harness) == []
    role = harness.guild.create_role("Helpers")
    helper = harness.guild.add_member(harness.env.create_user("hal"), roles=[role])
    harness.guild.set_command_permissions(harness.bot.services.links.ids[REPORT], {role: True})
    harness.bot.services.guard._overrides._kept.clear()
    assert (
        embed_of(await report(harness, said, helper)).title
        == f"✅ {harness.texts('integrations.report.done')}"
    )
    assert [row["reported_by"] for row in complaints(harness)] == [helper.id]


async def test_managers_read_the_reports_in_the_history(harness: BotHarness, toolzz: Agent) -> None:
    """Where, when and by whom; not in an answer that everybody sees, and not to viewers."""
    viewer = harness.moderator()
    said = await toolzz.bot.send(harness.channel, SAID)
    await report(harness, said, viewer)
    heading = harness.texts("integrations.history.reported")

    async def history(actor: simcord.MemberActor, **options: Any) -> simcord.InteractionResult:  # noqa: ANN401 - as in a command
        options["integration"] = toolzz.key
        return await actor.slash(harness.channel, "integrations history", **options)

    read = await history(harness.manager)
    assert f"/{harness.channel.id}/{said.id})" in field(read, heading)
    assert f"<@{viewer.id}>" in field(read, heading)
    assert heading not in shown(await history(viewer))
    shared = await history(harness.manager, share=True)
    assert heading not in shown(shared)
    refreshed = await harness.manager.click(final(shared).message, label=harness.texts("pages.refresh"))
    assert heading not in shown(refreshed)
    await harness.manager.click(final(read).message, label=harness.texts("pages.refresh"))
    assert heading in shown(read)


async def test_the_entries_speak_portuguese(harness: BotHarness, toolzz: Agent) -> None:
    """The answer to a report, and a refusal, are in the member's own language."""
    harness.locale = PORTUGUESE
    said = await toolzz.bot.send(harness.channel, SAID)
    seen = await report(harness, said)
    assert (
        embed_of(seen).title
        == f"✅ {harness.texts('integrations.report.done')}"
        != english("integrations.report.done")
    )
    assert embed_of(await status_of(harness, harness.member)).title == title(harness, "not_agent_person")


async def test_nothing_of_a_report_is_left_when_data_is_erased(harness: BotHarness, toolzz: Agent) -> None:
    """The server's export has the report; deleting the server's data deletes it."""
    said = await toolzz.bot.send(harness.channel, SAID)
    await report(harness, said)
    exported: dict[str, Any] = await harness.bot.services.privacy.export(harness.guild.id)
    assert [row["message_id"] for row in exported["complaint"]] == [str(said.id)]
    assert await harness.bot.services.privacy.erase(harness.guild.id)
    assert complaints(harness) == []
