"""Live links: the inventory that says where a plan's sites answer, and the network that a plan is measured on there."""
