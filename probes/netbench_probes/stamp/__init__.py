"""One-way and round-trip delay, loss, duplication and reordering by STAMP (RFC 8762)."""
