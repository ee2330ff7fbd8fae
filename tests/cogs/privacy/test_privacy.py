"""With `/privacy` managers see what is stored, export it as a file, and erase it."""

import gzip
import json
import sqlite3
from contextlib import closing

import pytest
import simcord

from bot.discord import replies
from bot.features.access.tier import Tier
from bot.features.privacy.service import Tombstone
from bot.i18n.catalog import LOCALES
from tests.support.guild_rows import counts, traces
from tests.support.harness import BotHarness, buttons, embed_of, field, final, labels, shown


async def store_rows(harness: BotHarness) -> None:
    """Connect a provider and grant a tier, so that there are rows of most kinds."""
    await harness.connect("sensay")
    await harness.bot.services.access.grant(
        harness.guild.id, "member", harness.member.id, Tier.MANAGER, member_id=harness.manager.id
    )


def left(harness: BotHarness) -> dict[str, int]:
    """Return how many rows of the server there are, by table, without the tables that have none."""
    return {table: rows for table, rows in counts(harness.database, harness.guild.id).items() if rows}


async def erase(harness: BotHarness) -> simcord.InteractionResult:
    """Have the manager run `/privacy delete` and confirm."""
    question = await ask_to_erase(harness)
    return await harness.manager.click(final(question).message, label=buttons(question)[0]["label"])


def told(harness: BotHarness, channel: simcord.ChannelHandle) -> list[str]:
    """Return what was said of the erasure in a channel, in the server's language."""
    texts = harness.bot.services.catalog[harness.env.backend.get_guild(harness.guild.id).preferred_locale]
    title = f"⚠️ {texts('privacy.erased')}"
    return [
        embed.description or ""
        for message in channel.history()
        for embed in message.embeds
        if embed.title == title
    ]


def make_owner(harness: BotHarness) -> simcord.ChannelHandle:
    """Make the member the server's owner; return the channel in which they are told in private."""
    harness.env.backend.get_guild(harness.guild.id).owner_id = harness.member.id
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    guild.owner_id = harness.member.id
    return harness.member.user.dm_channel


async def ask_to_erase(harness: BotHarness) -> simcord.InteractionResult:
    """Have the manager run `/privacy delete`; return the question."""
    return await harness.manager.slash(harness.channel, "privacy delete")


async def export(harness: BotHarness) -> tuple[str, bytes]:
    """Have the manager run `/privacy export`; return the name and the content of the file."""
    result = await harness.manager.slash(harness.channel, "privacy export")
    assert final(result).ephemeral
    assert field(result, harness.texts("next_step")) == harness.linked(
        harness.texts("privacy.export.done_next")
    )
    (file,) = final(result).attachments
    return file.filename, await file.read()


@pytest.mark.parametrize("locale", LOCALES)
async def test_info_counts_what_is_stored(harness: BotHarness, locale: str) -> None:
    """Every row is counted; what is never stored, who runs the bot, days and the next step follow."""
    harness.locale = locale
    await store_rows(harness)
    result = await harness.manager.slash(harness.channel, "privacy info")
    assert final(result).ephemeral
    there = counts(harness.database, harness.guild.id)
    others = ("guild", "audit_seal", "audit_member", "watched", "last_check", "route", "board")
    assert embed_of(result).description == harness.texts(
        "privacy.info_how",
        connections=1,
        integrations=0,
        grants=1,
        entries=there["audit"],
        incidents=there["incident"] + there["outbox"],
        history=there["history"],
        others=sum(there[each] for each in others),
    )
    for part in ("never", "who"):
        assert field(result, harness.texts(f"privacy.info.{part}")) == harness.texts(
            f"privacy.info.{part}_what"
        )
    days = {"how_long": 7, "history": 90, "audit": 400}
    lines = [harness.texts.plural(f"privacy.info.{what}", count) for what, count in days.items()]
    assert field(result, harness.texts("privacy.info.time")).splitlines() == lines
    assert field(result, harness.texts("next_step")) == harness.linked(harness.texts("privacy.info_next"))


async def test_info_names_no_days_if_a_removal_erases_at_once(harness: BotHarness) -> None:
    """If the operator keeps nothing after a removal, the text names no days."""
    harness.bot.services.privacy.erase_after = 0
    result = await harness.manager.slash(harness.channel, "privacy info")
    assert field(result, harness.texts("privacy.info.time")).startswith(
        harness.texts("privacy.info.how_long_none")
    )


