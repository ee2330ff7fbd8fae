"""Several alert rules: which one a command makes, replaces, tests or removes, and what each of them says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest
import simcord

from bot.features.alerts.routes import Recovery
from bot.features.alerts.service import MAX_ROUTES, RouteSettings
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from cogs.alerts.route_options import settings_of
from tests.support.alert_steps import (
    DOWN,
    KEY,
    audited_changes,
    connect_toolzz,
    embed_messages,
    record_checks,
    run_alerts,
    suspend_routes,
)
from tests.support.embeds import fits_discord
from tests.support.harness import BotHarness, embed_of, field, shown
from tests.support.hostile import ATTACKS, marks, plain_marks
from tests.support.posting_steps import open_thread


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server with Toolzz connected and one agent that is known."""
    await connect_toolzz(harness)
    await record_checks(harness, {"Front desk": State.CONNECTED})
    return harness


@pytest.fixture
def other(harness: BotHarness) -> simcord.ChannelHandle:
    """Another channel."""
    return harness.guild.create_text_channel("other")


async def rules(harness: BotHarness) -> dict[int, tuple[int, str, str]]:
    """Return channel, provider and integration of each rule, by number."""
    found = await harness.bot.services.alerts.routes(harness.guild.id)
    return {each.number: (each.channel_id, each.provider, each.integration) for each in found}


async def suggested(
    harness: BotHarness,
    command: str,
    option: str,
    typed: str = "",
    **filled: simcord.ChannelHandle,
) -> dict[str, str]:
    """Return what is suggested for an option of a command, names by value."""
    choices = await harness.manager.autocomplete(
        harness.channel, f"alerts {command}", option, typed, **filled
    )
    return {each["value"]: each["name"] for each in choices}


# --- which rule ---


async def test_one_rule_stays_one_rule(harness: BotHarness, other: simcord.ChannelHandle) -> None:
    """Without any option but the channel, the only rule gets another channel or other settings."""
    await run_alerts(harness, "set", channel=harness.channel)
    changed = await run_alerts(harness, "set", channel=other)
    assert embed_of(changed).title == f"✅ {harness.texts('alerts.set.changed', number=1)}"
    assert await rules(harness) == {1: (other.id, "", "")}
    await run_alerts(harness, "set", channel=other, after=3)
    assert await rules(harness) == {1: (other.id, "", "")}


async def test_a_rule_about_something_else_is_a_new_one(
    harness: BotHarness, other: simcord.ChannelHandle
) -> None:
    """A rule is replaced by one for the same channel that is about the same; any other one is added."""
    await run_alerts(harness, "set", channel=harness.channel)
    added = await run_alerts(harness, "set", channel=harness.channel, about="toolzz")
    assert embed_of(added).title == f"✅ {harness.texts('alerts.set.added', number=2)}"
    assert field(added, "Next step") == harness.linked(harness.texts("alerts.set.next_several"))
    await run_alerts(harness, "set", channel=harness.channel, about="Toolzz", after=3)
    await run_alerts(harness, "set", channel=other, about=KEY)
    await run_alerts(harness, "set", channel=other)
    here = harness.channel.id
    assert await rules(harness) == {
        1: (here, "", ""),
        2: (here, "toolzz", ""),
        3: (other.id, "toolzz", "agent-0"),
        4: (other.id, "", ""),
    }
    routes = await harness.bot.services.alerts.routes(harness.guild.id)
    assert [each.checks for each in routes] == [2, 3, 2, 2]


async def test_a_member_names_the_rule_that_is_replaced(
    harness: BotHarness, other: simcord.ChannelHandle
) -> None:
    """The option ``rule`` replaces that rule whatever it was about, or makes a new one for the same."""
    await run_alerts(harness, "set", channel=harness.channel)
    await run_alerts(harness, "set", channel=other, rule="new")
    await run_alerts(harness, "set", channel=other, about="toolzz", rule="1")
    assert await rules(harness) == {1: (other.id, "toolzz", ""), 2: (other.id, "", "")}
    audited = [target for _, target, _ in await audited_changes(harness)]
    assert audited == [
        f"channel · {harness.channel.id} · rule 1",
        f"channel · {other.id} · rule 2",
        f"channel · {other.id} · rule 1",
    ]


async def settings(harness: BotHarness, number: int = 1) -> RouteSettings:
    """Return what is set for a rule."""
    route = await harness.bot.services.alerts.route(harness.guild.id, number)
    return settings_of(route, harness.bot.get_guild(harness.guild.id))


