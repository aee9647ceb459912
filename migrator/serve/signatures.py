"""Signatures of requests (RFC 9421): the caller holds the key, and nothing was changed on the way or is replayed.

A signature counts when all of this holds:

* It is made with Ed25519 and the key that was given; `alg` says so or is left out, `keyid` is any text.
* It covers `@method`, `@path` or `@target-uri`, and `content-digest` (RFC 9530, sha-256 or sha-512).
* The digest is that of the body.
* `created` is at most five minutes from now in either direction, and `expires`, where it is said, is not over.
* `nonce` was not used before.

The scheme in `@target-uri` may be http or https: whoever stands behind a proxy cannot know what its caller wrote.
The used nonces are forgotten when the process ends.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NoReturn

import http_sf
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from http_message_signatures import (
    ContentDigest,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)

from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from http_message_signatures import VerifyResult

_TOLERANCE: Final = 300  # seconds between `created` and now, in either direction
# Seconds for which a nonce is remembered: one made ahead of time stays good for ten minutes; a clock may be set back.
_REMEMBERED: Final = 3 * _TOLERANCE
_NONCES: Final = 100_000  # in fifteen minutes: more than a hundred requests a second
_HEADER_BYTES: Final = 16_384  # of all headers together; what is longer costs too much time to read
_SIGNATURES: Final = 8  # in one request: each costs time to verify
_SCHEMES: Final = ("https", "http")


class SignatureFault(StrEnum):
    """Why a request's signatures do not count, in the order in which it is looked at."""

    UNSIGNED = "unsigned"  # no signature at all
    MALFORMED = "malformed"  # the headers or the address cannot be read, or are too long
    INVALID = "invalid"  # made with another key or for another request, or written in a way that is not accepted
    UNCOVERED = "uncovered"  # method, path or digest is not signed
    WRONG_DIGEST = "wrong_digest"  # the digest is not that of the body
    UNTIMELY = "untimely"  # made too long ago, in the future, or nobody knows when
    NO_NONCE = "no_nonce"
    REPLAYED = "replayed"  # the nonce was used before
    CROWDED = "crowded"  # too many nonces are remembered; later there is room again


