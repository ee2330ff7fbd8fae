"""No command: asks for a bot token and passes it on, for the providers' cogs."""

from cogs.handover.flow import TokenHandover
from cogs.handover.guide import ConnectButton, GuideAction, GuideButton
from cogs.handover.lookup import LookButton, Lookup
from cogs.handover.preflight import Preflight, accepted_answer, examine
from cogs.handover.question import TokenModal, TokenQuestion
from cogs.handover.unsettled import unsettled_fields, unsettled_fields_of

__all__ = [
    "ConnectButton",
    "GuideAction",
    "GuideButton",
    "LookButton",
    "Lookup",
    "Preflight",
    "TokenHandover",
    "TokenModal",
    "TokenQuestion",
    "accepted_answer",
    "examine",
    "unsettled_fields",
    "unsettled_fields_of",
]
