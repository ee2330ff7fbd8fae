"""Every command that changes something leaves one entry: who, what, on what, and how it ended."""

from collections.abc import Awaitable

import pytest

from bot.kit.simulator import Answer, Reset
from bot.services.audit_chain import Chain
from tests.cogs import handing_over, toolzz_editing, toolzz_steps
from tests.cogs.test_sensay_disconnect import forget
from tests.cogs.test_sensay_doubt import look, unread_doubt
from tests.cogs.test_toolzz_link import link, unlink
from tests.cogs.town import Town, final, labels

REFUSED = Answer(400, {"error": "no"})


async def entries(town: Town) -> list[tuple[str, str, str]]:
    """Return action, target and result of the guild's entries, oldest first; all are the manager's."""
    found, chain = await town.bot.audit.export(town.guild.id)
    assert chain == Chain(len(found))
    assert {entry.member for entry in found} <= {town.manager.id}
    return [(entry.action, entry.target, entry.result) for entry in found]


async def confirm(town: Town, ask: Awaitable[object]) -> None:
    """Press the first button of a question."""
    asked = await ask
    await town.manager.click(final(asked).message, label=labels(asked)[0])  # type: ignore[arg-type]


async def test_connections_leave_entries(town: Town) -> None:
    """Adding, adding what is refused, replacing and removing, also what has been removed meanwhile."""
    await town.connect("sensay")
    form = await town.open_form("add", "toolzz", "second")
    town.toolzz.fail(Answer(401, {}), times=None)
    await town.manager.submit_modal(form, dict(town.toolzz.credentials))
    form = await town.open_form("rotate", "sensay")
    await town.manager.submit_modal(form, dict(town.sensay.credentials))
    form = await town.open_form("rotate", "sensay")
    asked = [await town.manager.slash(town.channel, "connections remove", provider="sensay") for _ in "12"]
    for each in asked:
        await town.manager.click(final(each).message, label=labels(each)[0])
    await town.manager.submit_modal(form, dict(town.sensay.credentials))
    assert await entries(town) == [
        ("connection.add", "sensay · default", "done"),
        ("connection.add", "toolzz · second", "failed:entered_credentials_refused"),
        ("connection.rotate", "sensay · default", "done"),
        ("connection.remove", "sensay · default", "done"),
        ("connection.remove", "sensay · default", "refused:no_such_connection"),
        ("connection.rotate", "sensay · default", "refused:no_such_connection"),
    ]


async def test_a_question_alone_leaves_none(office: Town) -> None:
    """Nothing was changed yet by whoever has been asked, opened a form, or found it done already."""
    before = await entries(office)
    await office.open_form("rotate", "toolzz")
    await office.manager.slash(office.channel, "connections remove", provider="toolzz")
    await toolzz_steps.propose(office)
    await toolzz_editing.propose(office, title="Front desk")
    await link(office)
    await unlink(office)
    await link(office)
    assert [action for action, *_ in await entries(office)] == [*(each[0] for each in before), "toolzz.link"]


async def test_sensay_connect_leaves_an_entry(town: Town) -> None:
    """Done, failed, and refused because somebody else was first."""
    await town.connect("sensay")
    replica = town.sensay.UNCONNECTED
    asked = await handing_over.propose(town)
    town.sensay.fail(REFUSED, path=handing_over.CREATION)
    await handing_over.hand_over(town)
    await handing_over.hand_over(town)
    await handing_over.choose(town, asked, "yes")
    assert (await entries(town))[1:] == [
        ("sensay.connect", f"sensay · {replica}", "failed:rejected"),
        ("sensay.connect", f"sensay · {replica}", "done"),
        ("sensay.connect", f"sensay · {replica}", "refused:invalid_input"),
    ]


async def test_a_doubt_and_what_settles_it_are_two_entries(town: Town) -> None:
    """Without a good answer the result is unknown; the look that finds the bot there adds that it is done."""
    await town.connect("sensay")
    doubt = await unread_doubt(town, acted=True)
    town.sensay.heal()
    await look(town, doubt)
    entry = "sensay.connect", f"sensay · {town.sensay.UNCONNECTED}"
    assert (await entries(town))[1:] == [(*entry, "unknown"), (*entry, "done")]


