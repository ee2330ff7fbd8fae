"""`/audit`: the log in pages, as a file that anybody can check, and copied to a channel."""

import gzip
import importlib
import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from typing import Any

import pytest
import simcord

from bot.discord import replies
from bot.features.audit.chain import Flaw
from bot.features.privacy.member_store import MemberStore
from bot.i18n.catalog import LOCALES, load_catalog
from tests.support.audit_steps import (
    fill,
    listed,
    mirror,
    numbers,
    posted,
    tamper,
    wait_until_sent,
)
from tests.support.authority import NOT_ALLOWED
from tests.support.harness import PORTUGUESE, BotHarness, buttons, embed_of, field, final, shown
from tests.support.hostile import ATTACKS, marks
from tests.support.toolzz_steps import move_here

# --- list ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_an_entry_says_who_what_on_what_and_how_it_ended(harness: BotHarness, locale: str) -> None:
    """Entries are two lines each, newest first, below a line that says that the log is unbroken."""
    harness.locale = locale
    await harness.connect("sensay")
    await harness.bot.services.audit.note(harness.guild.id, "guild.returned", "", "refused:forbidden")
    result = await listed(harness)
    assert final(result).ephemeral
    first, _, *lines = (embed_of(result).description or "").splitlines()
    assert first == "✅ " + harness.texts("audit.chain.page_holds")
    assert lines[0].startswith("#2 · <t:")
    assert lines[0].endswith(" · Patchbay")
    reason = harness.texts("problem.forbidden.title", provider="Discord")
    refused = f"🚫 {harness.texts('audit.result.refused')} ({reason})"
    assert lines[1] == f"**{harness.texts('audit.action.guild.returned')}** · — · {refused}"
    assert lines[3].endswith(f" · <@{harness.manager.id}>")
    assert lines[4] == (
        f"**{harness.texts('audit.action.connection.add')}** · Sensay · `default`"
        f" · ✅ {harness.texts('audit.result.done')}"
    )
    assert field(result, harness.texts("next_step")) == harness.linked(harness.texts("audit.list.whole_next"))


async def test_an_agent_has_the_name_that_is_known(harness: BotHarness) -> None:
    """Our records, what is watched and cached lists give it, in the list and in the copied entry."""
    channel = harness.guild.create_text_channel("log")
    await harness.connect("toolzz")
    move_here(harness)
    await mirror(harness, channel)
    unit = harness.toolzz
    unit.touch(unit.DISCONNECTED, title="Suporte da loja")
    await harness.manager.slash(harness.channel, "toolzz link", integration=unit.CONNECTED)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    await harness.manager.slash(
        harness.channel, "alerts mute", integration=unit.DISCONNECTED, **{"for": "1h"}
    )
    await harness.manager.autocomplete(harness.channel, "toolzz connect", "agent", "")
    await harness.bot.services.audit.note(harness.guild.id, "toolzz.connect", f"toolzz · {unit.AGENT}")
    said = embed_of(await listed(harness)).description or ""
    assert f"Suporte da loja (`{unit.CONNECTED[-8:]}`)" in said
    assert f"Suporte da loja (`{unit.DISCONNECTED[-8:]}`) · 1 hour" in said
    agent = next(each["name"] for each in unit.agents if each["id"] == unit.AGENT)
    assert f"{agent} (`{unit.AGENT[-8:]}`)" in said
    assert unit.CONNECTED not in said
    await wait_until_sent(harness)
    assert any(f"({agent} (`" in f"({embed.description}" for embed in posted(channel))
    rows, chain = await harness.bot.services.audit.export(harness.guild.id)
    assert f"toolzz · {unit.CONNECTED}" in {row.target for row in rows}, "the rows stay as they are"
    assert chain.flaw is None


async def test_the_log_is_read_page_by_page(harness: BotHarness) -> None:
    """A page has ten entries; buttons work after a restart, and none leads to a page that is not there."""
    await fill(harness, 23)
    result = await listed(harness)
    assert numbers(result) == list(range(23, 13, -1))
    assert [button.get("disabled", False) for button in buttons(result)] == [True, False, False]
    await harness.restart()
    await harness.manager.click(final(result).message, label="Next")
    assert numbers(result) == list(range(13, 3, -1))
    await harness.manager.click(final(result).message, label="Next")
    assert numbers(result) == [3, 2, 1]
    assert embed_of(result).footer.text == "Entries #3 to #1"
    assert [button.get("disabled", False) for button in buttons(result)] == [False, False, True]
    assert max(len(button["custom_id"]) for button in buttons(result)) <= 100


