"""What may be said of a target, given a summary and everything that is uncertain about it."""
