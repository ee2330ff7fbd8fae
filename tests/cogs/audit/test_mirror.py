"""Entries of the audit log are repeated in a channel, as long as it takes them."""

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.features.audit.chain import Chain
from bot.i18n.catalog import LOCALES
from bot.providers.base.current_guild import CURRENT_GUILD, working_for
from tests.support.audit_steps import (
    fill,
    listed,
    mirror,
    posted,
    wait_until_sent,
)
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, shown
from tests.support.posting_steps import managers_channel


async def test_entries_are_repeated_in_a_channel(harness: BotHarness) -> None:
    """New entries are copied in order, in the server's language, without pings, until that is stopped."""
    channel = harness.guild.create_text_channel("log")
    harness.bot.get_guild(harness.guild.id).preferred_locale = discord.Locale.brazil_portuguese  # type: ignore[union-attr]
    said = await mirror(harness, channel)
    assert channel.mention in (embed_of(said).description or "")
    await harness.connect("sensay")
    await fill(harness, 5)
    await wait_until_sent(harness)
    rows, _ = await harness.bot.services.audit.export(harness.guild.id)
    stopped = await mirror(harness)
    assert harness.texts("audit.mirror.stopped") in (embed_of(stopped).title or "")
    await fill(harness, 1)
    await wait_until_sent(harness)
    embeds = posted(channel)
    assert [embed.footer.text for embed in embeds] == [
        f"#{row.number} · {row.hash.hex()[:16]}" for row in rows
    ]
    portuguese = harness.bot.services.catalog[PORTUGUESE]
    assert embeds[1].title == f"✅ {portuguese('audit.action.connection.add')}"
    assert f"Sensay · `default` · ✅ {portuguese('audit.result.done')}" in (embeds[1].description or "")
    assert f"<@{harness.manager.id}>" in (embeds[1].description or "")
    sent = [
        entry.json for entry in harness.env.http_requests if entry.path == f"/channels/{channel.id}/messages"
    ]
    assert len(sent) == len(rows)
    assert [body for body in sent if not body or body["allowed_mentions"] != {"parse": []}] == []


async def test_a_channel_that_the_bot_cannot_use_is_refused(harness: BotHarness) -> None:
    """The channel before it stays, and the log says that the new one was refused."""
    await mirror(harness, harness.channel)
    for lacking in ("view_channel", "send_messages", "embed_links"):
        overwrites: Any = {
            harness.guild.default_role: discord.PermissionOverwrite(**{lacking: False}),
            harness.manager: discord.PermissionOverwrite(**{lacking: True}),
        }
        refused = await mirror(harness, harness.guild.create_text_channel("closed", overwrites=overwrites))
        assert harness.texts("problem.invalid_input.bot_cannot_post.title") in shown(refused)
    assert await harness.bot.services.guilds.audit_channel(harness.guild.id) == harness.channel.id
    rows, _ = await harness.bot.services.audit.export(harness.guild.id)
    assert [(row.result, row.times) for row in rows] == [("done", 1), ("refused:invalid_input", 3)]


@pytest.mark.parametrize(("status", "code", "reason"), [(403, 50001, "forbidden"), (404, 10003, "not_found")])
async def test_a_lost_channel_is_dropped(harness: BotHarness, status: int, code: int, reason: str) -> None:
    """After a refusal nothing more is sent there, which is logged; the change itself is done."""
    channel = harness.guild.create_text_channel("log")
    await mirror(harness, channel)
    path = f"/channels/{channel.id}/messages"
    harness.env.inject_error("POST", path, status=status, code=code, times=None)
    connected = await harness.connect("sensay")
    assert (embed_of(connected).title or "").startswith("✅")
    await fill(harness, 3)
    await wait_until_sent(harness)
    assert await harness.bot.services.guilds.audit_channel(harness.guild.id) is None
    assert len([entry for entry in harness.env.http_requests if entry.path == path]) == 2
    rows, chain = await harness.bot.services.audit.export(harness.guild.id)
    assert chain == Chain(6)
    assert (rows[2].member, rows[2].action, rows[2].target, rows[2].result) == (
        None,
        "audit.mirror",
        f"channel · {channel.id}",
        f"refused:{reason}",
    )
    assert f"<#{channel.id}>" in shown(await listed(harness))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("reason", ["forbidden", "not_found"])
async def test_managers_are_told_of_a_lost_channel(harness: BotHarness, locale: str, reason: str) -> None:
    """In a channel of theirs, in the server's language; without one, whoever chose the lost channel."""
    harness.locale = locale
    harness.bot.get_guild(harness.guild.id).preferred_locale = discord.Locale(locale)  # type: ignore[union-attr]
    office = managers_channel(harness)
    for there in (office, harness.manager.user.dm_channel):
        channel = harness.guild.create_text_channel("log")
        await mirror(harness, channel)
        status, code = (403, 50013) if reason == "forbidden" else (404, 10003)
        path = f"/channels/{channel.id}/messages"
        harness.env.inject_error("POST", path, status=status, code=code, times=None)
        await fill(harness, 1)
        await wait_until_sent(harness)
        (told,) = posted(there)
        texts = harness.texts
        assert told.title == f"⚠️ {texts('audit.mirror.lost')}"
        assert told.description == texts(
            f"audit.mirror.lost.{reason}", channel=channel.mention, server=harness.guild.name
        )
        assert told.fields[0].value == harness.linked(texts("audit.mirror.lost_next"))
        path = f"/channels/{office.id}/messages"
        harness.env.inject_error("POST", path, status=403, code=50013, times=None)


