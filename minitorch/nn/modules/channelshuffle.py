"""Channels of several groups, mixed."""

from __future__ import annotations

from minitorch.nn import functional as F
from minitorch.nn.modules._functional import UnaryModule

__all__ = ["ChannelShuffle"]


class ChannelShuffle(UnaryModule, function=F.channel_shuffle, options=("groups",)):
    """The channels of ``(N, C, *)`` dealt out anew, one of each group in turn (ShuffleNet)."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups
