"""The probes that come with netbench, one folder each."""
