"""Requests as a caller signs them, with the same library that judges them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import ContentDigest, HTTPMessageSigner, MappingKeyResolver, algorithms

from migrator.serve.signatures import RequestSignatures, SignatureRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
NOW = 1_800_000_000
COVERED = ("@method", "@path", "content-digest")
BODY = b'{"login": "ann@example.org", "execution_id": "e1"}'


@dataclass
class Asked:
    """A request, as a caller sends it."""

    method: str = "POST"
    target: str = "/v1/jit/resolve"
    authority: str = "jit.example.org"
    scheme: str = "https"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes = BODY

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    def lines(self) -> list[tuple[bytes, bytes]]:
        """Its headers as they come."""
        return [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items()]


class AnyDigest(ContentDigest):
    """Lets every digest be signed."""

    @classmethod
    def prepare(cls, headers: object, body: bytes | None, *, use_existing_digest: bool) -> None:
        pass


class Careless(HTTPMessageSigner):
    """Signs what a careful caller would not."""

    content_digest_class = AnyDigest


def pem(key: Ed25519PrivateKey | EllipticCurvePrivateKey = KEY) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signed(
    request: Asked | None = None,
    key: Ed25519PrivateKey = KEY,
    age: int = 0,
    covered: tuple[str, ...] = COVERED,
    **more: Any,
) -> Asked:
    """The request with one signature more, made so many seconds before NOW, and with a digest if it had none."""
    request = request or Asked()
    request.headers.setdefault("Content-Digest", ContentDigest.create(request.body))
    keys = MappingKeyResolver(public_keys={}, private_keys={"k": key})
    signer = Careless(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    how: dict[str, Any] = {"nonce": "n1", "append_if_signature_exists": True, **more}
    created = datetime.fromtimestamp(NOW - age, UTC)
    signer.sign(request, key_id="k", created=created, covered_component_ids=covered, **how)
    return request


def judge(now: float = NOW, **settings: Any) -> RequestSignatures:
    return RequestSignatures(pem(), "serve.public_key", lambda: now, **settings)


def verdict(request: Asked, by: RequestSignatures | None = None) -> str:
    """The word of the refusal, or "good"."""
    try:
        (by or judge()).check(request.method, request.target, request.authority, request.lines(), request.body)
    except SignatureRefused as refused:
        return str(refused)
    return "good"
