"""Adapters of other libraries to the checker, one a file; each imports its library on its own."""
