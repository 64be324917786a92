"""Writing what TensorBoard shows: needs ``pip install "minitorch-numpy[tensorboard]"``.

`writer` the files and `SummaryWriter`; `summary` what is written into them.
"""

from minitorch._extras import require
from minitorch._missing import missing

require("tensorboard", wanted_for="torch.utils.tensorboard", extra="tensorboard")

from minitorch.utils.tensorboard.writer import FileWriter, SummaryWriter  # noqa: E402

__all__ = ["FileWriter", "SummaryWriter"]

__getattr__ = missing(__name__, {"RecordWriter": "tensorboard.summary.writer.record_writer"})
