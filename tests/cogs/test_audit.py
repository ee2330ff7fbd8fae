"""`/audit`: the log in pages, as a file that anybody can check, and repeated in a channel."""

import asyncio
import importlib
import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from typing import Any

import discord
import pytest
import simcord

from bot.i18n.catalog import LOCALES, load_catalog
from bot.runtime.audit_words import entry_line
from bot.services.audit import ACTIONS, Entry
from bot.services.audit_chain import Chain, Flaw
from tests.cogs.test_authority import NOT_ALLOWED
from tests.cogs.town import PORTUGUESE, Town, buttons, embed_of, field, final, shown
from tests.ui.hostile import ATTACKS, marks


async def fill(town: Town, entries: int) -> None:
    """Record so many changes by two members."""
    for number in range(1, entries + 1):
        member = town.member if number % 5 == 0 else town.manager
        action = "toolzz.edit" if number % 2 else "sensay.connect"
        await town.bot.audit.note(town.guild.id, action, f"toolzz · n{number}", member_id=member.id)


async def listed(town: Town, **options: Any) -> simcord.InteractionResult:  # noqa: ANN401 - as in a command
    """Have the manager look at the log."""
    return await town.manager.slash(town.channel, "audit list", **options)


def numbers(result: simcord.InteractionResult) -> list[int]:
    """Return the numbers of the entries that are shown."""
    lines = (embed_of(result).description or "").splitlines()
    return [int(line[1:].partition(" ")[0]) for line in lines if line.startswith("#")]


def tamper(town: Town, statement: str) -> None:
    """Write into the bot's database behind its back."""
    with closing(sqlite3.connect(town.database)) as database, database:
        database.execute(statement)


async def sending(town: Town) -> None:
    """Wait until what goes to the channel has gone."""
    (take,) = town.bot.audit._listeners
    mirror = take.__self__  # type: ignore[attr-defined]
    while mirror._waiting:  # noqa: ASYNC110 - nothing but this test waits for it
        await asyncio.sleep(0)


def posted(channel: simcord.ChannelHandle) -> list[discord.Embed]:
    """Return what the bot has posted in a channel, oldest first."""
    return [embed for message in channel.history() for embed in message.embeds]


# --- list ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_an_entry_says_who_what_on_what_and_how_it_ended(town: Town, locale: str) -> None:
    """One line each, newest first, under a line that says that the log is unbroken; a next step below."""
    town.locale = locale
    await town.connect("sensay")
    await town.bot.audit.note(town.guild.id, "guild.returned", "", "refused:forbidden")
    result = await listed(town)
    assert final(result).ephemeral
    first, _, *lines = (embed_of(result).description or "").splitlines()
    assert first == "✅ " + town.texts.plural("audit.chain.holds", 2)
    assert lines[0].startswith("#2 · <t:")
    assert lines[0].endswith(" · Patchbay")
    refused = f"🚫 {town.texts('audit.result.refused')} (`forbidden`)"
    assert lines[1] == f"**{town.texts('audit.action.guild.returned')}** · — · {refused}"
    assert lines[3].endswith(f" · <@{town.manager.id}>")
    assert lines[4] == (
        f"**{town.texts('audit.action.connection.add')}** · `sensay · default`"
        f" · ✅ {town.texts('audit.result.done')}"
    )
    assert field(result, town.texts("next_step")) == town.linked(town.texts("audit.list.next"))


def test_every_action_is_worded() -> None:
    """What the log can say, it says in both languages."""
    for locale in LOCALES:
        texts = load_catalog()[locale]
        assert len({texts(f"audit.action.{action}") for action in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("role · 12 · manager", "<@&12> · manager"),
        ("member · 12", "<@12>"),
        ("channel · 12", "<#12>"),
        ("role · 12 · *x*", "`role · 12 · *x*`"),
        ("sensay · default", "`sensay · default`"),
    ],
)
def test_a_target_is_shown_as_what_it_is(target: str, words: str) -> None:
    """Roles, members and channels of Discord's own can be clicked, ids are there to be copied."""
    line = entry_line(Entry(1, 1, 1, None, "access.grant", target, "done", b""), load_catalog()["en-US"])
    assert f"** · {words} · ✅ done" in line


