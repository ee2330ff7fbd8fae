"""Encrypts credentials so that a stored value can be decrypted in its own row and in no other.

Format: version byte 1, key id, NUL, 12 random bytes of nonce, AES-256-GCM ciphertext with its tag.
The associated data binds it to the guild, the provider, the connection's name and the key id.
A signature is the key id, NUL, HMAC-SHA256 with a key that HKDF derives from that encryption key.
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.errors import ErasedSecretError, InvalidKeysError, MissingKeysError, UnreadableSecretError

KEY_BYTES: Final = 32
NEW_KEY_COMMAND: Final = (
    "python3 -c \"import base64, secrets; print('k1:' + base64.b64encode(secrets.token_bytes(32)).decode())\""
)
_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_SIGNING: Final = b"patchbay signature"
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class Place:
    """The row that a secret belongs to."""

    guild_id: int
    provider: str
    connection: str

    def associated_data(self, key_id: str) -> bytes:
        """Return the bytes to authenticate; JSON separates the values."""
        return json.dumps([self.guild_id, self.provider, self.connection, key_id]).encode()


class Vault:
    """Holds the encryption keys; the first one encrypts and signs, all of them decrypt and verify."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = next(iter(self._ciphers))
        self._signing_keys = {
            key_id: HKDF(SHA256(), KEY_BYTES, salt=None, info=_SIGNING).derive(key)
            for key_id, key in keys.items()
        }

    def __repr__(self) -> str:
        return f"<Vault with keys {', '.join(self._ciphers)}>"

    def seal(self, plain: Mapping[str, str], place: Place) -> bytes:
        """Encrypt a mapping of strings for a row."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(
            nonce, json.dumps(dict(plain)).encode(), place.associated_data(self._current)
        )
        return _VERSION + self._current.encode() + b"\0" + nonce + sealed

    def open(self, sealed: bytes, place: Place) -> dict[str, str]:
        """Decrypt what ``seal`` returned for the same row.

        Raises UnreadableSecretError if a bit or the row differs or the key is not configured, and
        ErasedSecretError if the secret was erased.
        """
        if not sealed:
            raise ErasedSecretError
        key_id, separator, rest = sealed[1:].partition(b"\0")
        cipher = self._ciphers.get(key_id.decode("ascii", "replace"))
        if sealed[:1] != _VERSION or not separator or cipher is None:
            raise UnreadableSecretError
        try:
            plain = cipher.decrypt(
                rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place.associated_data(key_id.decode("ascii"))
            )
        except (InvalidTag, ValueError):
            raise UnreadableSecretError from None
        opened: dict[str, str] = json.loads(plain)
        return opened

    def sign(self, data: bytes) -> bytes:
        """Return a signature that nobody without the key can make."""
        return self._current.encode() + b"\0" + self._mac(self._current, data).finalize()

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Return whether one of the configured keys made this signature."""
        key_id, _, code = signature.partition(b"\0")
        signer = key_id.decode("ascii", "replace")
        if signer not in self._signing_keys:
            return False
        try:
            self._mac(signer, data).verify(code)
        except InvalidSignature:
            return False
        return True

    def _mac(self, key_id: str, data: bytes) -> HMAC:
        mac = HMAC(self._signing_keys[key_id], SHA256())
        mac.update(data)
        return mac


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
