"""The sub-commands of ``python -m minitorch``, one module each.

- ``digits`` trains a small convolutional net and draws the run (``digits.py``, ``figure.py``)
- ``check`` checks the gradients of a PyTorch program, and ``graph`` shows its graph, both at one of
  its backwards (``check.py``, ``graph.py``, ``stop.py``)
- ``explain`` shows a formula's graph and its backward (``explain.py``, ``expression.py``)
- ``convolution`` writes the page on which a window slides over a matrix (``convolution.py``)
- ``filters`` draws a photograph under ten small kernels (``filters.py``)
- ``run`` runs a PyTorch program on minitorch (``run.py``, ``alias.py``)

What they share: ``arguments.py`` refuses bad arguments before any work is done.
"""
