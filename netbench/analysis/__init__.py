"""From samples to statistics, each with its interval and how it was made."""
