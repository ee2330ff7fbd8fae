"""``/integrations diagnose`` finds what is wrong with an integration, and attaches a file for support."""

from __future__ import annotations

import pytest
import simcord

from bot.discord.access.agent_bots import PORTAL
from bot.errors import (
    ForbiddenError,
    IntermediaryError,
    IntermediaryUnauthorizedError,
    ProviderError,
    ProviderTimeoutError,
    RejectedError,
    UnauthorizedError,
)
from bot.features.alerts.service import RouteSettings
from bot.providers.base.integration import State
from bot.providers.base.report import GONE
from bot.providers.base.simulator import Answer
from tests.support.diagnosis import BAD, NOTED, OK, OPEN, SKIPPED, file_of, steps, verdicts
from tests.support.fake_provider import FakeProvider, connect_fake_provider
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, labels, shown
from tests.support.hostile import ATTACKS
from tests.support.ids import OLD_ID
from tests.support.toolzz_agent import add_agent_bot, press
from tests.support.toolzz_steps import move_here

CANARY = "FAKE-TOKEN-parrot"


@pytest.fixture
def viewer(harness: BotHarness) -> simcord.MemberActor:
    """A member who is a viewer, by permission to moderate members."""
    return harness.moderator()


@pytest.fixture
async def fake_provider(harness: BotHarness) -> FakeProvider:
    """A provider without a diagnosis of its own, one integration of which was read; alerts go somewhere."""
    fake_provider = await connect_fake_provider(harness)
    fake_provider.list_integration("polly", "Polly", State.CONNECTED)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    await harness.bot.services.alerts.set_route(
        harness.guild.id, harness.channel.id, RouteSettings(), member_id=harness.manager.id
    )
    return fake_provider


async def diagnose(
    harness: BotHarness, actor: simcord.MemberActor, integration: str = "parrots:polly"
) -> simcord.InteractionResult:
    """Have somebody run the command."""
    return await actor.slash(harness.channel, "integrations diagnose", integration=integration)


@pytest.mark.usefixtures("fake_provider")
async def test_a_healthy_integration_has_nothing_to_fix(
    harness: BotHarness, viewer: simcord.MemberActor
) -> None:
    """All checks are made for a provider without a view of its own, and only the member sees the answer."""
    found = await diagnose(harness, viewer)
    assert found.ephemeral
    assert embed_of(found).title == "🩺 Diagnosis of Polly"
    assert verdicts(found) == OK * 8
    assert (embed_of(found).description or "").splitlines()[:4] == [
        "✅ Saved credentials · Provider · Credential test · Integration",
        "✅ **State** · 🟢 Connected",
        "✅ Last response · No open incident",
        f"✅ **Alerts** · They go to <#{harness.channel.id}>.",
    ]
    assert field(found, "Next step") == harness.texts("diagnosis.fine", provider="Parrot House")
    assert labels(found) == ["Diagnose", "History"]
    lines = file_of(harness, found).splitlines()
    assert "integration: polly" in lines
    assert "check accepted: ok (yes)" in lines
    assert "provider: parrots" in lines
    assert f"server that asks: {harness.guild.id}" in lines


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (UnauthorizedError("parrots", status=401), OK * 2 + BAD),
        (ForbiddenError("parrots", status=403), OK * 2 + BAD),
        (ProviderTimeoutError("parrots", seconds=8), OK + BAD + SKIPPED),
        (IntermediaryError("parrots", status=403), OK + BAD + SKIPPED),
        (IntermediaryUnauthorizedError("parrots", status=401), OK + BAD + SKIPPED),
        (RejectedError("parrots", status=400, request_id="req-7"), OK * 2 + OPEN),
    ],
    ids=lambda value: getattr(value, "key", None),
)
async def test_what_the_provider_refuses_is_a_finding(
    harness: BotHarness,
    viewer: simcord.MemberActor,
    fake_provider: FakeProvider,
    failure: ProviderError,
    expected: str,
) -> None:
    """A failure is a finding of the right check, and the later checks are still made.

    Who may not enter credentials gets no button for it, and is told whom to ask.
    """
    fake_provider.failure = failure
    found = await diagnose(harness, viewer)
    assert verdicts(found) == expected + OK * 3
    assert f"failure: {failure.key}\n" in file_of(harness, found)
    texts = harness.texts
    fix = texts(f"problem.{failure.key}.fix", provider="Parrot House")
    again = texts("diagnosis.fix.again", button=texts("integrations.diagnose.button"))
    if isinstance(failure, UnauthorizedError):
        fix = texts("diagnosis.fix.rotate")
    is_refusal = isinstance(failure, (UnauthorizedError, ForbiddenError))
    expected_step = texts("diagnosis.fix.ask", fix=fix) if is_refusal else f"{fix} {again}"
    assert steps(found) == [harness.linked(expected_step)]
    assert texts("connections.rotate.button") not in labels(found)


