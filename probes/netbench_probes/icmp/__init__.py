"""Reachability and round-trip time by ICMP echo (RFC 792, RFC 4443)."""
