"""The one way out: requests, repetition, pace and answers."""
