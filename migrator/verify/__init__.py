"""The proof: Descope read back and compared, by code that shares nothing with `flow/send` but the API client."""
