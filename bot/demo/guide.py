"""What there is to try in the demo, in order, and what of it has been done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simcord.enums import ComponentType, InteractionType

from bot.demo.world import World


@dataclass(frozen=True)
class GuideStep:
    """One thing to try. key: of its texts. command: what it runs. opens_alerts: whether it happens in the
    channel for alerts.
    """

    key: str
    command: str = ""
    opens_alerts: bool = False


FILLED: Final = (
    GuideStep("overview", command="integrations overview"),
    GuideStep("incident", opens_alerts=True),
    GuideStep("heal"),
    GuideStep("break", opens_alerts=True),
    GuideStep("history", command="integrations history"),
    GuideStep("connect", command="setup"),
    GuideStep("roles", command="help"),
)
"""For a server that has a past."""
EMPTY: Final = (
    GuideStep("setup", command="setup"),
    GuideStep("credentials"),
    GuideStep("alerts"),
    GuideStep("break", opens_alerts=True),
    GuideStep("heal"),
    GuideStep("connect", command="setup"),
    GuideStep("roles", command="help"),
)


class Guide:
    """Watches what members do in one server."""

    def __init__(self, world: World, steps: Sequence[GuideStep]) -> None:
        self.steps = steps
        self.done: set[str] = set()
        """The keys of the steps that were done, in whatever order."""
        self._world = world

    @property
    def next_step(self) -> GuideStep | None:
        """The first step that was not done, None after the last one."""
        return next((step for step in self.steps if step.key not in self.done), None)

    def listen(self, event: str, payload: Mapping[str, Any]) -> None:
        """Take notice of an event of the simulated Discord."""
        if event == "INTERACTION_CREATE":
            self.done |= set(self._done_by(payload))

    def _done_by(self, payload: Mapping[str, Any]) -> Sequence[str]:
        data = payload.get("data", {})
        match payload["type"]:
            case InteractionType.APPLICATION_COMMAND:
                path, is_owner = _path(data), int(payload["member"]["user"]["id"]) == self._world.mira.id
                by_command = [step.key for step in self.steps if step.command == path]
                # To run /setup again connects nothing yet, and whoever owns the server is nobody else.
                return [key for key in by_command if key != "connect" and (key != "roles" or not is_owner)]
            case InteractionType.MODAL_SUBMIT:
                return ["credentials"]
            case InteractionType.MESSAGE_COMPONENT:
                if data.get("component_type") == ComponentType.CHANNEL_SELECT:
                    return ["alerts"]
                return ["incident"] if int(payload["channel_id"]) == self._world.alerts.id else []
            case _:
                return []


def _path(data: Mapping[str, Any]) -> str:
    """Return a command with its subcommands."""
    words, node = [str(data["name"])], data
    while (options := node.get("options")) and options[0]["type"] in {1, 2}:
        node = options[0]
        words.append(str(node["name"]))
    return " ".join(words)
