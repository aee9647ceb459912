"""Who stands where, and every move of a user between states."""
