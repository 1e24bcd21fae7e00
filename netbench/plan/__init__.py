"""Plans: what was promised, over which links, between which places. Knows no network and no probe."""