@pytest.mark.parametrize(
    ("failure", "step"),
    [
        (UnauthorizedError("parrots", status=401), "alerts.message.next_rotate"),
        (ForbiddenError("parrots", status=403), "problem.forbidden.fix"),
        (IntermediaryUnauthorizedError("parrots", status=401), "problem.intermediary_unauthorized.fix"),
        (ProviderTimeoutError("parrots", seconds=8), "problem.timeout.fix"),
    ],
    ids=lambda value: getattr(value, "key", None),
)
async def test_who_may_enter_credentials_gets_the_button(
    harness: BotHarness, fake_provider: FakeProvider, failure: ProviderError, step: str
) -> None:
    """A manager is shown it where new credentials would help, and told to press it where they are refused."""
    fake_provider.failure = failure
    found = await diagnose(harness, harness.manager)
    button = harness.texts("connections.rotate.button")
    assert (button in labels(found)) is (
        isinstance(failure, (UnauthorizedError, IntermediaryUnauthorizedError))
    )
    told = harness.linked(harness.texts(step, provider="Parrot House", button=button))
    assert steps(found)[0].startswith(told)


@pytest.mark.usefixtures("fake_provider")
async def test_unreadable_credentials_are_a_finding(harness: BotHarness, viewer: simcord.MemberActor) -> None:
    """Without credentials no provider is asked; what is known is still shown."""
    harness.damage("parrots")
    found = await diagnose(harness, viewer)
    assert verdicts(found) == BAD + SKIPPED * 2 + OK * 3
    fix = harness.texts("problem.unreadable_secret.fix")
    assert steps(found) == [harness.linked(harness.texts("diagnosis.fix.ask", fix=fix))]
    asked = await diagnose(harness, harness.manager)
    assert steps(asked) == [harness.linked(fix)]
    assert harness.texts("connections.rotate.button") in labels(asked)


async def test_the_state_is_read_anew(
    harness: BotHarness, viewer: simcord.MemberActor, fake_provider: FakeProvider
) -> None:
    """An unknown code is quoted, and an integration that is gone is a finding and no error.

    That a list lacks it says nothing about it.
    """
    fake_provider.list_integration("polly", "Polly", State.ERROR, "beak_stuck")
    found = await diagnose(harness, viewer)
    assert verdicts(found) == OK * 4 + BAD + OK * 3
    assert "❌ **State** · 🟠 Error · `beak_stuck`\n" in shown(found)
    assert steps(found)[0].startswith("Send `diagnosis.txt` to Parrot House's support.")
    assert "detail: beak_stuck\n" in file_of(harness, found)
    fake_provider.listed.clear()
    found = await press(harness, found, "Diagnose", viewer)
    assert verdicts(found) == OK * 4 + BAD + OK * 3
    fake_provider.list_integration("polly", "Polly", State.INACTIVE, GONE)
    found = await press(harness, found, "Diagnose", viewer)
    assert verdicts(found) == OK * 3 + BAD + OK + NOTED + OK
    gone = harness.texts("state.fix.gone", provider="Parrot House")
    assert steps(found) == [harness.linked(harness.texts("diagnosis.fix.ask", fix=gone))]


@pytest.mark.parametrize(("member", "expected"), [(True, OK), (False, BAD)])
async def test_the_agent_s_bot_is_looked_for(
    harness: BotHarness,
    viewer: simcord.MemberActor,
    fake_provider: FakeProvider,
    member: bool,
    expected: str,
) -> None:
    """If the agent's bot is known, a check says whether it is a member, with an invite link if it is not.

    An agent whose bot is not a member is blocked.
    """
    user = harness.env.create_user("polly-bot", bot=True)
    if member:
        harness.guild.add_member(user)
    opened = await harness.bot.services.connections.open(harness.guild.id, fake_provider.slug)
    await harness.bot.services.integrations.record(opened, "polly", "Polly", bot_id=user.id, member_id=1)
    found = await diagnose(harness, viewer)
    assert verdicts(found) == OK * 4 + expected * 2 + OK * 3
    assert (f"client_id={user.id}" in shown(found)) is not member


