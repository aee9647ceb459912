"""Both APIs on loopback, built from their contracts, for trying and for tests."""