async def test_the_export_has_no_secrets_and_is_audited(harness: BotHarness) -> None:
    """The file is JSON with this server's rows only, and the audit log names the member."""
    await store_rows(harness)
    await harness.other_guild().connect("toolzz")
    name, content = await export(harness)
    assert name == f"privacy-{harness.guild.id}.json"
    found = json.loads(content)
    assert [row["provider"] for row in found["connection"]] == ["sensay"]
    assert [row["subject"] for row in found["access"]] == [str(harness.member.id)]
    assert [value for value in harness.sensay.credentials.values() if value in content.decode()] == []
    entries, _ = await harness.bot.services.audit.export(harness.guild.id)
    noted = [(entry.action, entry.member, entry.result) for entry in entries]
    assert noted[-1] == ("privacy.export", harness.manager.id, "done")


async def test_a_large_export_is_compressed(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long file is sent as .gz with the same content."""
    monkeypatch.setattr(replies, "MAX_PLAIN_BYTES", 10)
    name, content = await export(harness)
    assert name == f"privacy-{harness.guild.id}.json.gz"
    assert json.loads(gzip.decompress(content))["guild_id"] == str(harness.guild.id)


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_confirmed_deletion_leaves_a_tombstone_only(harness: BotHarness, locale: str) -> None:
    """The question counts the rows; after the confirmation one row is left, and no trace in the file of a
    member.
    """
    harness.locale = locale
    await store_rows(harness)
    there = counts(harness.database, harness.guild.id)
    question = await ask_to_erase(harness)
    assert f": {there['audit']}\n" in shown(question)
    total = sum(there.values())
    button = harness.texts.plural("privacy.delete.button", total)
    assert labels(question) == [button, harness.texts("confirm.keep")]
    pressed = await harness.manager.click(final(question).message, label=button)
    assert embed_of(pressed).title == f"✅ {harness.texts('privacy.delete.done')}"
    assert harness.texts("privacy.delete.traces") not in shown(pressed)
    assert final(pressed).components == []
    assert left(harness) == {"tombstone": 1}
    marks = [identity.to_bytes(8) for identity in (harness.manager.id, harness.member.id)]
    assert traces(harness.database, marks) == []
    assert embed_of(await ask_to_erase(harness)).title == f"💤 {harness.texts('privacy.delete.nothing')}"


@pytest.mark.parametrize("press", [True, False])
async def test_without_a_confirmation_everything_stays(harness: BotHarness, press: bool) -> None:
    """After the other button and after a minute the answer says that nothing was erased."""
    await store_rows(harness)
    before = counts(harness.database, harness.guild.id)
    question = await ask_to_erase(harness)
    if press:
        await harness.manager.click(final(question).message, label=harness.texts("confirm.keep"))
    else:
        await harness.env.advance_time(61)
    assert harness.texts("privacy.delete.kept") in (final(question).embeds[0].title or "")
    assert counts(harness.database, harness.guild.id) == before


async def test_a_granted_manager_reads_but_does_not_erase(harness: BotHarness) -> None:
    """To erase takes Discord's own Manage Server, for the command and again for the confirmation."""
    await store_rows(harness)
    harness.guild.set_command_permissions(harness.bot.services.links.ids["privacy"], {harness.member: True})
    before = counts(harness.database, harness.guild.id)
    read = await harness.member.slash(harness.channel, "privacy info")
    assert harness.texts("privacy.info") in shown(read)
    refused = await harness.member.slash(harness.channel, "privacy delete")
    assert harness.texts("problem.not_allowed.erase.title") in shown(refused)
    question = await ask_to_erase(harness)
    await harness.bot.services.access.grant(
        harness.guild.id, "member", harness.manager.id, Tier.MANAGER, member_id=harness.manager.id
    )
    harness.env.backend.get_guild(harness.guild.id).members[harness.manager.id].role_ids.clear()
    pressed = await harness.press(harness.manager, final(question), buttons(question)[0]["custom_id"])
    assert harness.texts("problem.not_allowed.erase.title") in shown(pressed)
    assert counts(harness.database, harness.guild.id) == before | {"access": 2}


async def test_an_erasure_is_told_where_the_log_was_repeated_and_to_the_owner(harness: BotHarness) -> None:
    """Both say who erased, when, and how many entries the log had; the copy of the log ends with that."""
    await store_rows(harness)
    owner, mirror = make_owner(harness), harness.guild.create_text_channel("logbook")
    await harness.manager.slash(harness.channel, "audit mirror", channel=mirror)
    entries = counts(harness.database, harness.guild.id)["audit"]
    erased = await erase(harness)
    now = int(harness.env.now().timestamp())
    for channel in (mirror, owner):
        (said,) = told(harness, channel)
        for part in (
            f"<@{harness.manager.id}>",
            f"<t:{now}:f>",
            f"**{entries} audit log entr",
            "Harbour Ops",
        ):
            assert part.replace("**", "") in said
    assert harness.texts("privacy.delete.owner_told") in shown(erased)
    await harness.bot.services.audit.note(harness.guild.id, "privacy.export", "")
    await harness.env.settle()
    last = list(mirror.history())[-1]
    assert told(harness, mirror) == [last.embeds[0].description]


@pytest.mark.parametrize(("status", "code"), [(403, 50001), (403, 50007), (404, 10003), (500, 0), (429, 0)])
async def test_an_erasure_that_cannot_be_told_happens_all_the_same(
    harness: BotHarness, status: int, code: int
) -> None:
    """Nothing is lost: the answer is the same, and the tombstone says how many entries there were."""
    await store_rows(harness)
    make_owner(harness)
    mirror = harness.guild.create_text_channel("logbook")
    await harness.manager.slash(harness.channel, "audit mirror", channel=mirror)
    entries = counts(harness.database, harness.guild.id)["audit"]
    harness.env.inject_error("POST", "/channels/*/messages", status=status, code=code, times=None)
    pressed = await erase(harness)
    assert embed_of(pressed).title == f"✅ {harness.texts('privacy.delete.done')}"
    assert harness.texts("privacy.delete.owner_not_told") in shown(pressed)
    assert harness.texts("privacy.delete.owner_told") not in shown(pressed)
    assert left(harness) == {"tombstone": 1}
    tombstone = await harness.bot.services.privacy.tombstone(harness.guild.id)
    assert tombstone == Tombstone(int(harness.env.now().timestamp()), entries)


@pytest.mark.parametrize("locale", LOCALES)
async def test_info_tells_of_an_erasure_until_its_note_goes(harness: BotHarness, locale: str) -> None:
    """A server that is used again keeps the note, and sees when, how much, and until when."""
    harness.locale = locale
    await store_rows(harness)
    entries = counts(harness.database, harness.guild.id)["audit"]
    name = harness.texts("privacy.info.erased")
    await erase(harness)
    at = int(harness.env.now().timestamp())
    await harness.connect("sensay")
    told_so = field(await harness.manager.slash(harness.channel, "privacy info"), name)
    assert told_so == harness.texts(
        "privacy.info.erased_what",
        time=f"<t:{at}:f> (<t:{at}:R>)",
        until=f"<t:{at + 7 * 86_400}:R>",
        entries=harness.texts.plural("privacy.erased.entries", entries),
    )
    _, content = await export(harness)
    assert [row["entries"] for row in json.loads(content)["tombstone"]] == [entries]
    harness.bot.services.privacy.erase_after = 0
    await harness.bot.services.privacy.sweep()
    assert name not in shown(await harness.manager.slash(harness.channel, "privacy info"))
    assert "tombstone" not in left(harness)


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_member_who_was_erased_is_called_so(harness: BotHarness, locale: str) -> None:
    """Lists say who connected and who granted something, and of an erased member that it was one."""
    harness.locale = locale
    await store_rows(harness)
    erased = harness.texts("member.erased")
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("UPDATE connection SET set_by = 0")
        database.execute("UPDATE access SET granted_by = 0")
    assert harness.texts("connections.list.set", member=erased, time="{}").partition("{}")[0] in (
        await harness.listed()
    )
    listed = shown(await harness.manager.slash(harness.channel, "access list"))
    assert erased in listed
    assert "<@0>" not in listed