async def test_a_refusal_that_is_not_discords_own_ends_no_mirror(harness: BotHarness) -> None:
    """A 403 by a proxy says nothing about the channel."""
    channel = harness.guild.create_text_channel("log")
    await mirror(harness, channel)
    harness.env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=0, times=1)
    await fill(harness, 2)
    await wait_until_sent(harness)
    assert await harness.bot.services.guilds.audit_channel(harness.guild.id) == channel.id


async def test_a_channel_that_took_the_place_of_a_lost_one_stays(harness: BotHarness) -> None:
    """A channel that was chosen meanwhile is kept when the one before is dropped."""
    await harness.bot.services.guilds.set_audit_channel(harness.guild.id, 200)
    assert not await harness.bot.services.guilds.drop_audit_channel(harness.guild.id, 100)
    assert await harness.bot.services.guilds.audit_channel(harness.guild.id) == 200


async def test_an_outage_of_discord_costs_only_what_it_hits(harness: BotHarness) -> None:
    """An entry that cannot be sent is skipped, and the mirror stays."""
    channel = harness.guild.create_text_channel("log")
    await mirror(harness, channel)
    harness.env.inject_error("POST", f"/channels/{channel.id}/messages", status=400, times=1)
    await fill(harness, 2)
    await wait_until_sent(harness)
    assert [embed.footer.text[:2] for embed in posted(channel) if embed.footer.text] == ["#1", "#3"]
    assert await harness.bot.services.guilds.audit_channel(harness.guild.id) == channel.id


async def test_a_burst_is_cut_short_and_said_so(harness: BotHarness) -> None:
    """While the channel is slow, so many entries wait at most; one line says how many were left out."""
    channel = harness.guild.create_text_channel("log")
    await mirror(harness, channel)
    await wait_until_sent(harness)
    before = len(channel.history())
    listeners = harness.bot.services.audit._listeners
    entries, _ = await harness.bot.services.audit.export(harness.guild.id)
    for _ in range(60):
        for listener in listeners:
            listener(entries[0])
    await wait_until_sent(harness)
    sent = channel.history()[before:]
    assert [len(message.embeds) for message in sent] == [*[1] * 50, 0]
    said = harness.linked(harness.texts.plural("audit.mirror.left_out", 10))
    assert sent[-1].content == said
    await fill(harness, 1)
    await wait_until_sent(harness)
    assert channel.history()[-1].embeds


async def test_a_limit_of_discord_is_waited_for(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that Discord does not take now is sent after the pause that it asks for, before the others."""
    channel = harness.guild.create_text_channel("log")
    await mirror(harness, channel)
    await wait_until_sent(harness)
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    send = discord.abc.Messageable.send
    refusals = [7.5]

    async def limited(self: Any, *given: Any, **more: Any) -> Any:  # noqa: ANN401 - as discord.py's
        if refusals:
            response: Any = SimpleNamespace(
                status=429, reason="", headers={"Retry-After": str(refusals.pop())}
            )
            raise discord.HTTPException(response, "slow down")
        return await send(self, *given, **more)

    monkeypatch.setattr(discord.abc.Messageable, "send", limited)
    monkeypatch.setattr("cogs.audit.mirror.asyncio", SimpleNamespace(sleep=pause))
    await fill(harness, 2)
    await wait_until_sent(harness)
    monkeypatch.undo()
    assert pauses == [7.5]
    numbered = [embed.footer.text[:2] for embed in posted(channel) if embed.footer.text]
    assert numbered[-2:] == ["#2", "#3"]


async def test_an_entry_is_sent_in_the_name_of_its_server(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever's work the entry comes from, what is logged meanwhile is cleaned of that server's secrets."""
    await mirror(harness, harness.guild.create_text_channel("log"))
    await wait_until_sent(harness)
    seen = []
    send = discord.abc.Messageable.send

    async def sent(*given: Any, **more: Any) -> Any:  # noqa: ANN401 - as discord.py's
        seen.append(CURRENT_GUILD.get())
        return await send(*given, **more)

    monkeypatch.setattr(discord.PartialMessageable, "send", sent)
    with working_for(harness.guild.id + 1):
        await harness.bot.services.audit.note(
            harness.guild.id, "connection.refused", "sensay · a", "refused:x"
        )
    await wait_until_sent(harness)
    assert seen == [harness.guild.id]
