"""Packet trains: bursts of full-size UDP packets that fill a link, for its rate and the depth of its queue."""
