"""What the plug-ins need of the Linux kernel: namespaces, control messages, timestamps, capabilities."""