async def test_the_log_is_read_page_by_page(town: Town) -> None:
    """Ten at a time, in the same message, after a restart too; no button leads where nothing is."""
    await fill(town, 23)
    result = await listed(town)
    assert numbers(result) == list(range(23, 13, -1))
    assert [button.get("disabled", False) for button in buttons(result)] == [True, False, False]
    await town.restart()
    await town.manager.click(final(result).message, label="Next")
    assert numbers(result) == list(range(13, 3, -1))
    await town.manager.click(final(result).message, label="Next")
    assert numbers(result) == [3, 2, 1]
    assert embed_of(result).footer.text == "Page 3 of 3"
    assert [button.get("disabled", False) for button in buttons(result)] == [False, False, True]
    assert max(len(button["custom_id"]) for button in buttons(result)) <= 100


async def test_the_log_is_filtered(town: Town) -> None:
    """By member, by action, by both, also on the next pages."""
    await fill(town, 45)
    assert numbers(await listed(town, member=town.member)) == [45, 40, 35, 30, 25, 20, 15, 10, 5]
    both = await listed(town, member=town.manager, action="toolzz.edit")
    assert numbers(both) == [43, 41, 39, 37, 33, 31, 29, 27, 23, 21]
    await town.manager.click(final(both).message, label="Next")
    assert numbers(both) == [19, 17, 13, 11, 9, 7, 3, 1]
    nothing = await listed(town, action="privacy.export")
    assert town.texts("audit.list.none_found") in (embed_of(nothing).description or "")


async def test_actions_are_suggested_by_their_words(town: Town) -> None:
    """In the member's language; what is not one of them is refused."""
    town.locale = PORTUGUESE
    choices = await town.manager.autocomplete(town.channel, "audit list", "action", "vincular")
    assert {choice["value"] for choice in choices} == {"toolzz.link", "toolzz.unlink"}
    assert all("Toolzz" in choice["name"] for choice in choices)
    refused = await listed(town, action="DROP TABLE audit")
    assert town.texts("problem.invalid_input.audit_action.title") in shown(refused)


async def test_no_guild_sees_anothers_log(town: Town) -> None:
    """Neither in the list nor in the file, nor by a button of another server's message."""
    await fill(town, 3)
    asked = await listed(town)
    there = town.abroad()
    assert numbers(await listed(there)) == []
    assert there.texts("audit.list.none") in (embed_of(await listed(there)).description or "")
    stolen = await listed(there)
    await there.press_forged(stolen, buttons(asked)[0]["custom_id"])
    assert numbers(stolen) == []
    file = await exported(there)
    assert file["entries"] == []
    assert str(town.guild.id) not in json.dumps(file)


async def test_a_forged_button_finds_nothing(town: Town) -> None:
    """An id that is none, a page that is none and an action that is none are refused."""
    forged = {"option": f"1:{'9' * 20}:", "page": "0:0:", "audit_action": "1:0:drop.table"}
    for wrong, custom_id in forged.items():
        refused = await town.press_forged(await listed(town), f"audit:list:{custom_id}")
        assert town.texts(f"problem.invalid_input.{wrong}.title") in shown(refused)


async def test_who_may_not_look_does_not(town: Town) -> None:
    """A member without the tier sees neither the command nor, by a shared answer's button, a page."""
    await fill(town, 12)
    shared = await listed(town, share=True)
    assert not final(shared).ephemeral
    pressed = await town.press(town.member, final(shared), buttons(shared)[2]["custom_id"])
    assert (embed_of(pressed).title or "") == NOT_ALLOWED
    assert numbers(shared)[0] == 12


async def test_a_broken_log_says_where(town: Town) -> None:
    """The list goes on, its first line and its next step being others, in the file as well."""
    await fill(town, 4)
    tamper(town, "UPDATE audit SET result = 'done ' WHERE number = 2")
    result = await listed(town)
    assert (embed_of(result).title or "").startswith("⚠️")
    first = (embed_of(result).description or "").splitlines()[0]
    assert first == "⚠️ " + town.texts("audit.chain.altered", number=2)
    assert field(result, "Next step") == town.linked(town.texts("audit.list.broken_next"))
    file = await exported(town)
    assert file["verdict"] == {"holds": False, "entries": 4, "flaw": "altered", "number": 2}


