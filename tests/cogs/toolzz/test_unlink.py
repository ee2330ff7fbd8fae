"""``/toolzz unlink`` forgets an integration that the server has linked, once a manager has confirmed it."""

import pytest

from bot.i18n.catalog import LOCALES
from tests.support.disconnect_steps import count_records
from tests.support.english import english
from tests.support.harness import BotHarness, embed_of, field, final, labels, shown
from tests.support.link_steps import link, unlink
from tests.support.sensay_steps import press
from tests.support.short_replies import lines
from tests.support.toolzz_steps import remembered


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("by", ["id", "title"])
async def test_what_was_confirmed_is_forgotten(here: BotHarness, by: str, locale: str) -> None:
    """The question says who linked it and what goes on; Toolzz gets no request."""
    await link(here)
    await link(here, here.toolzz.DISCONNECTED)
    (placed,) = [item for item in (await remembered(here)).values() if item.id == here.toolzz.CONNECTED]
    here.toolzz.requests.clear()
    here.locale = locale
    asked = await unlink(here, here.toolzz.CONNECTED.upper() if by == "id" else " suporte DA loja ")
    assert asked.ephemeral
    assert embed_of(asked).title == f"⚠️ {here.texts('toolzz.unlink.ask')}"
    name, linked_by, how = lines(asked)
    assert name == f"**Suporte da loja** · `…{here.toolzz.CONNECTED[-8:]}`"
    assert how == here.texts("toolzz.unlink.ask_how")
    assert f"<@{here.manager.id}>" in linked_by
    assert f"<t:{placed.placed_at}:R>" in linked_by
    yes = here.texts("toolzz.unlink.yes", integration="Suporte da loja")
    assert labels(asked) == [yes, here.texts("confirm.keep")]
    await here.manager.click(final(asked).message, label=yes)
    assert embed_of(asked).title == f"✅ {here.texts('toolzz.unlink.done')}"
    assert lines(asked)[-1] == here.texts("toolzz.unlink.done_how")
    assert "</toolzz link:" in field(asked, here.texts("next_step"))
    assert list(await remembered(here)) == [here.toolzz.DISCONNECTED]
    assert not here.toolzz.requests


@pytest.mark.parametrize("end", ["keep", "time"])
async def test_who_does_not_confirm_keeps_it(here: BotHarness, end: str) -> None:
    """Declining, and a minute without an answer, keep the link."""
    await link(here)
    asked = await unlink(here)
    if end == "keep":
        await press(here, asked, english("confirm.keep"))
    else:
        await here.env.advance_time(61)
    assert embed_of(asked).title == "💤 Still linked"
    why = "kept_how" if end == "keep" else "expired_how"
    assert embed_of(asked).description == here.texts(f"toolzz.unlink.{why}")
    assert labels(asked) == []
    assert count_records(here) == 1


async def test_unlinking_needs_no_readable_connection(here: BotHarness) -> None:
    """A link can be removed although the stored credentials cannot be read, after a restart too."""
    await link(here)
    here.damage("toolzz")
    await here.restart()
    asked = await unlink(here)
    await here.manager.click(final(asked).message, label="Unlink Suporte da loja")
    assert count_records(here) == 0


async def test_two_presses_at_once_are_one(here: BotHarness) -> None:
    """Two presses of the button at the same time lead to one answer and no error."""
    await link(here)
    asked = await unlink(here)
    yes = final(asked).components[0]["components"][0]["custom_id"]
    pressed = await here.press_at_once(here.manager, final(asked), yes, yes)
    assert [len(press.followups) for press in pressed] == [0, 0]
    assert embed_of(asked).title == f"✅ {english('toolzz.unlink.done')}"


@pytest.mark.parametrize("text", ["Nobody", "", "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4cff", "x" * 6000])
async def test_what_is_not_linked_cannot_be_unlinked(here: BotHarness, text: str) -> None:
    """The answer says that it is not linked, and names the suggestions."""
    await link(here)
    refused = await unlink(here, text or " ")
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.not_linked.title')}\n")
    assert "</toolzz list:" in field(refused, "What to do")
    assert count_records(here) == 1


async def test_a_title_that_two_have_is_not_guessed_at(here: BotHarness) -> None:
    """A title that two integrations have is refused; the id is accepted."""
    here.toolzz.touch(here.toolzz.DISCONNECTED, title="Suporte da loja")
    await link(here)
    await link(here, here.toolzz.DISCONNECTED)
    refused = shown(await unlink(here, "Suporte da loja"))
    assert refused.startswith(f"⚠️ {here.texts('problem.invalid_input.same_name.title')}\n")
    assert "called Suporte da loja." in refused
    assert embed_of(await unlink(here)).title == "⚠️ Unlink this integration?"


async def test_what_is_linked_is_suggested(here: BotHarness) -> None:
    """Only linked integrations are suggested, within Discord's limits, and Toolzz is not asked."""
    assert await here.manager.autocomplete(here.channel, "toolzz unlink", "integration", "") == []
    await link(here)
    await link(here, here.toolzz.DISCONNECTED)
    here.toolzz.requests.clear()
    for typed, found in (
        ("", ["Pedidos e entregas", "Suporte da loja"]),
        ("SUP", ["Suporte da loja"]),
        (here.toolzz.DISCONNECTED[-4:], ["Pedidos e entregas"]),
        ("comunidade", []),
    ):
        choices = await here.manager.autocomplete(here.channel, "toolzz unlink", "integration", typed)
        assert [choice["name"] for choice in choices] == found
    opened = await here.bot.services.connections.open(here.guild.id, "toolzz")
    for number in range(30):
        label = ("\u200b", "@everyone " * 40)[number % 2]
        await here.bot.services.integrations.record(opened, f"x{number}", label, bot_id=None, member_id=1)
    choices = await here.manager.autocomplete(here.channel, "toolzz unlink", "integration", "")
    assert len(choices) == 25
    assert all(1 <= len(choice["name"]) <= 100 and "@everyone" not in choice["name"] for choice in choices)
    assert not here.toolzz.requests
