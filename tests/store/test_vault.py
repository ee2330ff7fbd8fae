"""Proves that an encrypted value can be decrypted in its own row with its own key, and nowhere else."""

import itertools
import subprocess
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import UnreadableSecretError
from bot.setup_errors import InvalidKeysError, MissingKeysError
from bot.store.vault import KEY_BYTES, NEW_KEY_COMMAND, Place, Vault, read_keys

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))
HERE = Place(1102345678901234567, "sensay", "default")
SECRET = {"organization_secret": "FAKE-TOKEN-sensay-organization-0001", "user_id": "northwind"}
ENCODED = b64encode(FIRST).decode()

texts = st.text(st.characters(codec="utf-8"), max_size=40)
places = st.builds(Place, st.integers(1, 2**63 - 1), st.sampled_from(["sensay", "toolzz"]), texts)


@pytest.fixture(scope="module")
def vault() -> Vault:
    """A vault with two keys, the first of which encrypts."""
    return Vault({"k1": FIRST, "k2": SECOND})


def refused(vault: Vault, sealed: bytes, place: Place) -> bool:
    """Return whether a value is refused with UnreadableSecretError."""
    try:
        vault.open(sealed, place)
    except UnreadableSecretError:
        return True
    return False


@given(st.dictionaries(texts, texts, max_size=5), places)
def test_a_value_opens_in_its_row(plain: dict[str, str], place: Place) -> None:
    """Any mapping of strings comes back equal, for any row."""
    vault = Vault({"k1": FIRST})
    assert vault.open(vault.seal(plain, place), place) == plain


def test_a_value_does_not_open_in_another_row(vault: Vault) -> None:
    """None of 4,032 swaps between rows with another guild, provider, name or key can be decrypted."""
    vaults = {"k1": vault, "k2": Vault({"k2": SECOND, "k1": FIRST})}
    guilds, providers, names = (HERE.guild_id, 1, 12, 112), ("sensay", "toolzz"), ("default", "a", "aa", "d")
    rows = list(itertools.product(vaults, guilds, providers, names))
    sealed = {row: vaults[row[0]].seal(SECRET, Place(*row[1:])) for row in rows}
    swaps = [(source, target) for source, target in itertools.permutations(rows, 2)]
    # The same guild, provider and name with the other key is the same row before a change of keys.
    moved = [(source, target) for source, target in swaps if source[1:] != target[1:]]
    assert len(moved) >= 1000
    assert [swap for swap in moved if not refused(vault, sealed[swap[0]], Place(*swap[1][1:]))] == []


def test_the_parts_of_a_row_are_separated(vault: Vault) -> None:
    """A name that contains a part of the provider or JSON does not open another row's value."""
    twins = [
        (Place(1, "ab", "c"), Place(1, "a", "bc")),
        (Place(1, "a", 'b", "c'), Place(1, 'a", "b', "c")),
        (Place(11, "a", "b"), Place(1, "1a", "b")),
    ]
    for one, other in twins:
        assert refused(vault, vault.seal(SECRET, one), other)


def test_a_value_does_not_open_under_another_key_id() -> None:
    """The key's id is authenticated: it cannot be replaced by another id of the same key."""
    vault = Vault({"aa": FIRST, "bb": FIRST})
    sealed = vault.seal(SECRET, HERE)
    assert vault.open(sealed, HERE) == SECRET
    assert refused(vault, sealed.replace(b"aa\0", b"bb\0", 1), HERE)


def test_every_flipped_bit_is_found(vault: Vault) -> None:
    """None of more than 2,000 bits of three values can be flipped without a refusal."""
    flips = 0
    for plain in (SECRET, {}, {"access_token": "FAKE-TOKEN-" + "x" * 120}):
        sealed = vault.seal(plain, HERE)
        for position, bit in itertools.product(range(len(sealed)), range(8)):
            flipped = bytearray(sealed)
            flipped[position] ^= 1 << bit
            assert refused(vault, bytes(flipped), HERE), (position, bit)
            flips += 1
    assert flips > 2000


def test_every_cut_and_every_extension_is_found(vault: Vault) -> None:
    """A value with missing or additional bytes at either end is refused."""
    sealed = vault.seal(SECRET, HERE)
    for length in range(len(sealed)):
        assert refused(vault, sealed[:length], HERE)
        assert refused(vault, sealed[length + 1 :], HERE)
    assert refused(vault, sealed + b"\0", HERE)
    assert refused(vault, b"\1" + sealed, HERE)


@pytest.mark.parametrize("version", [0, 1, 3, 255])
def test_another_version_is_refused(vault: Vault, version: int) -> None:
    """A value of an unknown format is not decrypted."""
    assert refused(vault, bytes([version]) + vault.seal(SECRET, HERE)[1:], HERE)


