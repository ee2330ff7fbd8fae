"""With `/privacy` managers see what is stored, export it as a file, and erase it."""

import gzip
import json
import sys

import pytest
import simcord

from bot.features.access.tier import Tier
from bot.i18n.catalog import LOCALES
from tests.support.guild_rows import counts, traces
from tests.support.harness import BotHarness, buttons, embed_of, field, final, labels, shown


async def store_rows(harness: BotHarness) -> None:
    """Connect a provider and grant a tier, so that there are rows of most kinds."""
    await harness.connect("sensay")
    await harness.bot.services.access.grant(
        harness.guild.id, "member", harness.member.id, Tier.MANAGER, member_id=harness.manager.id
    )


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
    days = harness.texts.plural("privacy.info.how_long", 7), harness.texts.plural("privacy.info.history", 90)
    assert field(result, harness.texts("privacy.info.time")) == "\n".join(days)
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
    """A file that Discord could refuse is sent as .gz with the same content."""
    monkeypatch.setattr(sys.modules["cogs.privacy.commands"], "_MAX_BYTES", 10)
    name, content = await export(harness)
    assert name == f"privacy-{harness.guild.id}.json.gz"
    assert json.loads(gzip.decompress(content))["guild_id"] == str(harness.guild.id)


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_confirmed_deletion_leaves_nothing(harness: BotHarness, locale: str) -> None:
    """The question counts the rows; after the confirmation no row and no trace is left in the file."""
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
    assert set(counts(harness.database, harness.guild.id).values()) == {0}
    marks = [identity.to_bytes(8) for identity in (harness.guild.id, harness.manager.id, harness.member.id)]
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