@pytest.mark.parametrize("options", [{"rule": "1"}, {}])
async def test_what_is_not_named_stays(
    harness: BotHarness, other: simcord.ChannelHandle, options: dict[str, str]
) -> None:
    """A rule that is changed keeps every setting that the member leaves out."""
    crew, leads = (harness.guild.create_role(name, mentionable=True) for name in ("Crew", "Leads"))
    chosen: dict[str, Any] = {"role": crew, "on": "partial", "after": 5, "remind": "1d"}
    later: dict[str, Any] = {"second_role": leads, "escalate": "15m", "recovery": "mention"}
    about = {"about": KEY} if options else {}
    await run_alerts(harness, "set", channel=harness.channel, **about, **chosen, **later)
    before = await settings(harness)
    moved = await run_alerts(harness, "set", channel=other, **options)
    assert embed_of(moved).title == f"✅ {harness.texts('alerts.set.changed', number=1)}"
    assert crew.mention in shown(moved)
    assert await settings(harness) == before
    await run_alerts(harness, "set", channel=other, **options, escalate="1h")
    assert await settings(harness) == replace(before, escalate=3600)
    await run_alerts(harness, "set", channel=other, **options, second_role=crew)
    assert await settings(harness) == replace(before, escalate=3600, second_role_id=crew.id)
    await run_alerts(harness, "set", channel=other, **options, on="failing", remind="never")
    changed = await settings(harness)
    assert (changed.partial, changed.remind, changed.checks) == (False, 0, 5)
    assert changed.states == (State.DISCONNECTED, State.ERROR)


async def test_roles_are_removed_from_a_rule(harness: BotHarness) -> None:
    """Each by an option of its own; the rest of the rule stays."""
    here = harness.channel
    crew, leads = (harness.guild.create_role(name, mentionable=True) for name in ("Crew", "Leads"))
    roles: dict[str, Any] = {"role": crew, "second_role": leads, "escalate": "15m"}
    await run_alerts(harness, "set", channel=here, remind="1h", **roles)
    await run_alerts(harness, "set", channel=here, no_role=True)
    assert await settings(harness) == RouteSettings(remind=3600, second_role_id=leads.id, escalate=900)
    await run_alerts(harness, "set", channel=here, escalate="never")
    assert await settings(harness) == RouteSettings(remind=3600)


async def test_a_role_that_stays_is_checked_in_the_new_channel(harness: BotHarness) -> None:
    """A member who may not mention it there cannot have the rule mention it there."""
    staff = harness.guild.create_role("Staff")
    await harness.bot.services.alerts.set_route(
        harness.guild.id, harness.channel.id, RouteSettings(role_id=staff.id), member_id=harness.member.id
    )
    other = harness.guild.create_text_channel("other")
    refused = await run_alerts(harness, "set", channel=other, rule="1")
    title = harness.texts("problem.invalid_input.you_cannot_mention.title")
    assert embed_of(refused).title == f"⚠️ {title}"
    assert await rules(harness) == {1: (harness.channel.id, "", "")}


@pytest.mark.parametrize("locale", LOCALES)
async def test_no_two_rules_are_the_same(
    harness: BotHarness, other: simcord.ChannelHandle, locale: str
) -> None:
    """They would post each alert twice in one channel; the refusal names the rule that is there."""
    harness.locale = locale
    await run_alerts(harness, "set", channel=harness.channel)
    await run_alerts(harness, "set", channel=other, rule="new")
    for rule in ("new", "2"):
        refused = await run_alerts(harness, "set", channel=harness.channel, rule=rule)
        texts = harness.texts
        assert embed_of(refused).title == f"⚠️ {texts('problem.invalid_input.same_rule.title')}"
        assert embed_of(refused).description == texts("problem.invalid_input.same_rule.why", number=1)
    assert await rules(harness) == {1: (harness.channel.id, "", ""), 2: (other.id, "", "")}
    await run_alerts(harness, "set", channel=harness.channel, rule="2", on="unknown")
    await run_alerts(harness, "set", channel=harness.channel, rule="new", about=KEY)
    assert len(await rules(harness)) == 3


async def test_there_are_at_most_ten_rules(harness: BotHarness) -> None:
    """The eleventh is refused with the ways to go on."""
    for number in range(MAX_ROUTES):
        await harness.bot.services.alerts.set_route(
            harness.guild.id, harness.channel.id + number, RouteSettings(), member_id=harness.manager.id
        )
    refused = await run_alerts(harness, "set", channel=harness.channel, about=KEY, rule="new")
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.routes.title')}"
    assert len(await rules(harness)) == MAX_ROUTES


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_members_type_is_validated(harness: BotHarness, locale: str) -> None:
    """Values that no suggestion has are refused, and nothing is set."""
    harness.locale = locale
    here = harness.channel
    refusals: dict[str, dict[str, Any]] = {
        "invalid_input.rule": {"rule": "7"},
        "not_watched": {"about": "nobody"},
        "invalid_input.about_provider": {"about": "sensay"},
        "invalid_input.escalate": {"escalate": "30m"},
        "invalid_input.alert_role": {"second_role": harness.guild.default_role, "escalate": "1h"},
        "invalid_input.no_role": {"role": harness.guild.default_role, "no_role": True},
    }
    for problem, options in refusals.items():
        refused = await run_alerts(harness, "set", channel=here, **options)
        title = harness.texts(f"problem.{problem}.title", provider="Sensay")
        assert embed_of(refused).title == f"⚠️ {title}"
    leads = harness.guild.create_role("Leads", mentionable=True)
    lone = await run_alerts(harness, "set", channel=here, second_role=leads)
    assert "`escalate:`" in shown(lone)
    assert await rules(harness) == {}


