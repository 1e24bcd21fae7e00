"""TCP throughput by the iperf3 binding on libiperf, one child process a test."""
