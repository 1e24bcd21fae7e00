"""The train probe."""