async def test_the_log_is_filtered(harness: BotHarness) -> None:
    """The filter is by member, by action, or by both, on the next pages as well."""
    await fill(harness, 45)
    assert numbers(await listed(harness, member=harness.member)) == [45, 40, 35, 30, 25, 20, 15, 10, 5]
    both = await listed(harness, member=harness.manager, action="toolzz.edit")
    assert numbers(both) == [43, 41, 39, 37, 33, 31, 29, 27, 23, 21]
    await harness.manager.click(final(both).message, label="Next")
    assert numbers(both) == [19, 17, 13, 11, 9, 7, 3, 1]
    nothing = await listed(harness, action="privacy.export")
    assert harness.texts("audit.list.none_found") in (embed_of(nothing).description or "")


async def test_actions_are_suggested_by_their_words(harness: BotHarness) -> None:
    """Suggestions are in the member's language; an unknown action is refused."""
    harness.locale = PORTUGUESE
    choices = await harness.manager.autocomplete(harness.channel, "audit list", "action", "vinculada")
    assert {choice["value"] for choice in choices} == {"integrations.link", "toolzz.link", "toolzz.unlink"}
    refused = await listed(harness, action="DROP TABLE audit")
    assert harness.texts("problem.invalid_input.audit_action.title") in shown(refused)


async def test_buttons_of_earlier_messages_answer(harness: BotHarness) -> None:
    """A button that was sent when pages were counted shows the newest page, with the same filter."""
    await fill(harness, 23)
    result = await listed(harness)
    pressed = await harness.press_forged(result, "audit:list:2:0:")
    assert numbers(pressed) == list(range(23, 13, -1))
    pressed = await harness.press_forged(result, f"audit:list:2:{harness.member.id}:")
    assert numbers(pressed) == [20, 15, 10, 5]


@pytest.mark.parametrize("locale", LOCALES)
async def test_an_erased_member_is_shown_as_one(harness: BotHarness, locale: str) -> None:
    """The entries stay; neither who did it nor whom it was about is shown any more."""
    harness.locale = locale
    audit, erased = harness.bot.services.audit, harness.texts("member.erased")
    target = f"member · {harness.member.id} · viewer"
    await audit.note(harness.guild.id, "access.grant", target, member_id=harness.member.id)
    said = embed_of(await listed(harness)).description or ""
    assert said.count(f"<@{harness.member.id}>") == 2
    await MemberStore(audit._store._database).erase(harness.member.id)
    said = embed_of(await listed(harness)).description or ""
    assert str(harness.member.id) not in said
    assert f"{erased}\n" in said
    assert f" · {erased} · " in said
    file = await exported(harness)
    assert str(harness.member.id) not in json.dumps(file)
    assert file["verdict"]["holds"]


async def test_a_handover_is_one_line(harness: BotHarness) -> None:
    """The line with the result stands for the entry from before it too; what is under way says so."""
    audit, me = harness.bot.services.audit, harness.manager.id
    async with audit.change(harness.guild.id, me, "sensay.connect", "sensay · a") as change:
        await change.begin()
        said = embed_of(await listed(harness)).description or ""
        assert f"⏳ {harness.texts('audit.result.begun')}" in said
    said = embed_of(await listed(harness)).description or ""
    assert "\n#2 + #1 · <t:" in said
    assert said.count("#") == 2
    file = await exported(harness)
    assert [(each["result"], each.get("ends")) for each in file["entries"]][:2] == [
        ("begun", None),
        ("done", 1),
    ]


async def test_no_guild_sees_anothers_log(harness: BotHarness) -> None:
    """A guild's entries are in no other guild's list or file, not even by a button of its message."""
    await fill(harness, 3)
    asked = await listed(harness)
    there = harness.other_guild()
    assert numbers(await listed(there)) == []
    assert there.texts("audit.list.none") in (embed_of(await listed(there)).description or "")
    stolen = await listed(there)
    await there.press_forged(stolen, buttons(asked)[0]["custom_id"])
    assert numbers(stolen) == []
    file = await exported(there)
    assert file["entries"] == []
    assert str(harness.guild.id) not in json.dumps(file)


async def test_a_forged_button_finds_nothing(harness: BotHarness) -> None:
    """An impossible member, page or action in a custom id is refused."""
    forged = {
        f"page:before:1:{'9' * 20}:": "option",
        "list:0:0:": "page",
        "page:newest:0:0:drop.table": "audit_action",
    }
    for custom_id, wrong in forged.items():
        refused = await harness.press_forged(await listed(harness), f"audit:{custom_id}")
        assert harness.texts(f"problem.invalid_input.{wrong}.title") in shown(refused)


async def test_who_may_not_look_does_not(harness: BotHarness) -> None:
    """A member without the tier cannot open a page with the button of a shared answer."""
    await fill(harness, 12)
    shared = await listed(harness, share=True)
    assert not final(shared).ephemeral
    pressed = await harness.press(harness.member, final(shared), buttons(shared)[2]["custom_id"])
    assert (embed_of(pressed).title or "") == NOT_ALLOWED
    assert numbers(shared)[0] == 12


