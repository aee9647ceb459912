"""Planning: what is to be done with each user, by reads alone."""
