"""A diagnosis says each thing to do once, in order, and with what its reader has and may use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.discord.access.channel_access import BotAccess, ChannelAccess, ChannelFinding
from bot.discord.diagnosis import CheckFinding, Diagnosis, Fix, Remedy, diagnosis_card, fixes_of, steps_of
from bot.discord.sync import CommandLinks
from bot.errors import ProviderTimeoutError, UnauthorizedError
from bot.features.alerts.service import RouteSettings
from bot.features.lookups.service import KnownAgent
from bot.i18n.catalog import LOCALES, Texts, load_catalog
from bot.providers.base.diagnosis import Check, Verdict
from bot.providers.base.integration import State
from bot.providers.toolzz.models import Integration
from cogs.toolzz.diagnose import diagnosis_of
from cogs.toolzz.snapshot import IntegrationSnapshot
from tests.support.alert_steps import suspend_routes
from tests.support.diagnosis import steps
from tests.support.fake_provider import connect_fake_provider
from tests.support.harness import BotHarness, labels
from tests.support.ids import OLD_ID
from tests.support.named_buttons import named_buttons

MANAGERS = frozenset({"alerts", "connections", "integrations", "sensay", "setup", "toolzz"})
VIEWERS = frozenset({"integrations"})
HERE, THERE, BOT = 1, 2, 1219876543210987654
CHANNEL = "1188765432109876501"
LINKED = re.compile(r"</([a-z -]+):\d+>")
ACTION = re.compile(r"\]\(https://|</[a-z]|`/[a-z]|`diagnosis\.txt`")

FINDINGS = st.builds(
    lambda verdict, remedy, text: CheckFinding(
        Check("state", verdict, "x"), "State", "x", Fix(remedy, f"{text} {remedy}")
    ),
    st.sampled_from(Verdict),
    st.sampled_from(Remedy),
    st.sampled_from(
        ["Do it", "Run `/setup`", "[Open it](https://discord.com)", "See `/integrations overview`"]
    ),
)
REPORTS: st.SearchStrategy[dict[str, object]] = st.builds(
    dict,
    isActive=st.sampled_from([True, False, None]),
    connectionStatus=st.sampled_from(["connected", "disconnected", "error", "hibernating"]),
    lastConnectionErrorCode=st.sampled_from([None, "4004", "4013", "4014", "5000"]),
    deletedAt=st.sampled_from([None, "2026-10-02 17:45:30"]),
    guildId=st.sampled_from([str(HERE), str(THERE), None]),
    botClientId=st.sampled_from([str(BOT), OLD_ID, None]),
    channelIds=st.sampled_from([[], [CHANNEL]]),
)
ACCESSES = st.builds(
    BotAccess,
    st.sampled_from([None, BOT]),
    st.sampled_from([True, False, None]),
    st.booleans(),
    st.lists(st.builds(ChannelAccess, st.just(CHANNEL), st.sampled_from(ChannelFinding)), max_size=2).map(
        tuple
    ),
    st.sampled_from([None, 1_800_000_000]),
)


@given(st.lists(FINDINGS, max_size=12))
def test_each_thing_is_said_once_and_in_order(findings: list[CheckFinding]) -> None:
    """Of findings that ask for the same, the first one's words are taken."""
    fixes = fixes_of(findings)
    asked = [each.fix for each in findings if each.fix is not None]
    assert [each.remedy for each in fixes] == sorted({each.remedy for each in asked})
    for fix in fixes:
        assert fix == next(each for each in asked if each.remedy is fix.remedy)


def check_steps(told: Sequence[str], buttons: Sequence[str], usable: frozenset[str], texts: Texts) -> None:
    """Check what the reader is told to do. buttons: the labels of those that the answer has."""
    assert len(set(told)) == len(told)
    ask = texts("diagnosis.fix.ask", fix="")
    for step in told:
        assert set(named_buttons(step)) <= set(buttons), step
        has_action = ACTION.search(step) or named_buttons(step)
        # What is done with a provider, in Discord's settings or by waiting is checked in the end.
        assert has_action or named_buttons(told[-1]) == [buttons[0]], step
        refused = CommandLinks.named_in(step) - usable
        assert step.startswith(ask) is bool(refused), step


