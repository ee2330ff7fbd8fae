"""Proves that every name of a connection fits into custom ids."""

from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import InvalidInputError
from bot.features.connections.service import read_name
from bot.providers.sensay.simulator import SensaySimulator
from cogs.connections.forms import CredentialButton
from cogs.sensay.connect import SensayConnectButton
from cogs.toolzz.status import ToolzzStatusButton


@given(st.text(max_size=30) | st.from_regex(r"\s*[A-Za-z0-9_-]{1,21}\s*", fullmatch=True))
@example("İ" * 5)
@example("٣")
@example("a\n")
def test_an_accepted_name_fits_into_a_custom_id(text: str) -> None:
    """An accepted name is read back from custom ids, which have at most 100 characters."""
    try:
        name = read_name(text)
    except InvalidInputError as error:
        assert error.field == "name"  # noqa: PT017 - most texts are refused
        return
    assert read_name(name) == name
    longest = "a" * 64
    for button, custom_id in (
        (CredentialButton, f"connections:rotate:{'p' * 32}:{name}"),
        (SensayConnectButton, f"sensay:connect:{name}:{SensaySimulator.ACTIVE}"),
        (ToolzzStatusButton, f"toolzz:status:{name}:{longest}"),
    ):
        match = button.__discord_ui_compiled_template__.fullmatch(custom_id)
        assert match is not None
        assert name in match.groups()
        assert len(custom_id) <= 100
