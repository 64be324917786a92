"""See inside: pages and pictures of what minitorch computes.

    from minitorch import viz

Nothing needs installing but where a picture is drawn by matplotlib (the extra ``viz``). A page is
one HTML file that holds all it needs, and works from a disk, offline.

Where to read what: `page` puts a page together from the sources in ``pages/``; `convolution` is the
page on which a window slides; `filters` puts ten kernels on a photograph.
"""

from minitorch.viz.convolution import convolution
from minitorch.viz.filters import KERNELS, filtered, filters

__all__ = ["KERNELS", "convolution", "filtered", "filters"]