@pytest.mark.parametrize("flaw", Flaw)
def test_every_flaw_is_worded(flaw: Flaw) -> None:
    """In both languages, with the number that it is about."""
    for locale in LOCALES:
        assert "#7" in load_catalog()[locale](f"audit.chain.{flaw}", number=7)


async def test_what_others_wrote_into_the_log_does_nothing(town: Town) -> None:
    """Hostile text in any column of a row is shown as the characters that it is, or not at all."""
    text = " ".join(ATTACKS)[:200]
    with closing(sqlite3.connect(town.database)) as database, database:
        row = (town.guild.id, 1, 1, None, text, text, text, b"")
        database.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    said = embed_of(await listed(town)).description or ""
    assert "altered" in said
    assert sorted(set(marks(said))) == ["bold", "time"], "which are the line's own"


# --- export ---


async def exported(town: Town) -> dict[str, Any]:
    """Have the manager export the log; return what the file holds."""
    return file_of(town, await town.manager.slash(town.channel, "audit export"))


def file_of(town: Town, result: simcord.InteractionResult) -> dict[str, Any]:
    """Return what the file holds."""
    (file,) = final(result).attachments
    assert file.filename == f"audit-{town.guild.id}.json"
    held: dict[str, Any] = json.loads(town.env.backend.cdn.get(file.url) or b"")
    return held


async def test_the_file_can_be_checked_by_anybody(town: Town) -> None:
    """From what the file says of itself, its hashes can be made anew; the last one is the end of the log."""
    await town.connect("sensay")
    await town.bot.audit.note(town.guild.id, "connection.refused", "sensay · ñ", "failed:unauthorized")
    result = await town.manager.slash(town.channel, "audit export")
    assert final(result).ephemeral
    assert town.texts.plural("audit.chain.holds", 2) in (embed_of(result).description or "")
    file = file_of(town, result)
    assert file["verdict"] == {"holds": True, "entries": 2, "flaw": None, "number": None}
    before = bytes.fromhex(file["hash_before"])
    columns = ("number", "at", "member", "action", "target", "result")
    for entry in file["entries"]:
        text = json.dumps([file["guild"], *(entry[name] for name in columns)], separators=(",", ":"))
        before = sha256(before + text.encode()).digest()
        assert entry["hash"] == before.hex()
    rows, _ = await town.bot.audit.export(town.guild.id)
    assert rows[1].hash == before


async def test_an_export_is_recorded(town: Town) -> None:
    """Who took the log along stands in the log, with how far it went."""
    await fill(town, 3)
    await exported(town)
    rows, _ = await town.bot.audit.export(town.guild.id)
    assert (rows[3].member, rows[3].action, rows[3].target) == (town.manager.id, "audit.export", "#3")


async def test_no_secret_is_in_file_or_table(town: Town) -> None:
    """After a connection was made with canaries, they are in no entry."""
    await town.connect("sensay")
    text = json.dumps(await exported(town)) + str(await town.bot.audit.export(town.guild.id))
    assert [value for value in town.sensay.credentials.values() if value in text] == []