@pytest.fixture
def removing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the operator have switched the undocumented removal at Sensay on."""
    monkeypatch.setenv("PATCHBAY_SENSAY_UNDOCUMENTED_DELETE", "true")


async def test_sensay_disconnect_leaves_an_entry(town: Town) -> None:
    """To forget a replica here is all that is asked for, and is done."""
    await town.connect("sensay")
    await forget(town)
    entry = "sensay.disconnect", f"sensay · {town.sensay.UNCONNECTED}", "done"
    assert (await entries(town))[1:] == [entry]


async def test_removing_at_sensay_has_a_result_of_its_own(removing: None, town: Town) -> None:
    """Where the operator lets Sensay be asked to remove it too, the entry says what became of that."""
    await town.connect("sensay")
    town.sensay.removal = 200
    for answer in (None, Answer(404, {}), Answer(400, {}), Answer(502, {})):
        if answer is not None:
            town.sensay.fail(answer, times=None, path=handing_over.CREATION)
        await forget(town, town.sensay.ACTIVE)
        town.sensay.heal()
    results = [result for _, _, result in (await entries(town))[1:]]
    assert results == ["done", "failed:not_found", "failed:rejected", "unknown"]


async def test_linking_leaves_entries(office: Town) -> None:
    """Linked, refused as it is deleted or runs elsewhere, linked on a member's word, failed as Toolzz did."""
    here, gone = office.toolzz.CONNECTED, office.toolzz.DELETED
    await link(office)
    await confirm(office, unlink(office))
    await link(office, gone)
    office.toolzz.integrations[here]["guildId"] = "1"
    await link(office)
    office.toolzz.integrations[here]["guildId"] = None
    await confirm(office, link(office))
    office.toolzz.fail(Answer(429, {}), times=None)
    await link(office)
    assert (await entries(office))[1:] == [
        ("toolzz.link", f"toolzz · {here}", "done"),
        ("toolzz.unlink", f"toolzz · {here}", "done"),
        ("toolzz.link", f"toolzz · {gone}", "refused:invalid_input"),
        ("toolzz.link", f"toolzz · {here}", "refused:runs_elsewhere"),
        ("toolzz.link", f"toolzz · {here}", "done"),
        ("toolzz.link", f"toolzz · {here}", "failed:rate_limited"),
    ]


async def test_toolzz_connect_leaves_an_entry(office: Town) -> None:
    """Done, refused as the connection was replaced meanwhile, failed, and in doubt."""
    agent = ("toolzz.connect", f"toolzz · {office.toolzz.AGENT}")
    await toolzz_steps.put_in(office)
    toolzz_steps.strike(office, "POST", REFUSED)
    await toolzz_steps.put_in(office)
    office.toolzz.heal()
    toolzz_steps.strike(office, "POST", Reset(), lasts=True)
    await toolzz_steps.put_in(office)
    office.toolzz.heal()
    asked = await toolzz_steps.propose(office)
    await office.env.advance_time(5)
    form = await office.open_form("rotate", "toolzz")
    await office.manager.submit_modal(form, dict(office.toolzz.credentials))
    await toolzz_steps.choose(office, asked, "yes")
    assert (await entries(office))[1:] == [
        (*agent, "done"),
        (*agent, "failed:rejected"),
        (*agent, "unknown"),
        ("connection.rotate", "toolzz · default", "done"),
        (*agent, "refused:connection_changed"),
    ]


async def test_toolzz_edit_leaves_an_entry(office: Town) -> None:
    """Done, failed, in doubt, and not done because somebody else was first."""
    integration = ("toolzz.edit", f"toolzz · {office.toolzz.CONNECTED}")
    write = toolzz_editing.press

    async def change(title: str) -> None:
        await write(office, await toolzz_editing.propose(office, title=title))

    await change("Front desk")
    toolzz_steps.strike(office, "PUT", REFUSED)
    await change("Second desk")
    office.toolzz.heal()
    toolzz_steps.strike(office, "PUT", Reset(), lasts=True)
    await change("Third desk")
    office.toolzz.heal()
    asked = await toolzz_editing.propose(office, title="Fourth desk")
    office.toolzz.integrations[office.toolzz.CONNECTED]["title"] = "Somebody else's"
    await write(office, asked)
    assert (await entries(office))[1:] == [
        (*integration, "done"),
        (*integration, "failed:rejected"),
        (*integration, "unknown"),
        (*integration, "refused:overtaken"),
    ]


async def test_a_change_that_the_log_misses_is_answered(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the entry cannot be written the member still reads that the connection is there."""
    await town.bot.audit._store._database._writer.execute("DROP TABLE audit")
    result = await town.connect("sensay")
    assert (final(result).embeds[0].title or "").startswith("✅")
    assert "default" in await town.listed()


async def test_no_secret_is_in_the_log(office: Town) -> None:
    """After every kind of change, well and badly ended, no credential or token is in a row of the log."""
    await office.connect("sensay")
    await handing_over.hand_over(office)
    await toolzz_steps.put_in(office)
    toolzz_steps.strike(office, "PUT", Answer(400, {"error": office.toolzz.discord_token}))
    asked = await toolzz_editing.propose(office, title=office.toolzz.discord_token)
    await toolzz_editing.press(office, asked)
    rows, _ = await office.bot.audit.export(office.guild.id)
    assert len(rows) == 5
    secrets = [office.sensay.discord_token, office.toolzz.discord_token]
    secrets += [*office.sensay.credentials.values(), *office.toolzz.credentials.values()]
    assert [secret for secret in secrets if secret in str(rows)] == []