@settings(max_examples=300)
@given(REPORTS, ACCESSES, st.sampled_from([MANAGERS, VIEWERS]), st.sampled_from(LOCALES))
def test_any_result_of_toolzz_s_checks(
    report: dict[str, object], access: BotAccess, usable: frozenset[str], locale: str
) -> None:
    """Whatever is the matter, each step can be taken, and all of them fit into the message."""
    texts = load_catalog()[locale]
    details = [{"id": each, "name": "desk"} for each in report["channelIds"]]  # type: ignore[attr-defined]
    read = Integration.model_validate({"id": "x", "title": "x", "channelsDetail": details, **report})
    known = access.channels[: len(read.channels)]
    access = replace(
        access, channels=known, is_checked=access.is_checked and len(known) == len(read.channels)
    )
    is_elsewhere = read.is_deleted or read.guild_id == str(THERE)
    snapshot = IntegrationSnapshot(read, HERE, None if is_elsewhere else access, KnownAgent(), has_unit=True)
    found = diagnosis_of(snapshot, texts, texts)
    button = texts("toolzz.diagnose.button")
    told = steps_of(fixes_of(found.findings), usable, [button], texts)
    check_steps(told, [button], usable, texts)
    bad = {each.check.verdict for each in found.findings} & {Verdict.FAILED, Verdict.UNKNOWN}
    assert bool(told) is bool(bad)
    embed = diagnosis_card(found, told, "Toolzz", 1, texts)
    for step in told:
        assert f"{embed.fields[-1].value}\n".count(f"{step}\n") == 1
        assert step not in (embed.description or "")


def test_checks_that_came_out_well_share_lines() -> None:
    """So what is the matter stands out; skipped ones say why together."""
    texts = load_catalog()["en-US"]
    ok, skipped = (Check("x", verdict, "x") for verdict in (Verdict.OK, Verdict.SKIPPED))
    findings = [
        CheckFinding(ok, "One"),
        CheckFinding(ok, "Two"),
        CheckFinding(Check("x", Verdict.FAILED, "x"), "Three", "It broke."),
        CheckFinding(skipped, "Four"),
        CheckFinding(skipped, "Five"),
    ]
    embed = diagnosis_card(Diagnosis("Polly", findings, []), [], "Toolzz", 1, texts)
    assert (embed.description or "").splitlines() == [
        "✅ One · Two",
        "❌ **Three** · It broke.",
        f"➖ {texts('diagnosis.skipped', checks='Four · Five')}",
        texts("diagnosis.checked", time="<t:1:R>"),
    ]


STATES = [
    (State.CONNECTED, ""),
    (State.ERROR, "beak_stuck"),
    (State.DISCONNECTED, "4014"),
    (State.INACTIVE, ""),
    (State.UNKNOWN, ""),
]
FAILURES = [None, UnauthorizedError("parrots", status=401), ProviderTimeoutError("parrots", seconds=8)]


@pytest.mark.parametrize("is_manager", [False, True])
async def test_any_result_of_the_checks_for_every_provider(harness: BotHarness, is_manager: bool) -> None:
    """Managers and viewers get steps that they can take, with buttons that are below the answer."""
    harness.remove_cooldowns()
    provider = await connect_fake_provider(harness)
    reader = harness.manager if is_manager else harness.moderator()
    opened = await harness.bot.services.connections.open(harness.guild.id, provider.slug)
    bot = harness.env.create_user("polly-bot", bot=True)
    await harness.bot.services.integrations.record(opened, "polly", "Polly", bot_id=bot.id, member_id=1)
    told: set[str] = set()
    for alerts in ("none", "set", "lost"):
        if alerts == "set":
            await harness.bot.services.alerts.set_route(
                harness.guild.id, harness.channel.id, RouteSettings(), member_id=harness.manager.id
            )
        elif alerts == "lost":
            await suspend_routes(harness, harness.channel)
        for (state, detail), failure in product(STATES, FAILURES):
            provider.failure = failure
            provider.list_integration("polly", "Polly", state, detail)
            found = await reader.slash(harness.channel, "integrations diagnose", integration="parrots:polly")
            shown = [LINKED.sub(r"`/\1`", step) for step in steps(found)]
            told |= set(shown)
            if shown != [harness.texts("diagnosis.fine", provider=provider.name)]:
                check_steps(shown, labels(found), MANAGERS if is_manager else VIEWERS, harness.texts)
    assert len(told) > len(STATES)
