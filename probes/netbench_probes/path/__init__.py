"""The ways that packets take: hops, branches, the largest packet, and what changes (Paris-style traceroute)."""
