"""Encrypts credentials so that a stored value can be decrypted in its own row and in no other.

Format: version byte 2, key id, NUL, 12 random bytes of nonce, AES-256-GCM ciphertext with its tag.
The associated data binds it to the guild, the provider, the connection's name, the time and the random number
that its row got when the credentials were set, and the key id.
A signature is the key id, NUL, HMAC-SHA256. HKDF derives one key for encryption and one for signatures from
each configured key. Version 1, which earlier releases wrote, used the configured key itself for encryption,
and bound a value to neither time nor number.
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.errors import ErasedSecretError, UnreadableSecretError
from bot.setup_errors import InvalidKeysError, MissingKeysError

KEY_BYTES: Final = 32
NEW_KEY_COMMAND: Final = (
    "python3 -c \"import base64, secrets; print('k1:' + base64.b64encode(secrets.token_bytes(32)).decode())\""
)
_VERSION_1: Final = b"\x01"
_VERSION: Final = b"\x02"
_NONCE_BYTES: Final = 12
_SIGNING: Final = b"patchbay signature"
_ENCRYPTION: Final = b"patchbay encryption"
_GENERATION_BITS: Final = 63
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")


def new_generation() -> int:
    """Return a number for new credentials that no others have: two can be set within a second."""
    return secrets.randbits(_GENERATION_BITS)


@dataclass(frozen=True, slots=True)
class Place:
    """The row that a secret belongs to, and which of the secrets that the row had one after the other.

    set_at: seconds since 1970. generation: see ``new_generation``.
    """

    guild_id: int
    provider: str
    connection: str
    set_at: int = 0
    generation: int = 0

    def associated_data(self, version: bytes, key_id: str) -> bytes:
        """Return the bytes to authenticate; JSON separates the values."""
        parts = [self.guild_id, self.provider, self.connection, key_id]
        if version != _VERSION_1:
            parts += [self.set_at, self.generation]
        return json.dumps(parts).encode()


class Vault:
    """Holds the encryption keys; the first one encrypts and signs, all of them decrypt and verify.

    ``restrict`` takes keys out of use that are still configured.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._current = next(iter(keys))
        self._in_use = set(keys)
        self._opens_version_1 = True
        self._ciphers = {
            _VERSION_1: {key_id: AESGCM(key) for key_id, key in keys.items()},
            _VERSION: {key_id: AESGCM(_derive(key, _ENCRYPTION)) for key_id, key in keys.items()},
        }
        self._signing_keys = {key_id: _derive(key, _SIGNING) for key_id, key in keys.items()}

    def __repr__(self) -> str:
        return f"<Vault with keys {', '.join(self._signing_keys)}>"

    @property
    def heading(self) -> bytes:
        """How every sealed value begins that is in the present format and under the first key."""
        return self.format + self._current.encode() + b"\0"

    @property
    def format(self) -> bytes:
        """How every sealed value begins that is in the present format."""
        return _VERSION

    @property
    def current(self) -> str:
        """The id of the key that encrypts and signs."""
        return self._current

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys in use, in the order of the setting."""
        return tuple(key_id for key_id in self._signing_keys if key_id in self._in_use)

    def knows(self, key_id: str) -> bool:
        """Return whether a key is configured, in use or not."""
        return key_id in self._signing_keys

    def restrict(self, key_ids: Iterable[str]) -> None:
        """Decrypt and verify with no other keys than these and the first one, and nothing of version 1.

        This cannot be taken back.
        """
        self._in_use &= {*key_ids, self._current}
        self._opens_version_1 = False

    def seal(self, plain: Mapping[str, str], place: Place) -> bytes:
        """Encrypt a mapping of strings for a row."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[_VERSION][self._current].encrypt(
            nonce, json.dumps(dict(plain)).encode(), place.associated_data(_VERSION, self._current)
        )
        return self.heading + nonce + sealed

    def open(self, sealed: bytes, place: Place) -> dict[str, str]:
        """Decrypt what ``seal`` returned for the same row.

        Raises UnreadableSecretError if a bit or the row differs or the key is not in use, and
        ErasedSecretError if the secret was erased.
        """
        if not sealed:
            raise ErasedSecretError
        version, key_id = sealed[:1], key_id_of(sealed[1:])
        cipher = self._ciphers.get(version, {}).get(key_id)
        is_accepted = key_id in self._in_use and (version != _VERSION_1 or self._opens_version_1)
        if cipher is None or not is_accepted:
            raise UnreadableSecretError
        rest = sealed[1 + len(key_id) + 1 :]
        try:
            plain = cipher.decrypt(
                rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place.associated_data(version, key_id)
            )
        except (InvalidTag, ValueError):
            raise UnreadableSecretError from None
        opened: dict[str, str] = json.loads(plain)
        return opened

    def sign(self, data: bytes) -> bytes:
        """Return a signature that nobody without the key can make."""
        return self._current.encode() + b"\0" + self._mac(self._current, data).finalize()

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Return whether one of the keys in use made this signature."""
        signer = key_id_of(signature)
        if signer not in self._in_use:
            return False
        code = signature[len(signer) + 1 :]
        try:
            self._mac(signer, data).verify(code)
        except InvalidSignature:
            return False
        return True

    def _mac(self, key_id: str, data: bytes) -> HMAC:
        mac = HMAC(self._signing_keys[key_id], SHA256())
        mac.update(data)
        return mac


def key_id_of(named: bytes) -> str:
    """Return the key id that a signature begins with, or a sealed value after its version; "" without one."""
    key_id, separator, _ = named.partition(b"\0")
    text = key_id.decode("ascii", "replace")
    return text if separator and _KEY_ID.fullmatch(text) else ""


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(key)


def read_keys(text: str) -> dict[str, bytes]:
    """Read ``id:base64key`` pairs, separated by commas.

    Raises MissingKeysError if there is none, and InvalidKeysError if a key does not have 32 bytes, has an
    unusable id, or an id is used twice.
    """
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not _KEY_ID.fullmatch(key_id) or len(key) != KEY_BYTES or key_id in keys:
            raise InvalidKeysError(command=NEW_KEY_COMMAND)
        keys[key_id] = key
    if not keys:
        raise MissingKeysError(command=NEW_KEY_COMMAND)
    return keys