async def test_an_older_bot_is_invited_by_hand(
    harness: BotHarness, viewer: simcord.MemberActor, fake_provider: FakeProvider
) -> None:
    """Where the bot's id may not be its application's, no link is made of it."""
    opened = await harness.bot.services.connections.open(harness.guild.id, fake_provider.slug)
    await harness.bot.services.integrations.record(opened, "polly", "Polly", bot_id=OLD_ID, member_id=1)
    found = await diagnose(harness, viewer)
    assert verdicts(found) == OK * 4 + BAD * 2 + OK * 3
    assert str(OLD_ID) not in shown(found)
    assert harness.texts("preflight.invite_by_hand", portal=PORTAL) in shown(found)


async def test_incident_mute_and_alerts_are_shown(
    harness: BotHarness, viewer: simcord.MemberActor, fake_provider: FakeProvider
) -> None:
    """An incident, its acknowledgement, a mute and missing alerts are noted, and are no failures."""
    fake_provider.list_integration("polly", "Polly", State.DISCONNECTED)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    assert verdicts(await diagnose(harness, viewer))[5:] == OK + NOTED + OK, "the second bad check opens it"
    (watched,) = await harness.bot.services.monitoring.integrations(harness.guild.id)
    assert watched.incident is not None
    await harness.bot.services.alerts.acknowledge(
        harness.guild.id, watched.incident.number, member_id=viewer.id
    )
    await harness.bot.services.monitoring.mute(harness.guild.id, watched, 3600, member_id=viewer.id)
    found = await diagnose(harness, viewer)
    assert verdicts(found)[5:] == OK + NOTED * 2
    assert f"acknowledged by <@{viewer.id}>" in shown(found)
    assert str(viewer.id) not in file_of(harness, found)
    await harness.bot.services.monitoring.mute(harness.guild.id, watched, 0, member_id=viewer.id)
    await harness.bot.services.alerts.remove_route(harness.guild.id, 1)
    found = await diagnose(harness, viewer)
    assert harness.linked(harness.texts("diagnosis.fix.alerts")) in shown(found)


async def test_toolzz_has_more_checks(harness: BotHarness, viewer: simcord.MemberActor) -> None:
    """A provider's own checks come first, then those on the watching."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    found = await diagnose(harness, viewer, f"toolzz:{harness.toolzz.CONNECTED}")
    assert verdicts(found) == OK * 10 + NOTED
    assert "channel: " in file_of(harness, found)
    harness.toolzz.break_integration(harness.toolzz.CONNECTED)
    found = await press(harness, found, "Diagnose", viewer)
    assert harness.texts("toolzz.code.4004.cause") in shown(found)
    harness.toolzz.fail(Answer(401, {"error": "no"}), times=None)
    found = await press(harness, found, "Diagnose", viewer)
    assert embed_of(found).title == "🩺 Diagnosis of Suporte da loja"
    assert verdicts(found).startswith(BAD + SKIPPED * 7)


async def test_the_file_has_no_secret_and_one_line_per_fact(
    harness: BotHarness, viewer: simcord.MemberActor, fake_provider: FakeProvider
) -> None:
    """A provider's text adds no lines to the file, and secrets in it are redacted."""
    fake_provider.list_integration("polly", ATTACKS[0], State.ERROR, f"x {CANARY}\nstate: fine")
    found = await diagnose(harness, viewer)
    text = file_of(harness, found)
    assert CANARY not in text
    assert sum(line.startswith("state:") for line in text.splitlines()) == 1
    assert embed_of(found).title == "🩺 Diagnosis of @\N{ZERO WIDTH SPACE}everyone"


@pytest.mark.usefixtures("fake_provider")
async def test_it_is_for_viewers(harness: BotHarness, viewer: simcord.MemberActor) -> None:
    """A member who is no viewer gets no file from a button that everybody can see."""
    found = await diagnose(harness, viewer)
    refused = await harness.press(harness.member, final(found), "integrations:why:parrots:polly")
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.not_allowed.viewer.title')}"
    assert final(refused).attachments == []


@pytest.mark.usefixtures("fake_provider")
async def test_it_speaks_portuguese(harness: BotHarness, viewer: simcord.MemberActor) -> None:
    """The embed is in the language of the member, the file in English."""
    harness.locale = PORTUGUESE
    found = await diagnose(harness, viewer)
    assert embed_of(found).title == "🩺 Diagnóstico de Polly"
    assert "✅ Credenciais salvas · Provedor · Teste das credenciais · Integração\n" in shown(found)
    assert "check answers: ok (there)" in file_of(harness, found)
