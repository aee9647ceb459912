"""The steps of a run, in their order (docs/architecture.md, "The flow")."""
