"""STAMP, the Simple Two-way Active Measurement Protocol (RFC 8762), TWAMP-Light compatible, on kernel timestamps."""
