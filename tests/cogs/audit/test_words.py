"""Entries of the audit log are shown in words, whatever is in them."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import PatchbayError
from bot.features.audit.entry import Entry
from bot.features.audit.service import ACTIONS
from bot.i18n.catalog import LOCALES, load_catalog
from bot.setup_errors import SetupError
from cogs.audit.embeds import entry_line
from cogs.audit.words import KnownNames, result_words
from tests.support.error_kinds import concrete_errors
from tests.support.harness import PORTUGUESE

AGENT: Final = "7b2a9d40-6c1f-4e83-b5d7-0f3ec4b00cd1"
NAMES: Final = KnownNames({"sensay": "Sensay", "toolzz": "Toolzz"}, {("toolzz", AGENT): "Nora **"})
KEYS: Final = ({error.key for error in concrete_errors(PatchbayError)} | {"unexpected", "interrupted"}) - {
    error.key for error in concrete_errors(SetupError)
}
PARTS: Final = ["toolzz", "role", "12", AGENT, "1h", "*", "@everyone", ""]


@pytest.mark.parametrize(
    ("action", "target", "english", "portuguese"),
    [
        ("access.grant", "role · 12 · manager", "<@&12> · Manager access", "<@&12> · Acesso de gestão"),
        ("access.revoke", "role · 1", "`@everyone`", "`@everyone`"),
        ("access.revoke", "member · 12", "<@12>", "<@12>"),
        ("alerts.set", "channel · 12", "<#12>", "<#12>"),
        ("alerts.set", "channel · 12 · rule 2", "<#12> · rule 2", "<#12> · regra 2"),
        ("audit.mirror", "off", "turned off", "desligado"),
        ("privacy.export", "server · 1", "this server", "este servidor"),
        ("alerts.acknowledge", "#12", "incident #12", "incidente #12"),
        ("audit.export", "#45", "up to entry #45", "até o item #45"),
        ("alerts.remove", "", "—", "—"),
        ("connection.add", "sensay · default", "Sensay · `default`", "Sensay · `default`"),
        ("toolzz.link", f"toolzz · {AGENT}", "Nora \\*\\* (`c4b00cd1`)", "Nora \\*\\* (`c4b00cd1`)"),
        ("toolzz.link", f"toolzz · {AGENT.upper()}", "Nora \\*\\* (`C4B00CD1`)", "Nora \\*\\* (`C4B00CD1`)"),
        (
            "alerts.mute",
            f"toolzz · {AGENT} · 1h",
            "Nora \\*\\* (`c4b00cd1`) · 1 hour",
            "Nora \\*\\* (`c4b00cd1`) · 1 hora",
        ),
        ("toolzz.unlink", "toolzz · gone-1", "Toolzz · `gone-1`", "Toolzz · `gone-1`"),
        ("sensay.disconnect", f"sensay · {AGENT}", f"Sensay · `{AGENT}`", f"Sensay · `{AGENT}`"),
        ("connection.add", f"toolzz · {AGENT}", f"Toolzz · `{AGENT}`", f"Toolzz · `{AGENT}`"),
        # What nobody writes today, or no longer, is shown as it is stored.
        ("access.grant", "role · 12 · *x*", "`role · 12 · *x*`", "`role · 12 · *x*`"),
        ("access.grant", "role · 12 · owner", "<@&12> · `owner`", "<@&12> · `owner`"),
        ("privacy.export", "server · 2", "`server · 2`", "`server · 2`"),
        ("alerts.set", "#12", "`#12`", "`#12`"),
        ("alerts.mute", "parrots · polly", "`parrots · polly`", "`parrots · polly`"),
        ("alerts.mute", "toolzz · x · 9y", "Toolzz · `x` · `9y`", "Toolzz · `x` · `9y`"),
        ("toolzz.link", "toolzz · ", "`toolzz ·`", "`toolzz ·`"),
    ],
)
def test_a_target_is_shown_in_words(action: str, target: str, english: str, portuguese: str) -> None:
    """Roles, members and channels can be clicked, and agents and providers have their names."""
    entry = Entry(1, 1, 1, None, action, target, "done", b"")
    for locale, shown_as in (("en-US", english), (PORTUGUESE, portuguese)):
        texts = load_catalog()[locale]
        line = entry_line(entry, NAMES, texts)
        assert f"** · {shown_as} · ✅ {texts('audit.result.done')}" in line


def reason(result: str, target: str, locale: str) -> str:
    """Return how an entry of this result and target ended."""
    entry = Entry(1, 1, 1, None, "connection.add", target, result, b"")
    return result_words(entry, NAMES, load_catalog()[locale])


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", sorted(KEYS))
def test_each_reason_has_words(locale: str, key: str) -> None:
    """The key of an error becomes a sentence, with the provider's name if it is about one."""
    for target in ("toolzz · default", "channel · 12", ""):
        words = reason(f"refused:{key}", target, locale)
        assert f"(`{key}`)" not in words
        assert words.count("(") == words.count(")") == 1
    assert ("Toolzz" in reason("failed:timeout", "toolzz · default", locale)) is True
    assert "Discord" in reason("refused:forbidden", "channel · 12", locale)


@pytest.mark.parametrize(
    ("result", "shown_as"),
    [
        ("done", "✅ done"),
        ("done:", "✅ done"),
        ("unknown", "❔ unknown"),
        ("refused:gone_wild", "🚫 refused (`gone_wild`)"),
        ("failed:*x*", "❌ failed (`*x*`)"),
        ("mended", "`mended`"),
        ("", "``"),
    ],
)
def test_an_unknown_result_is_shown_as_it_is_stored(result: str, shown_as: str) -> None:
    """What nobody writes today, or no longer, is quoted."""
    assert reason(result, "", "en-US") == shown_as


@settings(max_examples=200)
@given(
    st.sampled_from([*ACTIONS, "toolzz.link", "x"]),
    st.one_of(
        st.text(max_size=80),
        st.builds(
            " · ".join,
            st.lists(
                st.sampled_from(["toolzz", "role", "12", AGENT, "1h", "*", "@everyone", ""]), max_size=4
            ),
        ),
    ),
    st.one_of(
        st.text(max_size=80), st.builds("{}:{}".format, st.sampled_from(["refused", "done"]), st.text())
    ),
)
def test_any_entry_can_be_shown(action: str, target: str, result: str) -> None:
    """Whatever somebody has written into the table, an entry has its two lines, and pings nobody else."""
    for locale in LOCALES:
        line = entry_line(Entry(1, 1, 1, "p7", action, target, result, b""), NAMES, load_catalog()[locale])
        assert line.count("\n") == 1
        assert "@everyone" not in line.replace("`@everyone`", "")
