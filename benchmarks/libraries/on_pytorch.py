"""Run a program on PyTorch: ``python on_pytorch.py prog.py``; or tests: ``pytest -p on_pytorch``.

torchvision's wheel is built for PyTorch with CUDA: without it its own operators do not load, and
its import fails for want of their names.
"""

import runpy
import sys

import torch

names = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    names.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
