"""Every change leaves an entry with member, action, target and result; what failed is counted."""

import io
from collections.abc import Awaitable

import pytest

from bot.features.audit.chain import Chain
from bot.features.audit.under_way import SEARCH_SECONDS
from bot.providers.base.simulator import Answer, Reset
from tests.support import handover_steps, toolzz_editing, toolzz_steps
from tests.support.disconnect_steps import disconnect
from tests.support.handover_doubt import look, unread_doubt
from tests.support.harness import BotHarness, final, labels, shown
from tests.support.link_steps import link, unlink
from tests.support.log_capture import log_lines

REFUSED = Answer(400, {"error": "no"})


async def entries(harness: BotHarness) -> list[tuple[str, str, str]]:
    """Return action, target and result of the guild's entries, oldest first; all are the manager's.

    What was refused or failed comes last, because it is counted, and an entry that gives the result of
    another one stands for both.
    """
    found, chain = await harness.bot.services.audit.export(harness.guild.id)
    assert chain == Chain(len(found))
    assert {entry.member for entry in found} <= {harness.manager.id}
    ends = {entry.ends for entry in found if entry.ends is not None}
    assert {entry.number for entry in found if entry.result == "begun"} == ends
    return [
        (entry.action, entry.target, entry.result)
        for entry in found
        if entry.number not in ends
        for _ in range(entry.times)
    ]


async def confirm(harness: BotHarness, ask: Awaitable[object]) -> None:
    """Press the first button of a question."""
    asked = await ask
    await harness.manager.click(final(asked).message, label=labels(asked)[0])  # type: ignore[arg-type]


async def test_connections_leave_entries(harness: BotHarness) -> None:
    """Adding, replacing and removing leave entries, refused ones and those of removed connections too."""
    await harness.connect("sensay")
    form = await harness.open_form("add", "toolzz", "second")
    harness.toolzz.fail(Answer(401, {"error": "no"}), times=None)
    await harness.manager.submit_modal(form, dict(harness.toolzz.credentials))
    form = await harness.open_form("rotate", "sensay")
    await harness.manager.submit_modal(form, dict(harness.sensay.credentials))
    form = await harness.open_form("rotate", "sensay")
    asked = [
        await harness.manager.slash(harness.channel, "connections remove", provider="sensay") for _ in "12"
    ]
    for each in asked:
        await harness.manager.click(final(each).message, label=labels(each)[0])
    await harness.manager.submit_modal(form, dict(harness.sensay.credentials))
    assert await entries(harness) == [
        ("connection.add", "sensay · default", "done"),
        ("connection.rotate", "sensay · default", "done"),
        ("connection.remove", "sensay · default", "done"),
        ("connection.add", "toolzz · second", "failed:entered_credentials_refused"),
        ("connection.remove", "sensay · default", "refused:no_such_connection"),
        ("connection.rotate", "sensay · default", "refused:no_such_connection"),
    ]


async def test_a_question_alone_leaves_none(toolzz_connected: BotHarness) -> None:
    """A question, an open form, and what was done already leave no entry."""
    before = await entries(toolzz_connected)
    await toolzz_connected.open_form("rotate", "toolzz")
    await toolzz_connected.manager.slash(toolzz_connected.channel, "connections remove", provider="toolzz")
    await toolzz_steps.propose(toolzz_connected)
    await toolzz_editing.propose(toolzz_connected, title="Front desk")
    await link(toolzz_connected)
    await unlink(toolzz_connected)
    await link(toolzz_connected)
    assert [action for action, *_ in await entries(toolzz_connected)] == [
        *(each[0] for each in before),
        "toolzz.link",
    ]


async def test_sensay_connect_leaves_an_entry(harness: BotHarness) -> None:
    """A connect that succeeds, fails, or comes after somebody else's leaves an entry each."""
    await harness.connect("sensay")
    replica = harness.sensay.UNCONNECTED
    asked = await handover_steps.propose(harness)
    harness.sensay.fail(REFUSED, path=handover_steps.CREATION)
    await handover_steps.hand_over(harness)
    await handover_steps.hand_over(harness)
    await handover_steps.choose(harness, asked, "yes")
    assert (await entries(harness))[1:] == [
        ("sensay.connect", f"sensay · {replica}", "failed:rejected"),
        ("sensay.connect", f"sensay · {replica}", "done"),
        ("sensay.connect", f"sensay · {replica}", "refused:invalid_input"),
    ]


