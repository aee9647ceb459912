"""The flow, in the order design section 2 tells it."""
