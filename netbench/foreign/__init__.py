"""What routers, platforms and other tools measured themselves: column maps and readers, from bytes to figures and packets."""
