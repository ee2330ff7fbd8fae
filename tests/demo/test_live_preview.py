"""What was pressed on an outdated page is found on the present one, or nowhere."""

from hypothesis import given
from hypothesis import strategies as st

from bot.demo.live_preview import key_of_same

MESSAGES = st.dictionaries(
    st.sampled_from(["1", "11", "2"]),
    st.lists(st.sampled_from("abcd"), unique=True, max_size=4),
    max_size=3,
)


def controls(messages: dict[str, list[str]]) -> dict[str, str]:
    """Return the custom ids of these messages' buttons by key."""
    return {
        f"message:{message}:component:0.components.{position}": custom_id
        for message, buttons in messages.items()
        for position, custom_id in enumerate(buttons)
    }


@given(MESSAGES, MESSAGES)
def test_a_press_never_means_another_button(before: dict[str, list[str]], now: dict[str, list[str]]) -> None:
    """A button is found where its message shows it now; one that is gone, or of another message, is not."""
    seen, present = controls(before), controls(now)
    for key, custom_id in seen.items():
        message = key.split(":")[1]
        found = key_of_same(key, seen, present)
        if custom_id in now.get(message, []):
            assert found is not None
            assert found.startswith(f"message:{message}:")
            assert present[found] == custom_id
        else:
            assert found is None


@given(MESSAGES)
def test_what_was_never_shown_cannot_be_pressed(now: dict[str, list[str]]) -> None:
    """A key of a revision that is not known any more is found nowhere."""
    present = controls(now)
    assert all(key_of_same(key, {}, present) is None for key in present)
