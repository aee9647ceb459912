"""The proof: reads Descope back and compares, with code that shares nothing with `flow/send` but the API client."""
