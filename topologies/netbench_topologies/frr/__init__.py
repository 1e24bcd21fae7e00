"""Routing by FRR: OSPF for both families, and BFD, by daemons of each site's own."""