# --- what a rule does ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_answer_says_what_is_unusual(harness: BotHarness, locale: str) -> None:
    """Each option is stored, and is in the answer unless every new rule has it; the list has them all."""
    harness.locale = locale
    texts, here = harness.texts, harness.channel
    crew, leads = (harness.guild.create_role(name, mentionable=True) for name in ("Crew", "Leads"))
    options: dict[str, Any] = {"role": crew, "about": KEY, "on": "partial", "remind": "1d"}
    escalation: dict[str, Any] = {"second_role": leads, "escalate": "15m", "recovery": "mention"}
    answered = await run_alerts(harness, "set", channel=here, **options, **escalation)
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    assert (route.second_role_id, route.escalate, route.recovery) == (leads.id, 900, Recovery.MENTION)
    lines = (embed_of(answered).description or "").splitlines()
    time = texts.plural("duration.minutes", 15)
    roles = {"channel": here.mention, "role": crew.mention}
    assert lines[0] == texts("alerts.set.goes", about="**Front desk**", **roles)
    states, *others = lines[1].split(" · ")
    assert texts("alerts.rule.partial") in states
    assert others == [
        texts("alerts.rule.remind", time=texts.plural("duration.days", 1)),
        texts("alerts.rule.escalate", role=leads.mention, time=time),
        texts("alerts.rule.recovery.mention"),
    ]
    plain = await run_alerts(harness, "set", channel=here, rule="new", about="toolzz")
    assert len((embed_of(plain).description or "").splitlines()) == 1
    listed = await run_alerts(harness, "list")
    rule = field(listed, texts("alerts.rule.title", number=1, about="Front desk"))
    assert rule.splitlines()[0] == texts("alerts.rule.to", **roles)
    assert rule.splitlines()[2] == " · ".join(
        [
            texts("alerts.rule.remind", time=texts.plural("duration.days", 1)),
            texts("alerts.rule.escalate", role=leads.mention, time=time),
            texts("alerts.rule.recovery.mention"),
        ]
    )


async def test_what_is_open_is_announced_once(harness: BotHarness, other: simcord.ChannelHandle) -> None:
    """The answer counts the open incidents that are news to a rule; the muted ones are left out."""
    await record_checks(harness, {"Front desk": State.DISCONNECTED, "Back office": State.ERROR})
    two = harness.texts.plural("alerts.set.open", 2)
    assert two in shown(await run_alerts(harness, "set", channel=harness.channel))
    assert two not in shown(await run_alerts(harness, "set", channel=harness.channel, after=3))
    await harness.manager.slash(harness.channel, "alerts mute", **{"integration": KEY, "for": "1h"})
    moved = await run_alerts(harness, "set", channel=other)
    assert harness.texts.plural("alerts.set.open", 1) in shown(moved)


async def test_a_role_that_is_gone_or_silent_is_named(harness: BotHarness) -> None:
    """The list says that a role was deleted, and that Discord notifies nobody of a role."""
    only_managers: Any = {
        harness.guild.default_role: discord.PermissionOverwrite(mention_everyone=False),
        harness.manager: discord.PermissionOverwrite(mention_everyone=True),
    }
    strict = harness.guild.create_text_channel("strict", overwrites=only_managers)
    gone, quiet = harness.guild.create_role("Gone"), harness.guild.create_role("Quiet")
    await run_alerts(harness, "set", channel=strict, role=gone, second_role=quiet, escalate="1h")
    harness.env.backend.delete_role(harness.guild.id, gone.id)
    await harness.env.settle()
    listed = shown(await run_alerts(harness, "list"))
    assert harness.texts("alerts.rule.no_role") in listed
    assert harness.texts("alerts.rule.silent", role=quiet.mention) in listed


