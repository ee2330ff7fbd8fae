"""`patchbay migrate-database` refuses what it cannot move, and a moved database is used by nobody."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.features.connections.store import ConnectionStore
from bot.operating import hosting
from bot.operating.moving import migrate_database
from bot.setup_errors import DatabaseMovedError, DatabaseUnfinishedError, DatabaseUnusableError
from bot.store.database import Database
from bot.store.moving.mark import DatabaseMove, mark
from bot.store.moving.target import open_side
from tests.support.moving import PASSWORD, address, change, contents, fill, patchbay, settings, with_password


def test_a_moved_database_is_refused_by_each_command(path: Path, postgres_url: str, tmp_path: Path) -> None:
    """`run` and whatever writes ends with a text that says where everything is; the doctor says so too."""
    fill(path, 6)
    assert patchbay(path, "migrate-database", "--to", with_password(postgres_url)).exit_code == 0
    after = contents(path)
    place = postgres_url.partition("?")[0].replace("patchbay@", "")
    said = f"The database {path} was moved to {place}. Nothing was changed."
    assert patchbay(path, "run").exit_code == 78
    for words in (
        ("run",),
        ("sync",),
        ("purge-guild", "1", "--yes"),
        ("member", "erase", "1", "--yes"),
        ("member", "export", "1"),
        ("rotate-key",),
        ("migrate-database", "--to", postgres_url),
        ("doctor",),
    ):
        ended = patchbay(path, *words)
        assert ended.exit_code != 0
        assert said in " ".join(ended.output.split()), words
    assert contents(path) == after
    assert patchbay(postgres_url, "migrate-database", "--to", f"sqlite:///{tmp_path / 'b.db'}").exit_code == 0
    for words in (("run",), ("purge-guild", "1", "--yes"), ("doctor",)):
        assert f"was moved to {tmp_path / 'b.db'}" in " ".join(patchbay(postgres_url, *words).output.split())


async def test_a_command_that_is_under_way_writes_nothing_after_the_move(
    path: Path, postgres_url: str
) -> None:
    """It has opened the database before, and looks again in each transaction."""
    await asyncio.to_thread(fill, path, 7)
    async with hosting._existing(settings(path)) as database:
        await asyncio.to_thread(migrate_database, settings(path), postgres_url, print)
        with pytest.raises(DatabaseMovedError):
            await ConnectionStore(database).delete(1, "a", "a")
    assert await asyncio.to_thread(contents, path) == await asyncio.to_thread(contents, postgres_url)


def put_row(where: Path | str) -> None:
    """Store something."""
    change(where, "INSERT INTO greeting VALUES (1, 2, 3)")


def put_foreign_table(where: Path | str) -> None:
    """Make a database of somebody else's."""
    tables = [] if isinstance(where, Path) else contents_names(where)
    if isinstance(where, Path):
        where.unlink()
    change(where, *(f"DROP TABLE {name} CASCADE" for name in tables), "CREATE TABLE theirs (a integer)")


def contents_names(where: str) -> list[str]:
    """Return the names of all tables."""
    with closing(open_side(where)) as side:
        return list(side.tables())


@pytest.mark.parametrize("to_server", [True, False])
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (put_row, "it is not empty: its table greeting has rows"),
        (put_foreign_table, "it holds tables that are not Patchbay's"),
    ],
)
def test_a_target_that_is_not_empty_is_refused(
    path: Path, postgres_url: str, to_server: bool, harm: Callable[[Path | str], None], reason: str
) -> None:
    """It keeps what it has, and the source can be used as before."""
    source, target = (path, postgres_url) if to_server else (postgres_url, path)
    harm(target)
    before = contents(target)
    with pytest.raises(DatabaseUnusableError) as raised:
        migrate_database(settings(source), address(target), print)
    assert raised.value.values["reason"] == f"{reason}; it takes an empty database"
    assert contents(target) == before
    migrate = open_side(source)
    with closing(migrate):
        assert migrate.rows("SELECT * FROM moved") == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("sqlite:///other.db", "The target must name a database of the other kind"),
        ("mysql://root@host/db", "The target must be sqlite:/// and a path"),
        (
            f"postgresql://u:{PASSWORD}@127.0.0.1:9/db",
            "postgresql://127.0.0.1:9/db can't be used: the server",
        ),
        (f"postgresql://u:{PASSWORD}@[/db", "can't be used: the driver cannot read the address"),
    ],
)
def test_a_target_that_cannot_be_used_is_named_without_a_password(
    path: Path, target: str, reason: str
) -> None:
    """The command ends with one line."""
    ended = patchbay(path, "migrate-database", "--to", target)
    assert ended.exit_code == 1
    assert reason in ended.output
    assert "Traceback" not in ended.output


def test_a_source_that_does_not_exist_is_not_made(tmp_path: Path, postgres_url: str) -> None:
    """A mistyped path does not look like an empty database."""
    with pytest.raises(DatabaseUnusableError):
        migrate_database(settings(tmp_path / "none.db"), postgres_url, print)
    assert list(tmp_path.iterdir()) == []


def test_two_moves_into_one_database_are_refused(path: Path, postgres_url: str) -> None:
    """The second one ends at once, and the first one goes on."""
    fill(path, 8)
    refused: list[str] = []

    def again(_line: str) -> None:
        if not refused:
            with pytest.raises(DatabaseUnusableError) as raised:
                migrate_database(settings(path), postgres_url, print)
            refused.append(str(raised.value.values["reason"]))

    migrate_database(settings(path), postgres_url, again)
    assert refused == ["another process moves rows into it"]
    assert contents(postgres_url) == contents(path)


async def test_an_unfinished_database_is_not_opened(path: Path) -> None:
    """The error says which one is to be used."""
    with closing(open_side(path)) as side, side.alone():
        mark(side, DatabaseMove("from", "/there.db"), 1)
    with pytest.raises(DatabaseUnfinishedError) as raised:
        async with Database.open(path):
            pass
    assert raised.value.values == {"path": str(path), "source": "/there.db"}
