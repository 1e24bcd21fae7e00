"""Durations, rates, ratios and sizes as people write them, to integers and back."""