# --- suggestions ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_suggestions_lead_to_rules_and_agents(harness: BotHarness, locale: str) -> None:
    """Rules are told apart by number, channel, subject and states; what is connected can be found."""
    harness.locale = locale
    texts = harness.texts
    assert await suggested(harness, "remove", "rule") == {}
    await run_alerts(harness, "set", channel=harness.channel, about=KEY, on="failing")
    states = f"{texts('state.disconnected')}, {texts('state.error')}"
    assert await suggested(harness, "test", "rule") == {"1": f"1 · #bridge · Front desk · {states}"}
    new = texts("alerts.rule.new")
    assert next(iter(await suggested(harness, "set", "rule", channel=harness.channel))) == "new"
    assert await suggested(harness, "set", "rule", new, channel=harness.channel) == {"new": new}
    about = await suggested(harness, "set", "about", channel=harness.channel)
    assert list(about) == ["everything", "toolzz", KEY]
    assert list(await suggested(harness, "set", "about", "front", channel=harness.channel)) == [KEY]


@pytest.mark.parametrize("locale", LOCALES)
async def test_an_archived_thread_is_not_called_deleted(harness: BotHarness, locale: str) -> None:
    """The cache lacks it; only a channel that Discord does not know is called deleted."""
    harness.locale = locale
    thread = open_thread(harness, harness.guild.create_text_channel("night"), archived=True)
    await run_alerts(harness, "set", channel=harness.channel)
    services, guild_id = harness.bot.services, harness.guild.id
    await services.alerts.set_route(guild_id, thread.id, RouteSettings(), member_id=harness.manager.id)
    named = (await suggested(harness, "test", "rule"))["2"]
    assert named.startswith(f"2 · {harness.texts('alerts.rule.channel', id=thread.id)} · ")
    await suspend_routes(harness, thread, "not_found")
    services.suggestions.forget(guild_id)
    named = (await suggested(harness, "test", "rule"))["2"]
    assert named.startswith(f"2 · {harness.texts('alerts.rule.no_channel')} · ")


async def test_hostile_names_do_nothing_in_rules(harness: BotHarness) -> None:
    """No name of an agent adds a ping, a link or any markup to an answer, a list or a suggestion."""
    answered = await run_alerts(harness, "set", channel=harness.channel, about=KEY)
    harmless = marks(shown(answered)), marks(shown(await run_alerts(harness, "list")))
    plain = plain_marks("".join((await suggested(harness, "test", "rule")).values()))
    for attack in ATTACKS:
        await record_checks(harness, {attack: State.CONNECTED})
        answered = await run_alerts(harness, "set", channel=harness.channel, about=KEY)
        listed = await run_alerts(harness, "list")
        assert marks(shown(answered)) <= harmless[0], attack
        assert marks(shown(listed)) <= harmless[1], attack
        assert plain_marks("".join((await suggested(harness, "test", "rule")).values())) <= plain, attack


async def test_many_rules_and_incidents_fit_into_a_message(harness: BotHarness) -> None:
    """With ten rules about agents of long names, the list still ends with what is next."""
    names = {f"{number} {'*_' * 50}": State.ERROR for number in range(MAX_ROUTES)}
    await record_checks(harness, names)
    roles = [harness.guild.create_role("Crew").id, harness.guild.create_role("Leads").id]
    for number in range(MAX_ROUTES):
        settings = RouteSettings(
            provider="toolzz",
            integration=f"agent-{number}",
            role_id=roles[0],
            second_role_id=roles[1],
            escalate=900,
            partial=True,
        )
        await harness.bot.services.alerts.set_route(
            harness.guild.id, harness.channel.id, settings, member_id=harness.manager.id
        )
    listed = await run_alerts(harness, "list")
    assert fits_discord(embed_of(listed))
    assert len(embed_of(listed).fields) == MAX_ROUTES + 1
    assert field(listed, "Next step") == harness.linked(harness.texts("alerts.list.next"))


# --- test and remove ---


async def test_with_several_rules_one_has_to_be_named(
    harness: BotHarness, other: simcord.ChannelHandle
) -> None:
    """Otherwise the answer names the option; a test and a removal are for that rule alone."""
    await run_alerts(harness, "set", channel=harness.channel)
    await run_alerts(harness, "set", channel=other, rule="new")
    for command in ("test", "remove"):
        refused = await run_alerts(harness, command)
        assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.which_rule.title')}"
        assert "`rule:`" in shown(refused)
        unknown = await run_alerts(harness, command, rule="3")
        assert embed_of(unknown).title == f"⚠️ {harness.texts('problem.invalid_input.rule.title')}"
    await run_alerts(harness, "test", rule="2")
    assert (len(embed_messages(harness.channel)), len(embed_messages(other))) == (0, 1)
    removed = await run_alerts(harness, "remove", rule="2")
    assert embed_of(removed).title == f"🔕 {harness.texts('alerts.remove.one', number=2)}"
    assert harness.texts.plural("alerts.remove.left", 1) in shown(removed)
    assert await rules(harness) == {1: (harness.channel.id, "", "")}
    await record_checks(harness, DOWN)
    assert (len(embed_messages(harness.channel)), len(embed_messages(other))) == (1, 1)
