"""Each process gets its part of the shards, and none moves without need."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.operating.shard_shares import to_give, to_take
from bot.store.leases import LiveProcess, ShardHolders

COUNTS = st.integers(1, 12)
STEPS = st.lists(st.sampled_from(["start", "end", "halt", "act"]), max_size=40)


class Cluster:
    """Processes that act one after the other, as on the database."""

    def __init__(self, count: int) -> None:
        self.free = frozenset(range(count))
        self.processes: dict[int, LiveProcess] = {}
        self.moves = 0

    def start(self, number: int, wanted: frozenset[int] | None = None) -> None:
        """Let a process begin."""
        self.processes[number] = _process(number, wanted)

    def end(self, number: int) -> None:
        """Let one end: its shards are free."""
        self.free |= self.processes.pop(number).shards

    def halt(self, number: int) -> None:
        """Let one renew its lease no more."""
        one = self.processes[number]
        self.processes[number] = replace(one, is_fresh=False)

    def act(self, number: int) -> bool:
        """Let one take and give back; return whether it did anything."""
        one = self.processes[number]
        if not one.is_fresh:
            return False
        taken = to_take(self.found, number)
        assert taken <= self.free
        self._hold(number, one.shards | taken)
        self.free -= taken
        given = to_give(self.found, number)
        if given is not None:
            self._hold(number, self.processes[number].shards - {given})
            self.free |= {given}
            self.moves += 1
        return bool(taken) or given is not None

    def settle(self) -> None:
        """Let all act until none does anything any more."""
        for _ in range(200):
            if not sum(self.act(number) for number in sorted(self.processes)):
                return
        raise AssertionError("shards move for ever")

    @property
    def found(self) -> ShardHolders:
        """What each of them sees."""
        return ShardHolders(list(self.processes.values()), self.free, has_expired=False)

    def _hold(self, number: int, shards: frozenset[int]) -> None:
        self.processes[number] = replace(self.processes[number], shards=shards)


@given(COUNTS, STEPS, st.randoms())
def test_shards_come_to_rest_in_equal_parts(count: int, steps: list[str], random: Random) -> None:
    """Whatever starts, ends and halts in whichever order: all are held then, and nobody holds too many."""
    cluster = Cluster(count)
    for number, step in enumerate(steps):
        running = sorted(cluster.processes)
        if step == "start" or not running:
            cluster.start(number)
        elif step == "act":
            cluster.act(random.choice(running))
        else:
            getattr(cluster, step)(random.choice(running))
    cluster.settle()
    able = [each for each in cluster.processes.values() if each.is_fresh]
    if able:
        assert cluster.free == frozenset()
        assert max(len(each.shards) for each in able) <= -(-count // len(able))


def test_a_process_that_comes_gets_its_part_and_no_more() -> None:
    """Of six shards one process holds six, two hold three each, three two each: five moves in all."""
    cluster = Cluster(6)
    for number, moves in ((1, 0), (2, 3), (3, 2)):
        cluster.moves = 0
        cluster.start(number)
        cluster.settle()
        assert cluster.moves == moves
        assert {len(each.shards) for each in cluster.processes.values()} == {6 // number}


def test_processes_that_start_together_wait_for_one_another() -> None:
    """The first one leaves room for one that takes no shards yet, while both have just started."""
    cluster = Cluster(6)
    cluster.processes[1] = _process(1, is_new=True)
    cluster.processes[2] = _process(2, has_begun=False, is_new=True)
    assert cluster.act(1)
    assert cluster.processes[1].shards == {0, 1, 2}
    cluster.processes[1] = replace(cluster.processes[1], is_new=False)
    cluster.settle()
    assert cluster.free == frozenset()


def test_free_shards_are_not_kept_for_a_process_that_may_come() -> None:
    """One that ends whenever it has just started keeps the shards of another one that ended from nobody."""
    cluster = Cluster(6)
    for number in (1, 2):
        cluster.start(number)
    cluster.settle()
    cluster.processes[3] = _process(3, has_begun=False, is_new=True)
    cluster.end(2)
    cluster.settle()
    assert cluster.processes[1].shards == set(range(6))
    cluster.processes[3] = _process(3, is_new=True)
    cluster.settle()
    assert {len(each.shards) for each in cluster.processes.values()} == {3}


def test_more_processes_than_shards_stand_by() -> None:
    """One without shards takes those of one that ends."""
    cluster = Cluster(2)
    for number in range(3):
        cluster.start(number)
    cluster.settle()
    assert [len(each.shards) for each in cluster.processes.values()] == [1, 1, 0]
    cluster.end(0)
    cluster.settle()
    assert [len(each.shards) for each in cluster.processes.values()] == [1, 1]


def test_certain_shards_go_to_the_process_that_wants_them() -> None:
    """Others give them back, and take what nobody wants in particular; it takes no others."""
    cluster = Cluster(4)
    cluster.start(1)
    cluster.settle()
    cluster.start(2, frozenset({0, 3}))
    cluster.settle()
    assert [each.shards for each in cluster.processes.values()] == [{1, 2}, {0, 3}]
    cluster.end(1)
    cluster.settle()
    assert cluster.free == {1, 2}


def test_two_that_want_the_same_shard_do_not_take_it_from_each_other() -> None:
    """As while a process is replaced: the second one stands by."""
    cluster = Cluster(2)
    for number in (1, 2):
        cluster.start(number, frozenset({0}))
        cluster.settle()
    assert [each.shards for each in cluster.processes.values()] == [{0}, set()]
    cluster.end(1)
    cluster.settle()
    assert cluster.processes[2].shards == {0}


def _process(
    number: int, wanted: frozenset[int] | None = None, *, has_begun: bool = True, is_new: bool = False
) -> LiveProcess:
    return LiveProcess(number, wanted, frozenset(), is_fresh=True, has_begun=has_begun, is_new=is_new)