class SignatureRefused(Exception):
    """No signature of the request counts; the text is the fault's word and nothing of the request."""

    def __init__(self, fault: SignatureFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class RequestSignatures:
    """Judges the signatures of requests to the endpoint; threads may share it.

    Args:
        pem: the text of a PEM file with an Ed25519 public key.
        place: where that text stands, for the message.
        now: wall-clock time in epoch seconds.
        nonces: how many are remembered at most; beyond them requests are refused.

    Raises:
        ConfigError: the text is no Ed25519 public key.
    """

    def __init__(self, pem: str, place: str, now: Callable[[], float], *, nonces: int = _NONCES) -> None:
        self._now = now
        self._verifier = _Verifier(signature_algorithm=algorithms.ED25519, key_resolver=_OneKey(_loaded(pem, place)))
        self._nonces = _Nonces(nonces)

    def check(
        self, method: str, target: str, authority: str, headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> None:
        """Return if a signature counts, and remember its nonce; of several signatures one is enough.

        Args:
            method: in upper case.
            target: path and query as they came, still percent-encoded.
            authority: the value of the Host header.
            headers: all lines, in their order.
            body: as it came, before any decoding.

        Raises:
            SignatureRefused: for every other request, whatever is in it.
        """
        lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        # Otherwise one part of the address could be taken for another, and a signature for one path count for another.
        sound = target.startswith("/") and "#" not in target and not set("/?#@") & set(authority)
        if not sound or sum(len(name) + len(value) for name, value in lines) > _HEADER_BYTES:
            raise SignatureRefused(SignatureFault.MALFORMED)
        now = self._now()
        nonces: set[str] = set()
        faults = [SignatureFault.UNSIGNED]
        for alone in _one_by_one(lines):
            requests = [_Signed(method, f"{scheme}://{authority}{target}", alone) for scheme in _SCHEMES]
            try:
                nonces.add(_nonce_of(self._verified(requests), body, now))
            except SignatureRefused as refused:
                faults.append(refused.fault)
        if not nonces:
            raise SignatureRefused(max(faults, key=list(SignatureFault).index))
        # All of them: who is signed twice must not come again with the second signature alone.
        self._nonces.use(nonces, now)

    def _verified(self, requests: list[_Signed]) -> VerifyResult:
        """What the only signature of the request covers, by the first spelling of the address that it fits."""
        for request in requests:
            try:
                return self._verifier.verify(request, max_age=None)[0]
            except Exception:  # noqa: BLE001, S112 -- whatever the library stumbles over, the signature does not count
                continue
        raise SignatureRefused(SignatureFault.INVALID)


def _loaded(pem: str, place: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(
            f"{place}: this is no Ed25519 public key in PEM form.",
            fix="Make a pair with `openssl genpkey -algorithm ed25519 -out private.pem` and "
            "`openssl pkey -in private.pem -pubout -out public.pem`; public.pem belongs here.",
        )
    return key


def _one_by_one(lines: list[tuple[str, str]]) -> Iterator[_Headers]:
    """The headers with one signature at a time, as the verifier accepts either all signatures or none."""
    others = [(name, value) for name, value in lines if name.lower() not in {"signature-input", "signature"}]
    inputs, values = _members(lines, "signature-input"), _members(lines, "signature")
    labels = [label for label in inputs if label in values]
    if len(labels) > _SIGNATURES:
        raise SignatureRefused(SignatureFault.MALFORMED)
    for label in labels:
        yield _Headers([*others, ("signature-input", inputs[label]), ("signature", values[label])])


def _members(lines: list[tuple[str, str]], wanted: str) -> dict[str, str]:
    """The members of a header that is a dictionary, each as a header of its own, by label; {} without the header."""
    text = ", ".join(value.strip(" \t") for name, value in lines if name.lower() == wanted)
    try:
        parsed: Any = http_sf.parse(text.encode("latin-1"), tltype="dictionary", on_duplicate_key=_refuse_duplicate)
        return {label: http_sf.ser({label: member}) for label, member in parsed.items()}
    except Exception:  # noqa: BLE001 -- whatever the parser stumbles over, the header cannot be read
        raise SignatureRefused(SignatureFault.MALFORMED) from None


def _refuse_duplicate(_key: str, _where: str) -> NoReturn:
    raise SignatureRefused(SignatureFault.MALFORMED)


def _nonce_of(verified: VerifyResult, body: bytes, now: float) -> str:
    """The nonce of a verified signature that counts if the nonce is new."""
    covered, signed = verified.covered_components, verified.parameters
    digest = covered.get('"content-digest"')
    if digest is None or '"@method"' not in covered or not {'"@path"', '"@target-uri"'} & covered.keys():
        raise SignatureRefused(SignatureFault.UNCOVERED)
    try:
        ContentDigest.verify(digest, body)  # in constant time
    except InvalidSignature:
        raise SignatureRefused(SignatureFault.WRONG_DIGEST) from None
    created, expires = signed.get("created"), signed.get("expires", now)
    if not isinstance(created, int) or not isinstance(expires, int | float) or abs(now - created) > _TOLERANCE:
        raise SignatureRefused(SignatureFault.UNTIMELY)
    if expires < now:
        raise SignatureRefused(SignatureFault.UNTIMELY)
    if not verified.nonce:
        raise SignatureRefused(SignatureFault.NO_NONCE)
    return verified.nonce


class _Nonces:
    """The nonces that were used lately: bounded, and none is forgotten to make room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._until: OrderedDict[bytes, float] = OrderedDict()  # when each may be forgotten, in the order of use
        self._lock = threading.Lock()

    def use(self, nonces: set[str], now: float) -> None:
        """Remember all of them; raise `SignatureRefused`, and remember none, if one is known or there is no room."""
        marks = {hashlib.sha256(nonce.encode()).digest() for nonce in nonces}  # however long a nonce is
        with self._lock:
            while self._until and next(iter(self._until.values())) < now:
                self._until.popitem(last=False)
            if marks & self._until.keys():
                raise SignatureRefused(SignatureFault.REPLAYED)
            if len(self._until) + len(marks) > self._most:
                raise SignatureRefused(SignatureFault.CROWDED)
            self._until.update(dict.fromkeys(marks, now + _REMEMBERED))


@dataclass(frozen=True)
class _Headers:
    """Lines of headers, as the library reads them."""

    lines: list[tuple[str, str]]

    def items(self) -> list[tuple[str, str]]:
        return self.lines


@dataclass(frozen=True)
class _Signed:
    """A request with one signature, as the library reads it."""

    method: str
    url: str
    headers: _Headers


class _OneKey(HTTPSignatureKeyResolver):
    """The one key, whatever the caller calls it."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:  # noqa: ARG002 -- the library's signature
        return self._key


class _Verifier(HTTPMessageVerifier):
    """Leaves the times to `_nonce_of`: the library has a clock of its own."""

    def validate_created_and_expires(self, sig_input: object, max_age: object = None) -> None:
        pass
