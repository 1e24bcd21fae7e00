"""Compiled loops that call the kernel: how they are compiled, where they are kept, and the C library as they see it.

numba is imported here and in the loops themselves, nowhere else; only whoever runs such a loop imports this.
"""
