"""`/privacy`: managers read what is stored, take it with them as a file, and have all of it erased."""

import gzip
import json
import sys

import pytest
import simcord

from bot.i18n.catalog import LOCALES
from bot.kit.tier import Tier
from tests.cogs.town import Town, buttons, embed_of, field, final, labels, shown
from tests.services.guild_rows import counts, traces


async def furnish(town: Town) -> None:
    """Connect a provider and let a role in: a row of most kinds."""
    await town.connect("sensay")
    await town.bot.access.grant(
        town.guild.id, "member", town.member.id, Tier.MANAGER, member_id=town.manager.id
    )


async def asked(town: Town) -> simcord.InteractionResult:
    """Have the manager ask for everything to be erased."""
    return await town.manager.slash(town.channel, "privacy delete")


async def exported(town: Town) -> tuple[str, bytes]:
    """Have the manager export; return the file's name and content."""
    result = await town.manager.slash(town.channel, "privacy export")
    assert final(result).ephemeral
    assert field(result, town.texts("next_step")) == town.linked(town.texts("privacy.export.next"))
    (file,) = final(result).attachments
    return file.filename, await file.read()


@pytest.mark.parametrize("locale", LOCALES)
async def test_info_counts_what_there_is_and_says_why_and_how_long(town: Town, locale: str) -> None:
    """Nothing here is stored without being counted, with its reason; days, host and next step follow."""
    town.locale = locale
    await furnish(town)
    result = await town.manager.slash(town.channel, "privacy info")
    assert final(result).ephemeral
    there = counts(town.database, town.guild.id)
    others = ("guild", "audit_head", "watched", "last_check", "route", "board")
    assert embed_of(result).description == town.texts(
        "privacy.info.what",
        connections=1,
        integrations=0,
        grants=1,
        entries=there["audit"],
        incidents=there["incident"] + there["alert"],
        history=there["history"],
        others=sum(there[each] for each in others),
    )
    for part in ("never", "who"):
        assert field(result, town.texts(f"privacy.info.{part}")) == town.texts(f"privacy.info.{part}_what")
    days = town.texts.plural("privacy.info.how_long", 7), town.texts.plural("privacy.info.history", 90)
    assert field(result, town.texts("privacy.info.time")) == "\n".join(days)
    assert field(result, town.texts("next_step")) == town.linked(town.texts("privacy.info.next"))


async def test_info_knows_when_nothing_outlives_a_removal(town: Town) -> None:
    """Where the operator keeps nothing it does not speak of days."""
    town.bot.privacy.erase_after = 0
    result = await town.manager.slash(town.channel, "privacy info")
    assert field(result, town.texts("privacy.info.time")).startswith(town.texts("privacy.info.how_long_none"))


async def test_the_export_is_a_file_without_secrets_and_is_noted(town: Town) -> None:
    """JSON with this server's rows and no other's; who took it with them stands in the audit log."""
    await furnish(town)
    await town.abroad().connect("toolzz")
    name, content = await exported(town)
    assert name == f"privacy-{town.guild.id}.json"
    found = json.loads(content)
    assert [row["provider"] for row in found["connection"]] == ["sensay"]
    assert [row["subject"] for row in found["access"]] == [str(town.member.id)]
    assert [value for value in town.sensay.credentials.values() if value in content.decode()] == []
    entries, _ = await town.bot.audit.export(town.guild.id)
    noted = [(entry.action, entry.member, entry.result) for entry in entries]
    assert noted[-1] == ("privacy.export", town.manager.id, "done")


async def test_an_export_that_is_too_large_goes_out_compressed(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord refuses large files: then the same content comes as .gz."""
    monkeypatch.setattr(sys.modules["cogs.privacy.commands"], "_MOST_BYTES", 10)
    name, content = await exported(town)
    assert name == f"privacy-{town.guild.id}.json.gz"
    assert json.loads(gzip.decompress(content))["guild_id"] == str(town.guild.id)


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_confirmed_deletion_leaves_nothing(town: Town, locale: str) -> None:
    """The question counts what goes, the button is red; then no row is left, nor a trace in the file."""
    town.locale = locale
    await furnish(town)
    there = counts(town.database, town.guild.id)
    question = await asked(town)
    assert f": {there['audit']}\n" in shown(question)
    total = sum(there.values())
    button = town.texts.plural("privacy.delete.button", total)
    assert labels(question) == [button, town.texts("confirm.keep")]
    pressed = await town.manager.click(final(question).message, label=button)
    assert embed_of(pressed).title == f"✅ {town.texts('privacy.delete.done')}"
    assert town.texts("privacy.delete.traces") not in shown(pressed)
    assert final(pressed).components == []
    assert set(counts(town.database, town.guild.id).values()) == {0}
    marks = [identity.to_bytes(8) for identity in (town.guild.id, town.manager.id, town.member.id)]
    assert traces(town.database, marks) == []
    assert embed_of(await asked(town)).title == f"💤 {town.texts('privacy.delete.nothing')}"


@pytest.mark.parametrize("press", [True, False])
async def test_whoever_does_not_confirm_keeps_everything(town: Town, press: bool) -> None:
    """The other button, and a minute of silence, say that nothing was erased."""
    await furnish(town)
    before = counts(town.database, town.guild.id)
    question = await asked(town)
    if press:
        await town.manager.click(final(question).message, label=town.texts("confirm.keep"))
    else:
        await town.env.advance_time(61)
    assert town.texts("privacy.delete.kept") in (final(question).embeds[0].title or "")
    assert counts(town.database, town.guild.id) == before


async def test_a_granted_manager_reads_but_does_not_erase(town: Town) -> None:
    """What cannot be undone takes Discord's own Manage Server, when asked and again when confirmed."""
    await furnish(town)
    town.guild.set_command_permissions(town.bot.tree.command_ids["privacy"], {town.member: True})
    before = counts(town.database, town.guild.id)
    read = await town.member.slash(town.channel, "privacy info")
    assert town.texts("privacy.info.title") in shown(read)
    refused = await town.member.slash(town.channel, "privacy delete")
    assert town.texts("problem.not_allowed.erase.title") in shown(refused)
    question = await asked(town)
    await town.bot.access.grant(
        town.guild.id, "member", town.manager.id, Tier.MANAGER, member_id=town.manager.id
    )
    town.env.backend.get_guild(town.guild.id).members[town.manager.id].role_ids.clear()
    pressed = await town.press(town.manager, final(question), buttons(question)[0]["custom_id"])
    assert town.texts("problem.not_allowed.erase.title") in shown(pressed)
    assert counts(town.database, town.guild.id) == before | {"access": 2}
