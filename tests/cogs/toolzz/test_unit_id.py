"""A unit id is missing, wrong, or of an empty unit: three things, and each is said wherever it matters."""

from __future__ import annotations

import pytest
import simcord

from bot.i18n.catalog import LOCALES
from bot.providers.base.simulator import Answer
from tests.support.harness import BotHarness, embed_of, field, labels, shown
from tests.support.list_steps import OTHER_UNIT, listing, without_unit
from tests.support.setup_steps import choose, field_of, menus, open_setup, press, steps_of
from tests.support.toolzz_steps import fill_in, move_here, open_form, sent

REFUSAL = {"statusCode": 404, "message": "Unit not found"}
LISTS = ("/discord/integration/unit/", "/bot/unity/")


def refuse_unit(harness: BotHarness, status: int = 404) -> None:
    """Have Toolzz refuse both lists of each unit."""
    for path in LISTS:
        harness.toolzz.fail(Answer(status, {**REFUSAL, "statusCode": status}), times=None, path=path)


def empty_unit(harness: BotHarness, *, agents: bool = False) -> None:
    """Take the unit's integrations away, and its agents unless they stay."""
    harness.toolzz.integrations.clear()
    if not agents:
        harness.toolzz.agents.clear()


async def steps_of_toolzz(harness: BotHarness) -> simcord.InteractionResult:
    """Have the manager open the steps with Toolzz."""
    return await choose(harness, await open_setup(harness), "toolzz")


def problem(harness: BotHarness, key: str, part: str = "title", **values: str | int) -> str:
    """Return a part of an error's text, as it is sent."""
    return harness.linked(harness.texts(f"problem.{key}.{part}", **values))


# --- entering credentials ---


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_wrong_unit_is_named_when_credentials_are_entered(
    harness: BotHarness, locale: str, status: int
) -> None:
    """The answer says that the token is accepted and the unit is not, and opens the form again."""
    harness.locale = locale
    refuse_unit(harness, status)
    refused = await harness.connect("toolzz")
    assert embed_of(refused).title == f"❌ {problem(harness, 'unknown_unit')}"
    assert embed_of(refused).description == problem(harness, "unknown_unit", "why", status=status)
    assert "Unit not found" in shown(refused)
    assert labels(refused) == [harness.texts("connections.add.button")]
    assert harness.texts("connections.list.none") in await harness.listed()


async def test_a_wrong_token_is_named_before_the_unit(harness: BotHarness) -> None:
    """If Toolzz refuses the token as well, the answer is about the token."""
    refuse_unit(harness)
    form = await harness.open_form("add", "toolzz")
    refused = await harness.manager.submit_modal(form, dict(harness.toolzz.refused_credentials))
    assert problem(harness, "entered_credentials_refused", provider="Toolzz") in shown(refused)


async def test_stored_credentials_with_a_wrong_unit_can_be_replaced(harness: BotHarness) -> None:
    """A test of the connection says what is wrong, and has a button that enters new credentials."""
    await harness.connect("toolzz")
    refuse_unit(harness)
    tested = await harness.manager.slash(harness.channel, "connections test", provider="toolzz")
    assert problem(harness, "unknown_unit") in shown(tested)
    assert labels(tested) == [harness.texts("connections.rotate.button")]


# --- /setup ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_setup_names_a_wrong_unit_and_ticks_nothing(harness: BotHarness, locale: str) -> None:
    """Neither the credentials nor the check has a tick; the first step says which of both is wrong."""
    harness.locale = locale
    await harness.connect("toolzz")
    steps = await steps_of_toolzz(harness)
    refuse_unit(harness)
    await press(harness, steps, "setup.check_button")
    assert steps_of(steps) == "❌❌⬜⬜⬜"
    entered = field_of(harness, steps, "credentials").splitlines()
    token, unit = (harness.texts(f"credential.toolzz.{each}.label") for each in ("access_token", "unit_id"))
    assert entered[0] == harness.texts("connections.field.set_ending", label=token, ending="`0001`")
    assert entered[1] == harness.texts("connections.field.unknown", label=unit, provider="Toolzz")
    assert f"**{problem(harness, 'unknown_unit')}**" in field_of(harness, steps, "check")
    assert field_of(harness, steps, "next") == harness.texts("setup.next.enter_new")
    harness.toolzz.heal()
    form = await press(harness, steps, "connections.rotate.button")
    await harness.manager.submit_modal(form, dict(harness.toolzz.credentials))
    assert steps_of(steps) == "✅✅▶️▶️⬜"


@pytest.mark.parametrize("locale", LOCALES)
async def test_setup_says_that_a_unit_is_missing(harness: BotHarness, locale: str) -> None:
    """The token is ticked, and the third step says once what is missing and how to add it."""
    await without_unit(harness)
    harness.locale = locale
    steps = await steps_of_toolzz(harness)
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    parts = [problem(harness, "invalid_input.unit", part) for part in ("title", "why", "fix")]
    assert field_of(harness, steps, "agents") == "▫️ **{}** {} {}".format(*parts)
    assert menus(steps) == ["setup:alerts:toolzz:default"]