@given(st.binary(max_size=120))
@example(b"\x01k1\x00")
@example(b"\x01k1")
@example(b"\x01k\xff\x00" + bytes(40))
@example(b"\x01\xef\xbf\xbd\x00" + bytes(40))
@example(b"\x01k1\x00" + bytes(12))
@example(b"\x01k1\x00" + bytes(5))
def test_arbitrary_bytes_are_refused_in_one_way(data: bytes) -> None:
    """Any other bytes in the column raise UnreadableSecretError."""
    vault = Vault({"k1": FIRST, "\ufffd": SECOND})
    for sealed in (data, b"\x01k1\x00" + data):
        assert refused(vault, sealed, HERE)


def test_a_value_without_its_key_is_unreadable(vault: Vault) -> None:
    """It is refused if its key is not configured, or if another key has that id."""
    sealed = vault.seal(SECRET, HERE)
    assert refused(Vault({"k2": SECOND}), sealed, HERE)
    assert refused(Vault({"k1": SECOND}), sealed, HERE)


def test_the_first_key_encrypts_and_all_decrypt(vault: Vault) -> None:
    """With a new first key, old values can still be decrypted, and new ones do not need the old key."""
    old, rotated = Vault({"k2": SECOND}), Vault({"k3": bytes(32), "k2": SECOND})
    assert rotated.open(old.seal(SECRET, HERE), HERE) == SECRET
    assert Vault({"k3": bytes(32)}).open(rotated.seal(SECRET, HERE), HERE) == SECRET


def test_the_same_secret_is_never_sealed_alike(vault: Vault) -> None:
    """Each value has its own nonce, so nobody can see that two rows have the same secret."""
    values = {vault.seal(SECRET, HERE) for _ in range(1000)}
    header = len(b"\x01k1\x00")
    assert len({value[header : header + 12] for value in values}) == 1000


def test_an_encrypted_value_does_not_contain_the_secret(vault: Vault) -> None:
    """The stored bytes contain neither a field's name nor its value."""
    sealed = vault.seal(SECRET, HERE)
    assert [part for pair in SECRET.items() for part in pair if part.encode() in sealed] == []


def test_no_key_is_shown(vault: Vault) -> None:
    """The repr of a vault has the ids of its keys and no byte of them."""
    assert repr(vault) == "<Vault with keys k1, k2>"


def test_keys_are_read_in_order() -> None:
    """Blanks, line ends and additional commas around the pairs do not matter."""
    text = f"\n now:{ENCODED} ,\t2025-old:{b64encode(SECOND).decode()},, \n"
    assert list(read_keys(text).items()) == [("now", FIRST), ("2025-old", SECOND)]


@pytest.mark.parametrize("text", ["", "  ", ",", " , ,\n"])
def test_missing_keys_have_their_own_error(text: str) -> None:
    """The error says how to make a key."""
    with pytest.raises(MissingKeysError) as caught:
        read_keys(text)
    assert caught.value.values == {"command": NEW_KEY_COMMAND}


@pytest.mark.parametrize(
    "text",
    [
        ENCODED,
        f":{ENCODED}",
        "k1:",
        "k1",
        f"k1:{b64encode(bytes(31)).decode()}",
        f"k1:{b64encode(bytes(33)).decode()}",
        f"k1:{b64encode(bytes(16)).decode()}",
        f"k1:{urlsafe_b64encode(bytes([255]) * 32).decode()}",
        f"k1:{ENCODED[:-1]}",
        f"k1:{ENCODED}=",
        f"k1: {ENCODED}",
        f"k1:{ENCODED[:20]}\n{ENCODED[20:]}",
        "k1:clé-secrète",
        f"k 1:{ENCODED}",
        f"k1 :{ENCODED}",
        f"clé:{ENCODED}",
        f"k\0:{ENCODED}",
        f"{'k' * 33}:{ENCODED}",
        f"k1:{ENCODED},k1:{ENCODED}",
        f"k1:{ENCODED},k2",
    ],
)
def test_unusable_keys_are_refused_without_being_shown(text: str) -> None:
    """A wrong length, a bad id, a duplicate id and text that is not base64 are refused and not shown."""
    with pytest.raises(InvalidKeysError) as caught:
        read_keys(text)
    assert caught.value.values == {"command": NEW_KEY_COMMAND}
    assert ENCODED not in f"{caught.value!r} {caught.value} {caught.value.__context__!r}"


def test_the_command_for_a_new_key_makes_one() -> None:
    """It prints a usable key, a different one each time."""
    printed = [
        subprocess.run(NEW_KEY_COMMAND, shell=True, capture_output=True, text=True, check=True).stdout  # noqa: S602
        for _ in range(2)
    ]
    keys = [read_keys(text) for text in printed]
    assert [list(key) for key in keys] == [["k1"], ["k1"]]
    assert {len(key["k1"]) for key in keys} == {KEY_BYTES}
    assert keys[0] != keys[1]
