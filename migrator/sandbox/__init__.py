"""Both APIs on loopback, as docs/contract/docebo.md and docs/contract/descope.md tell them, for trying and tests."""