@pytest.mark.parametrize("locale", LOCALES)
async def test_setup_says_that_a_unit_is_empty(harness: BotHarness, locale: str) -> None:
    """A unit with agents is known to exist; one for which Toolzz lists nothing at all is not ticked."""
    await harness.connect("toolzz")
    harness.locale = locale
    empty_unit(harness, agents=True)
    steps = await steps_of_toolzz(harness)
    assert steps_of(steps) == "✅✅▶️▶️⬜"
    assert f"▫️ {harness.texts('toolzz.offer.link.none')}" in field_of(harness, steps, "agents")
    empty_unit(harness)
    await press(harness, steps, "setup.check_button")
    assert steps_of(steps) == "⚠️⚠️❌▶️⬜"
    assert field_of(harness, steps, "check") == harness.texts("toolzz.setup.unconfirmed")
    assert harness.texts("toolzz.offer.connect.none") in field_of(harness, steps, "agents")
    assert field_of(harness, steps, "next") == harness.texts("setup.next.check")


async def test_setup_says_that_all_are_linked(harness: BotHarness) -> None:
    """A unit whose integrations are all linked is not called empty."""
    await harness.connect("toolzz")
    move_here(harness)
    unit = harness.toolzz
    unit.integrations = {unit.CONNECTED: unit.integrations[unit.CONNECTED]}
    await harness.manager.slash(harness.channel, "toolzz link", integration=unit.CONNECTED)
    steps = await steps_of_toolzz(harness)
    assert harness.texts("toolzz.offer.link.taken") in field_of(harness, steps, "agents")
    assert harness.texts("toolzz.offer.link.none") not in shown(steps)


# --- commands that need a list ---


async def test_the_list_of_an_option_s_unit_is_refused_by_itself(harness: BotHarness) -> None:
    """A wrong unit in the option says nothing against the connection, whose own unit still works."""
    await harness.connect("toolzz")
    harness.toolzz.fail(Answer(404, REFUSAL), times=None, path=OTHER_UNIT)
    refused = await listing(harness, unit=OTHER_UNIT)
    assert problem(harness, "invalid_input.no_such_unit") in shown(refused)
    assert OTHER_UNIT in shown(refused)
    assert harness.texts("connections.rotate.button") not in labels(refused)
    assert embed_of(await listing(harness)).title == "🧩 9 integrations"


async def test_the_list_of_a_wrong_unit_leads_to_new_credentials(harness: BotHarness) -> None:
    """`/toolzz list` says what is wrong with the connection's unit; an empty unit has another text."""
    await harness.connect("toolzz")
    refuse_unit(harness)
    refused = await listing(harness)
    assert problem(harness, "unknown_unit") in shown(refused)
    assert labels(refused) == [harness.texts("connections.rotate.button")]
    harness.toolzz.heal()
    empty_unit(harness)
    assert embed_of(await listing(harness)).title == f"💤 {harness.texts('toolzz.list.none')}"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("case", ["missing", "wrong", "empty"])
@pytest.mark.parametrize(
    ("command", "option"), [("toolzz connect", "agent"), ("toolzz status", "integration")]
)
async def test_a_name_that_no_list_has_is_explained(
    harness: BotHarness, locale: str, case: str, command: str, option: str
) -> None:
    """There are no suggestions, and a name that is typed anyway is answered with the reason why."""
    await (without_unit(harness) if case == "missing" else harness.connect("toolzz"))
    if case == "wrong":
        refuse_unit(harness)
    if case == "empty":
        empty_unit(harness)
    harness.locale = locale
    assert await harness.manager.autocomplete(harness.channel, command, option, "Front") == []
    asked = await harness.manager.slash(harness.channel, command, **{option: "Front desk"})
    assert asked.modal is None
    empty = {"agent": "no_agents", "integration": "no_integrations"}[option]
    key = {"missing": "invalid_input.unit", "wrong": "unknown_unit", "empty": f"invalid_input.{empty}"}[case]
    assert problem(harness, key) in (embed_of(asked).title or "")
    assert field(asked, harness.texts("problem.fix")) == problem(harness, key, "fix")


async def test_no_token_is_sent_for_a_wrong_unit(harness: BotHarness) -> None:
    """If the unit turns out to be wrong after the form was opened, nobody is asked for a confirmation."""
    await harness.connect("toolzz")
    form = await open_form(harness)
    refuse_unit(harness)
    refused = await fill_in(harness, form)
    assert problem(harness, "unknown_unit") in shown(refused)
    assert sent(harness) == []


# --- checks ---


async def test_a_check_says_that_the_unit_is_wrong(harness: BotHarness) -> None:
    """The overview names the unit, not the credentials, and the fix leads to it."""
    await harness.connect("toolzz")
    move_here(harness)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    refuse_unit(harness)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    overview = await harness.manager.slash(harness.channel, "integrations overview")
    assert problem(harness, "unknown_unit") in shown(overview)
    assert problem(harness, "unknown_unit", "fix") in shown(overview)
    assert "refused" not in shown(overview)
