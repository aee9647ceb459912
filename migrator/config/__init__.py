"""The configuration file: its schema, its values, and the messages about what is wrong in it."""
