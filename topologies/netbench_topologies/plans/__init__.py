"""The plans that come with netbench, one YAML file each."""
