"""Plans, and what builds a plan in Mininet and proves it."""
