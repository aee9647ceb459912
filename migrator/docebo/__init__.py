"""The source: tokens and pages of the Docebo API."""
