"""Runs on disk: raw first, sealed last, never rewritten. The one home of pyarrow."""
