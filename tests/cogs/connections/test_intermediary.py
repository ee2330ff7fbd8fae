"""What a CDN or a proxy answers leads no member to the wrong conclusion, and to the buttons that help."""

import pytest
import simcord

from tests.support.failures import NAMES, ROTATE
from tests.support.harness import (
    ENGLISH,
    PORTUGUESE,
    BotHarness,
    embed_of,
    field,
    final,
    labels,
    shown,
)
from tests.support.intermediary import CF_RAY, PAGES, page

CHECK = "Check again"
AGENTS = {"sensay": "replica", "toolzz": "integration"}
every_provider = pytest.mark.parametrize("provider", ["sensay", "toolzz"])


@pytest.fixture
async def connected(harness: BotHarness) -> BotHarness:
    """Return the harness with both providers connected."""
    for provider in NAMES:
        await harness.connect(provider)
    return harness


def agent_of(harness: BotHarness, provider: str) -> str:
    """Return the id of an agent that runs."""
    return harness.sensay.ACTIVE if provider == "sensay" else harness.toolzz.CONNECTED


async def read(harness: BotHarness, provider: str) -> simcord.InteractionResult:
    """Have the manager ask for an agent's status."""
    option = {AGENTS[provider]: agent_of(harness, provider)}
    return await harness.manager.slash(harness.channel, f"{provider} status", **option)


async def marked(harness: BotHarness) -> int:
    """Return how many connections are marked as refused, in the list or in the audit log."""
    summaries = await harness.bot.services.connections.summaries(harness.guild.id)
    entries = await harness.bot.services.audit.page(harness.guild.id, 100, action="connection.refused")
    return sum(summary.needs_attention for summary in summaries) + len(entries.entries)


@every_provider
@pytest.mark.parametrize("name", PAGES)
async def test_no_page_refuses_credentials(connected: BotHarness, provider: str, name: str) -> None:
    """Every status reads as what it is, only a 401 offers new credentials, and nothing is marked."""
    harness, texts = connected, connected.texts
    for status, key in ((401, "intermediary_unauthorized"), (403, "intermediary"), (404, "intermediary")):
        harness.simulator(provider).heal()
        harness.simulator(provider).fail(page(name, status), times=None)
        asked = await read(harness, provider)
        title = texts(f"problem.{key}.title", provider=NAMES[provider])
        assert embed_of(asked).title == f"❌ {title}"
        assert (embed_of(asked).footer.text or "").startswith(f"HTTP {status} · ")
        assert [each.name for each in embed_of(asked).fields] == ["What to do"]
        assert labels(asked) == (["Refresh", ROTATE] if status == 401 else ["Refresh"])
        tested = await harness.manager.slash(harness.channel, "connections test", provider=provider)
        assert labels(tested) == ([CHECK, ROTATE] if status == 401 else [])
    assert await marked(harness) == 0


@every_provider
@pytest.mark.parametrize(("locale", "check"), [(ENGLISH, CHECK), (PORTUGUESE, "Verificar de novo")])
async def test_a_401_leads_on(connected: BotHarness, provider: str, locale: str, check: str) -> None:
    """The button tests the credentials again, after a restart too, and the other one opens the form."""
    harness = connected
    harness.locale = locale
    harness.simulator(provider).fail(page("challenge", 401), times=None)
    tested = await harness.manager.slash(harness.channel, "connections test", provider=provider)
    why = harness.texts("problem.intermediary_unauthorized.why", status=401)
    assert embed_of(tested).description == why
    assert labels(tested)[0] == check
    await harness.restart()
    again = await harness.manager.click(final(tested).message, label=check)
    assert embed_of(again).description == why
    harness.simulator(provider).heal()
    done = await harness.manager.click(final(tested).message, label=check)
    assert harness.texts("connections.test.done", provider=NAMES[provider]) in shown(done)
    form = await harness.manager.click(final(tested).message, label=labels(tested)[1])
    assert form.modal is not None
    assert await marked(harness) == 0


@every_provider
@pytest.mark.parametrize("action", ["add", "rotate"])
@pytest.mark.parametrize("status", [401, 403, 404])
async def test_new_credentials_are_not_refused_by_a_page(
    harness: BotHarness, provider: str, action: str, status: int
) -> None:
    """The form does not say that the provider refused what was entered, and can be sent again."""
    if action == "rotate":
        await harness.connect(provider)
    form = await harness.open_form(action, provider)
    values = dict(harness.simulator(provider).credentials)
    harness.simulator(provider).fail(page("nginx", status), times=None)
    answer = await harness.manager.submit_modal(form, values)
    key = "intermediary_unauthorized" if status == 401 else "intermediary"
    assert embed_of(answer).title == f"❌ {harness.texts(f'problem.{key}.title', provider=NAMES[provider])}"
    assert len(labels(answer)) == 1
    assert await marked(harness) == 0
    harness.simulator(provider).heal()
    form = await harness.manager.click(final(answer).message, label=labels(answer)[0])
    done = await harness.manager.submit_modal(form, values)
    assert harness.texts(f"connections.{action}.done", provider=NAMES[provider]) in shown(done)


@every_provider
@pytest.mark.parametrize("status", [401, 403, 404])
async def test_setup_offers_both_ways(connected: BotHarness, provider: str, status: int) -> None:
    """The steps explain a page, and offer to check again and to enter new credentials."""
    harness = connected
    harness.simulator(provider).fail(page("challenge", status), times=None)
    asked = await harness.manager.slash(harness.channel, "setup")
    steps = await harness.manager.click(final(asked).message, label=NAMES[provider])
    key = "intermediary_unauthorized" if status == 401 else "intermediary"
    assert harness.texts(f"problem.{key}.title", provider=NAMES[provider]) in shown(steps)
    assert harness.texts(f"problem.{key}.fix") in shown(steps)
    assert {CHECK, ROTATE} <= set(labels(steps))
    assert await marked(harness) == 0


async def test_who_has_answered_is_in_the_file_alone(
    connected: BotHarness, capfd: pytest.CaptureFixture[str]
) -> None:
    """The CDN's reference, the server and the page's beginning are in the support file and nowhere else."""
    harness = connected
    access = harness.toolzz.credentials["access_token"]
    asked = await read(harness, "toolzz")
    answer = page("challenge", 401)
    body = str(answer.body).replace("<body>", f"<body>{access} ")
    harness.toolzz.fail(type(answer)(401, body, answer.headers), times=None)
    found = await harness.manager.click(final(asked).message, label="Diagnose")
    assert labels(found) == ["Diagnose", ROTATE]
    (file,) = final(found).attachments
    said = (harness.env.backend.cdn.get(file.url) or b"").decode()
    assert f"cf-ray: {CF_RAY}\n" in said
    assert "server: cloudflare\n" in said
    assert "answer begins: <!DOCTYPE html><html lang=" in said
    everywhere = shown(found) + "".join(capfd.readouterr())
    for secret in (CF_RAY, "Just a moment", access):
        assert secret not in everywhere
    assert access not in said
    again = harness.texts("diagnosis.fix.again", button=harness.texts("integrations.diagnose.button"))
    fix = harness.texts("problem.intermediary_unauthorized.fix")
    assert field(found, "Next step") == f"{fix} {again}"