async def test_a_broken_log_says_where(harness: BotHarness) -> None:
    """The list still works; its first line and its next step, and the file, name what is broken."""
    await fill(harness, 4)
    tamper(harness, "UPDATE audit SET result = 'done ' WHERE number = 2")
    result = await listed(harness)
    assert (embed_of(result).title or "").startswith("⚠️")
    first = (embed_of(result).description or "").splitlines()[0]
    assert first == "⚠️ " + harness.texts("audit.chain.altered", number=2)
    assert field(result, "Next step") == harness.linked(harness.texts("audit.list.broken_next"))
    file = await exported(harness)
    assert file["verdict"] == {"holds": False, "entries": 4, "deleted_to": 0, "flaw": "altered", "number": 2}


@pytest.mark.parametrize("flaw", Flaw)
def test_every_flaw_is_worded(flaw: Flaw) -> None:
    """Each flaw has a text in both languages, with the number of the entry."""
    for locale in LOCALES:
        assert "#7" in load_catalog()[locale](f"audit.chain.{flaw}", number=7)


async def test_what_others_wrote_into_the_log_does_nothing(harness: BotHarness) -> None:
    """Hostile text in any column is shown as characters, or not at all."""
    text = " ".join(ATTACKS)[:200]
    with closing(sqlite3.connect(harness.database)) as database, database:
        row = (harness.guild.id, 1, 1, None, text, text, text, b"")
        database.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, 1)", row)
    said = embed_of(await listed(harness)).description or ""
    assert "altered" in said
    assert sorted(set(marks(said))) == ["bold", "time"], "which are the line's own"


# --- export ---


async def exported(harness: BotHarness) -> dict[str, Any]:
    """Have the manager export the log; return the content of the file."""
    return file_of(harness, await harness.manager.slash(harness.channel, "audit export"))


def file_of(harness: BotHarness, result: simcord.InteractionResult) -> dict[str, Any]:
    """Return the content of the file in an answer."""
    (file,) = final(result).attachments
    assert file.filename == f"audit-{harness.guild.id}.json"
    held: dict[str, Any] = json.loads(harness.env.backend.cdn.get(file.url) or b"")
    return held


async def test_a_long_log_is_compressed(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long file, which would hold up other servers while it is sent, comes as .gz with the same content."""
    monkeypatch.setattr(replies, "MAX_PLAIN_BYTES", 10)
    (file,) = final(await harness.manager.slash(harness.channel, "audit export")).attachments
    assert file.filename == f"audit-{harness.guild.id}.json.gz"
    content = json.loads(gzip.decompress(harness.env.backend.cdn.get(file.url) or b""))
    assert content["guild"] == str(harness.guild.id)


async def test_the_file_can_be_checked_by_anybody(harness: BotHarness) -> None:
    """The hashes can be computed again from the file; the last one is the end of the log."""
    await harness.connect("sensay")
    await harness.bot.services.audit.note(
        harness.guild.id, "connection.refused", "sensay · ñ", "failed:unauthorized"
    )
    result = await harness.manager.slash(harness.channel, "audit export")
    assert final(result).ephemeral
    assert harness.texts.plural("audit.chain.holds", 2) in (embed_of(result).description or "")
    file = file_of(harness, result)
    assert file["verdict"] == {"holds": True, "entries": 2, "deleted_to": 0, "flaw": None, "number": None}
    before = bytes.fromhex(file["hash_before"])
    columns = ("number", "at", "member", "action", "target", "result")
    for entry in file["entries"]:
        text = json.dumps([file["guild"], *(entry[name] for name in columns)], separators=(",", ":"))
        before = sha256(before + text.encode()).digest()
        assert entry["hash"] == before.hex()
    rows, _ = await harness.bot.services.audit.export(harness.guild.id)
    assert rows[1].hash == before


async def test_an_export_is_recorded(harness: BotHarness) -> None:
    """The log says who exported it, and up to which entry."""
    await fill(harness, 3)
    await exported(harness)
    rows, _ = await harness.bot.services.audit.export(harness.guild.id)
    assert (rows[3].member, rows[3].action, rows[3].target) == (harness.manager.id, "audit.export", "#3")


async def test_no_secret_is_in_file_or_table(harness: BotHarness) -> None:
    """No credential is in an entry or in the file."""
    await harness.connect("sensay")
    text = json.dumps(await exported(harness)) + str(
        await harness.bot.services.audit.export(harness.guild.id)
    )
    assert [value for value in harness.sensay.credentials.values() if value in text] == []


async def test_the_file_of_a_long_log_has_the_newest_entries(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of a long log has the newest entries, and the hash before them to check them."""
    monkeypatch.setattr(importlib.import_module("bot.features.audit.service"), "MAX_EXPORTED", 2)
    await fill(harness, 5)
    file = await exported(harness)
    assert [entry["number"] for entry in file["entries"]] == [4, 5]
    monkeypatch.undo()
    rows, _ = await harness.bot.services.audit.export(harness.guild.id)
    assert file["hash_before"] == rows[2].hash.hex()
