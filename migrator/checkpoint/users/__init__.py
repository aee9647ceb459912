"""The state of each user, and every move between states."""
