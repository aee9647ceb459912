"""The just-in-time endpoint: what a Descope flow asks over HTTP."""
