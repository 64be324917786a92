"""See inside: pages and pictures of what minitorch computes.

    from minitorch import viz

Nothing needs installing but where a picture is drawn by matplotlib (the extra ``viz``). A page is
one HTML file that holds all it needs, and works from a disk, offline.

Where to read what: `nodes` is the graph as plain data, with `recording` (what a graph alone does
not know), `names` and `values`; `fold` puts a large one into groups, and `text`, `formats`,
`layout` and `svg` write it. `steps` watches a backward. `layers` sums up a
model, by way of `counts`; `pictures` are drawn by matplotlib. `page` puts a page together from the
sources in ``pages/``; `convolution` is the page on which a window slides; `filters` puts ten
kernels on a photograph.
"""

from minitorch.viz import pictures
from minitorch.viz.convolution import convolution
from minitorch.viz.filters import KERNELS, filtered, filters
from minitorch.viz.layers import Summary, summary
from minitorch.viz.nodes import Graph, graph
from minitorch.viz.recording import record
from minitorch.viz.steps import Replay, replay

__all__ = [
    "Graph",
    "KERNELS",
    "Replay",
    "Summary",
    "convolution",
    "filtered",
    "filters",
    "graph",
    "pictures",
    "record",
    "replay",
    "summary",
]
