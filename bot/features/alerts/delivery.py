"""Makes one move of one message in the outbox, so that it can be resumed wherever it is interrupted."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from bot.features.alerts.messenger import (
    AnyNotice,
    ChannelRefusedError,
    MessageGoneError,
    MessageNotEditableError,
    Messenger,
    NotSentError,
)
from bot.features.alerts.outbox_plan import Move
from bot.features.alerts.store import AlertStore, MessageKind, OutboxRow

MAX_TRIES_ELSEWHERE: Final = 10
"""A message that takes no edits where it no longer belongs is left as it is after so many tries.

It may be in a thread that was archived.
"""


class Marks(NamedTuple):
    """Whether a message that is posted now tells somebody, for the first time or again.

    may_repost: whether an alert that takes no edits may be posted anew instead.
    """

    is_told: bool = False
    is_escalated: bool = False
    may_repost: bool = True


def reference_of(row: OutboxRow, posts: int) -> str:
    """Return what distinguishes a message in its channel.

    posts: how often it was posted, this time included.
    """
    route = f"-r{row.route}" if row.route > 1 else ""
    prefix = "" if row.kind == MessageKind.ALERT else f"{row.kind}-"
    return f"{prefix}{row.number}-{posts}{route}"


class Delivery:
    """One move of one message. The methods return the row as it is afterwards."""

    def __init__(
        self,
        store: AlertStore,
        messenger: Messenger,
        row: OutboxRow,
        notice: AnyNotice,
        target: int | None,
        marks: Marks,
        now: int,
    ) -> None:
        """notice: without channel and reference. target: where the message belongs, None for nowhere.

        marks: what is noted if the message is posted.
        """
        self._store = store
        self._messenger = messenger
        self._row = row
        self._notice = notice
        self._target = target
        self._marks = marks
        self._now = now
        self._is_board = row.kind == MessageKind.BOARD

    async def make(self, move: Move) -> OutboxRow:
        """Make a move.

        Raises ChannelRefusedError if the target channel refused, MessageGoneError if a board's message was
        deleted, NotSentError, and whatever else the messenger raises.
        """
        row = self._row
        match move:
            case Move.FIND:
                return await self._find()
            case Move.CLEAR:
                with contextlib.suppress(MessageGoneError):
                    await self._delete(row)
                return replace(row, old_channel_id=None, old_message_id=None, tries=0, error="")
            case Move.TAKE_DOWN:
                return self._taken_down()
            case Move.POST | Move.REPOST if self._target is not None:
                return await self._post(self._target)
            case Move.EDIT:
                return await self._edit()
        raise AssertionError(move)

    def _addressed(self, channel_id: int, posts: int) -> AnyNotice:
        """Return the notice for a message. posts: how often it was posted, this time included."""
        return replace(self._notice, channel_id=channel_id, reference=reference_of(self._row, posts))

    def _taken_down(self) -> OutboxRow:
        """Return the row of a message that is nowhere and whose present message has to be deleted.

        This is stored before anything is deleted: a message that is gone without a note looks like a member's
        doing.
        """
        row = self._row
        return replace(
            row,
            channel_id=None,
            message_id=None,
            old_channel_id=None if row.message_id is None else row.channel_id,
            old_message_id=row.message_id,
            sent_version=self._outdated_version(),
        )

    def _outdated_version(self) -> int:
        """Return the version of a message that may not show the latest."""
        return self._row.desired_version - 1

    @contextlib.contextmanager
    def _ignoring_other_channels(self, channel_id: int) -> Iterator[None]:
        """Ignore what a channel refuses where the message no longer belongs."""
        try:
            yield
        except ChannelRefusedError:
            if channel_id == self._target:
                raise

    async def _find(self) -> OutboxRow:
        row = self._row
        assert row.channel_id is not None and row.tried_at is not None  # noqa: S101, PT018 - noted together
        found = None
        with self._ignoring_other_channels(row.channel_id):
            found = await self._messenger.find(self._addressed(row.channel_id, row.posts + 1), row.tried_at)
        if found is None:
            return replace(
                row,
                channel_id=row.old_channel_id,
                message_id=row.old_message_id,
                old_channel_id=None,
                old_message_id=None,
                tried_at=None,
                # What was noted for the message that was not posted is taken back.
                told_at=None if row.told_at == row.tried_at else row.told_at,
                mentioned_at=None if row.mentioned_at == row.tried_at else row.mentioned_at,
                escalated_at=None if row.escalated_at == row.tried_at else row.escalated_at,
                sent_version=self._outdated_version() if row.old_message_id is None else row.sent_version,
                # It may still be on its way: what is posted next is not taken to show the latest.
                tries=max(row.tries, 1),
            )
        return replace(
            row,
            message_id=found,
            posts=row.posts + 1,
            sent_version=self._outdated_version(),
            content="",
            posted_at=row.tried_at,
            tried_at=None,
            tries=0,
            error="",
        )

    async def _delete(self, row: OutboxRow) -> None:
        """Delete the message that was replaced."""
        if row.old_channel_id is not None and row.old_message_id is not None:
            with self._ignoring_other_channels(row.old_channel_id):
                await self._messenger.delete(row.guild_id, row.old_channel_id, row.old_message_id)

    async def _replace(self) -> OutboxRow:
        taken_down = self._taken_down()
        await self._store.note(taken_down, self._row)
        await self._delete(taken_down)
        return replace(taken_down, old_channel_id=None, old_message_id=None)

    async def _post(self, channel_id: int) -> OutboxRow:
        row = self._row
        marks, now = self._marks, self._now
        tried = replace(
            self._taken_down(),
            channel_id=channel_id,
            sent_version=row.sent_version,
            tried_at=now,
            told_at=now if marks.is_told and row.told_at is None else row.told_at,
            mentioned_at=now if marks.is_told else row.mentioned_at,
            escalated_at=now if marks.is_escalated else row.escalated_at,
        )
        await self._store.note(tried, row)
        message_id = await self._messenger.post(self._addressed(channel_id, row.posts + 1))
        # After a failure it can be the message of an earlier try, which Discord knew by its nonce.
        is_certain = row.tries == 0
        return replace(
            tried,
            message_id=message_id,
            posts=row.posts + 1,
            sent_version=row.desired_version if is_certain else self._outdated_version(),
            content=self._notice.content if is_certain else "",
            tried_at=None,
            tries=0,
            posted_at=now,
            error="",
        )

    async def _edit(self) -> OutboxRow:
        row = self._row
        assert row.channel_id is not None and row.message_id is not None  # noqa: S101, PT018 - planned so
        edited = replace(
            row,
            sent_version=row.desired_version,
            content=self._notice.content,
            edited_at=self._now,
            tries=0,
            error="",
        )
        try:
            with self._ignoring_other_channels(row.channel_id):
                await self._messenger.edit(self._addressed(row.channel_id, row.posts), row.message_id)
        except MessageGoneError:
            if self._is_board:
                raise
            return replace(edited, message_id=None)
        except MessageNotEditableError:
            if self._is_board:
                return await self._replace()
            if row.kind != MessageKind.ALERT:
                return edited
            if row.channel_id != self._target and row.tries >= MAX_TRIES_ELSEWHERE:
                return edited
            if row.channel_id != self._target or not self._marks.may_repost:
                raise NotSentError("not editable") from None
            return await self._post(row.channel_id)
        return edited
