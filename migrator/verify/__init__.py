"""The proof: Descope read back and compared, by code that shares nothing with the sender but the API client."""