async def test_of_a_long_log_the_newest_are_given(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the hash before them, so that they can be checked all the same."""
    monkeypatch.setattr(importlib.import_module("cogs.audit.export_file"), "MOST", 2)
    await fill(town, 5)
    file = await exported(town)
    rows, _ = await town.bot.audit.export(town.guild.id)
    assert [entry["number"] for entry in file["entries"]] == [4, 5]
    assert file["hash_before"] == rows[2].hash.hex()


# --- mirror ---


async def mirror(town: Town, channel: simcord.ChannelHandle | None = None) -> simcord.InteractionResult:
    """Have the manager choose a channel, or none."""
    options = {} if channel is None else {"channel": channel}
    return await town.manager.slash(town.channel, "audit mirror", **options)


async def test_entries_are_repeated_in_a_channel(town: Town) -> None:
    """From that one on, in order, in the server's language, pinging nobody, until it is stopped."""
    channel = town.guild.create_text_channel("log")
    town.bot.get_guild(town.guild.id).preferred_locale = discord.Locale.brazil_portuguese  # type: ignore[union-attr]
    said = await mirror(town, channel)
    assert channel.mention in (embed_of(said).description or "")
    await town.connect("sensay")
    await fill(town, 5)
    await sending(town)
    rows, _ = await town.bot.audit.export(town.guild.id)
    stopped = await mirror(town)
    assert town.texts("audit.mirror.stopped") in (embed_of(stopped).title or "")
    await fill(town, 1)
    await sending(town)
    embeds = posted(channel)
    assert [embed.footer.text for embed in embeds] == [
        f"#{row.number} · {row.hash.hex()[:16]}" for row in rows
    ]
    portuguese = town.bot.catalog[PORTUGUESE]
    assert embeds[1].title == f"✅ {portuguese('audit.action.connection.add')}"
    assert f"`sensay · default` · ✅ {portuguese('audit.result.done')}" in (embeds[1].description or "")
    assert f"<@{town.manager.id}>" in (embeds[1].description or "")
    sent = [
        entry.json for entry in town.env.http_requests if entry.path == f"/channels/{channel.id}/messages"
    ]
    assert len(sent) == len(rows)
    assert [body for body in sent if not body or body["allowed_mentions"] != {"parse": []}] == []


async def test_a_channel_that_the_bot_cannot_use_is_refused(town: Town) -> None:
    """Before it is taken: the one before stays, and the log says that it was refused."""
    await mirror(town, town.channel)
    for lacking in ("view_channel", "send_messages", "embed_links"):
        overwrites: Any = {
            town.guild.default_role: discord.PermissionOverwrite(**{lacking: False}),
            town.manager: discord.PermissionOverwrite(**{lacking: True}),
        }
        refused = await mirror(town, town.guild.create_text_channel("closed", overwrites=overwrites))
        assert town.texts("problem.invalid_input.mirror_channel.title") in shown(refused)
    assert await town.bot.guild_records.audit_channel(town.guild.id) == town.channel.id
    rows, _ = await town.bot.audit.export(town.guild.id)
    assert [row.result for row in rows] == ["done", *["refused:invalid_input"] * 3]


@pytest.mark.parametrize(("status", "code", "reason"), [(403, 50001, "forbidden"), (404, 10003, "not_found")])
async def test_a_channel_that_was_lost_is_given_up(town: Town, status: int, code: int, reason: str) -> None:
    """After the first refusal nothing more is sent there, and the log says so; the change itself is done."""
    channel = town.guild.create_text_channel("log")
    await mirror(town, channel)
    path = f"/channels/{channel.id}/messages"
    town.env.inject_error("POST", path, status=status, code=code, times=None)
    connected = await town.connect("sensay")
    assert (embed_of(connected).title or "").startswith("✅")
    await fill(town, 3)
    await sending(town)
    assert await town.bot.guild_records.audit_channel(town.guild.id) is None
    assert len([entry for entry in town.env.http_requests if entry.path == path]) == 2
    rows, chain = await town.bot.audit.export(town.guild.id)
    assert chain == Chain(6)
    assert (rows[2].member, rows[2].action, rows[2].target, rows[2].result) == (
        None,
        "audit.mirror",
        f"channel · {channel.id}",
        f"refused:{reason}",
    )
    assert f"<#{channel.id}>" in shown(await listed(town))


async def test_a_refusal_that_is_not_discords_own_ends_no_mirror(town: Town) -> None:
    """A proxy that says 403 knows nothing of the channel."""
    channel = town.guild.create_text_channel("log")
    await mirror(town, channel)
    town.env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=0, times=1)
    await fill(town, 2)
    await sending(town)
    assert await town.bot.guild_records.audit_channel(town.guild.id) == channel.id


async def test_a_channel_that_took_the_place_of_a_lost_one_stays(town: Town) -> None:
    """What is given up is the channel that failed, not the one that was chosen meanwhile."""
    await town.bot.guild_records.set_audit_channel(town.guild.id, 200)
    assert not await town.bot.guild_records.drop_audit_channel(town.guild.id, 100)
    assert await town.bot.guild_records.audit_channel(town.guild.id) == 200


async def test_an_outage_of_discord_costs_only_what_it_hits(town: Town) -> None:
    """What cannot be sent is skipped, and the mirror stays."""
    channel = town.guild.create_text_channel("log")
    await mirror(town, channel)
    town.env.inject_error("POST", f"/channels/{channel.id}/messages", status=400, times=1)
    await fill(town, 2)
    await sending(town)
    assert [embed.footer.text[:2] for embed in posted(channel) if embed.footer.text] == ["#1", "#3"]
    assert await town.bot.guild_records.audit_channel(town.guild.id) == channel.id