async def test_a_doubt_and_what_settles_it_are_two_entries(harness: BotHarness) -> None:
    """An unclear answer is recorded as unknown; the check that finds the bot adds an entry."""
    await harness.connect("sensay")
    doubt = await unread_doubt(harness, acted=True)
    harness.sensay.heal()
    await look(harness, doubt)
    entry = "sensay.connect", f"sensay · {harness.sensay.UNCONNECTED}"
    assert (await entries(harness))[1:] == [(*entry, "unknown"), (*entry, "done")]


@pytest.fixture
def removing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the undocumented removal at Sensay on."""
    monkeypatch.setenv("PATCHBAY_SENSAY_UNDOCUMENTED_DELETE", "true")


async def test_sensay_disconnect_leaves_an_entry(harness: BotHarness) -> None:
    """To forget a replica here leaves one entry."""
    await harness.connect("sensay")
    await disconnect(harness)
    entry = "sensay.disconnect", f"sensay · {harness.sensay.UNCONNECTED}", "done"
    assert (await entries(harness))[1:] == [entry]


async def test_removing_at_sensay_has_a_result_of_its_own(removing: None, harness: BotHarness) -> None:
    """Where Sensay is asked to remove the replica too, the entry has the result of that."""
    await harness.connect("sensay")
    harness.sensay.removal = 200
    for answer in (None, Answer(404, {"error": "no"}), Answer(400, {"error": "no"}), Answer(502, {})):
        if answer is not None:
            harness.sensay.fail(answer, times=None, path=handover_steps.CREATION)
        await disconnect(harness, harness.sensay.ACTIVE)
        harness.sensay.heal()
    results = [result for _, _, result in (await entries(harness))[1:]]
    assert results == ["done", "failed:not_found", "failed:rejected", "unknown"]


async def test_linking_leaves_entries(toolzz_connected: BotHarness) -> None:
    """Links and unlinks leave entries, refused and failed ones too."""
    here, gone = toolzz_connected.toolzz.CONNECTED, toolzz_connected.toolzz.DELETED
    await link(toolzz_connected)
    await confirm(toolzz_connected, unlink(toolzz_connected))
    await link(toolzz_connected, gone)
    toolzz_connected.toolzz.integrations[here]["guildId"] = "1"
    await link(toolzz_connected)
    toolzz_connected.toolzz.integrations[here]["guildId"] = None
    await confirm(toolzz_connected, link(toolzz_connected))
    toolzz_connected.toolzz.fail(Answer(429, {}), times=None)
    await link(toolzz_connected)
    assert (await entries(toolzz_connected))[1:] == [
        ("toolzz.link", f"toolzz · {here}", "done"),
        ("toolzz.unlink", f"toolzz · {here}", "done"),
        ("toolzz.link", f"toolzz · {here}", "done"),
        ("toolzz.link", f"toolzz · {gone}", "refused:invalid_input"),
        ("toolzz.link", f"toolzz · {here}", "refused:runs_elsewhere"),
        ("toolzz.link", f"toolzz · {here}", "failed:rate_limited"),
    ]


async def test_toolzz_connect_leaves_an_entry(toolzz_connected: BotHarness) -> None:
    """A connect that succeeds, fails, stays unclear, or is refused leaves an entry each."""
    agent = ("toolzz.connect", f"toolzz · {toolzz_connected.toolzz.AGENT}")
    await toolzz_steps.put_in(toolzz_connected)
    toolzz_steps.strike(toolzz_connected, "POST", REFUSED)
    await toolzz_steps.put_in(toolzz_connected)
    toolzz_connected.toolzz.heal()
    toolzz_steps.strike(toolzz_connected, "POST", Reset(), lasts=True)
    await toolzz_steps.put_in(toolzz_connected)
    toolzz_connected.toolzz.heal()
    asked = await toolzz_steps.propose(toolzz_connected)
    await toolzz_connected.env.advance_time(5)
    form = await toolzz_connected.open_form("rotate", "toolzz")
    await toolzz_connected.manager.submit_modal(form, dict(toolzz_connected.toolzz.credentials))
    await toolzz_steps.choose(toolzz_connected, asked, "yes")
    assert (await entries(toolzz_connected))[1:] == [
        (*agent, "done"),
        (*agent, "failed:rejected"),
        (*agent, "unknown"),
        ("connection.rotate", "toolzz · default", "done"),
        (*agent, "refused:connection_changed"),
    ]


async def test_toolzz_edit_leaves_an_entry(toolzz_connected: BotHarness) -> None:
    """An edit that succeeds, fails, stays unclear, or comes after somebody else's leaves an entry each."""
    integration = ("toolzz.edit", f"toolzz · {toolzz_connected.toolzz.CONNECTED}")
    write = toolzz_editing.press

    async def change(title: str) -> None:
        await write(toolzz_connected, await toolzz_editing.propose(toolzz_connected, title=title))

    await change("Front desk")
    toolzz_steps.strike(toolzz_connected, "PUT", REFUSED)
    await change("Second desk")
    toolzz_connected.toolzz.heal()
    toolzz_steps.strike(toolzz_connected, "PUT", Reset(), lasts=True)
    await change("Third desk")
    toolzz_connected.toolzz.heal()
    asked = await toolzz_editing.propose(toolzz_connected, title="Fourth desk")
    toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.CONNECTED]["title"] = "Somebody else's"
    await write(toolzz_connected, asked)
    assert (await entries(toolzz_connected))[1:] == [
        (*integration, "done"),
        (*integration, "failed:rejected"),
        (*integration, "unknown"),
        (*integration, "refused:overtaken"),
    ]


async def test_a_change_that_the_log_misses_is_answered(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the entry cannot be written, the member still reads that the connection is there."""
    await harness.bot.services.audit._store._database._engine.connection.execute("DROP TABLE audit")
    result = await harness.connect("sensay")
    assert (final(result).embeds[0].title or "").startswith("✅")
    assert "default" in await harness.listed()


@pytest.mark.parametrize("is_known", [True, False])
async def test_status_says_what_is_known_of_a_handover(
    toolzz_connected: BotHarness, *, is_known: bool
) -> None:
    """The latest handover for the agent is named while its result is unknown, and no longer than that."""
    unit, harness = toolzz_connected.toolzz, toolzz_connected
    agent = unit.integrations[unit.CONNECTED]["botId"]
    note = harness.bot.services.audit.note
    me = harness.manager.id
    await note(harness.guild.id, "toolzz.connect", f"toolzz · {agent}", "unknown", member_id=me)
    if is_known:
        await note(harness.guild.id, "toolzz.connect", f"toolzz · {agent}", member_id=me)
    asked = await harness.manager.slash(harness.channel, "toolzz status", integration=unit.CONNECTED)
    assert (harness.texts("handover.unsettled") in shown(asked)) != is_known
    assert (f"by <@{me}>. The provider" in shown(asked)) != is_known


async def test_no_secret_is_in_the_log(toolzz_connected: BotHarness) -> None:
    """After every kind of change, done or failed, no credential or token is in the log."""
    await toolzz_connected.connect("sensay")
    await handover_steps.hand_over(toolzz_connected)
    await toolzz_steps.put_in(toolzz_connected)
    toolzz_steps.strike(
        toolzz_connected, "PUT", Answer(400, {"error": toolzz_connected.toolzz.discord_token})
    )
    await toolzz_editing.propose(toolzz_connected, title=toolzz_connected.toolzz.discord_token)
    await toolzz_editing.press(toolzz_connected, await toolzz_editing.propose(toolzz_connected, title="x"))
    rows, _ = await toolzz_connected.bot.services.audit.export(toolzz_connected.guild.id)
    assert len(rows) == 8
    secrets = [toolzz_connected.sensay.discord_token, toolzz_connected.toolzz.discord_token]
    secrets += [*toolzz_connected.sensay.credentials.values(), *toolzz_connected.toolzz.credentials.values()]
    assert [secret for secret in secrets if secret in str(rows)] == []


async def test_upkeep_that_fails_goes_on_and_does_not_fill_the_log(
    harness: BotHarness, log: io.StringIO
) -> None:
    """Whatever stands in its way is logged with its traceback once, then with the number of failures."""
    await harness.bot.services.audit._store._database._engine.connection.execute("DROP TABLE audit")
    await harness.env.advance_time(SEARCH_SECONDS)
    for _ in range(5):
        await harness.env.advance_time(601)
    lines = log_lines(log, "audit_upkeep_failed")
    assert len(lines) > 2
    assert ["exception" in line for line in lines] == [True] + [False] * (len(lines) - 1)
    assert lines[-1]["failures"] == len(lines)
