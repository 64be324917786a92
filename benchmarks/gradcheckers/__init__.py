"""Gradient checkers on trial: planted bugs that they should find, right functions to let pass.

    python -m benchmarks.gradcheckers

`case` is what a function under check is; `subjects` are right functions for bugs to be planted in,
`mutants` plants them; `correct` are right functions that are hard to check; `checkers` puts any
case before each of the checkers; `trial` runs it all and writes the tables.
"""
