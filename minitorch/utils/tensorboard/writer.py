"""The files that TensorBoard reads, and who writes into them."""

from __future__ import annotations

import math
import os
import socket
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from minitorch._missing import missing
from minitorch._not_covered import told
from minitorch.utils.tensorboard import summary

__all__ = ["FileWriter", "SummaryWriter"]


class FileWriter:
    """One file of events.

    Args:
        log_dir: the folder, which is made.
        max_queue: how many events may wait.
        flush_secs: after how many seconds they are written at the latest.
        filename_suffix: the end of the file's name.
    """

    def __init__(
        self,
        log_dir: Any,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        self.event_writer = EventFileWriter(str(log_dir), max_queue, flush_secs, filename_suffix)

    def get_logdir(self) -> str:
        """The folder."""
        return self.event_writer.get_logdir()

    def add_event(self, event: Any, step: Any = None, walltime: float | None = None) -> None:
        """Write TensorBoard's message `event`, as of `step` and the time `walltime`, or now."""
        event.wall_time = time.time() if walltime is None else walltime
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)

    def add_summary(
        self, summary: Any, global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Write TensorBoard's message `summary`."""
        self.add_event(Event(summary=summary), global_step, walltime)

    def flush(self) -> None:
        """Write what waits."""
        self.event_writer.flush()

    def close(self) -> None:
        """Write what waits, and close the file."""
        self.event_writer.close()

    def reopen(self) -> None:
        """Open the file again."""
        self.event_writer.reopen()


def _bins() -> list[float]:
    """The bins of TensorFlow's histograms, each a tenth wider than that before it."""
    ends, end = [], 1e-12
    while end < 1e20:
        ends.append(end)
        end *= 1.1
    return [-end for end in reversed(ends)] + [0] + ends


class SummaryWriter:
    """Writes numbers, pictures, histograms of a training run where TensorBoard looks for them.

    Args:
        log_dir: the folder; by default a new one in ``runs``, named for the time and the machine.
        comment: the end of that name.
        purge_step: the step from which on TensorBoard forgets what an earlier run wrote.
        max_queue, flush_secs, filename_suffix: as of `FileWriter`.

    Tensors, arrays and plain numbers may be given. `global_step` is the place on the axis, and
    `walltime` the time, in seconds, by default now.
    """

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        if not log_dir:
            now = datetime.now().strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{now}_{socket.gethostname()}{comment}")
        self.log_dir = log_dir
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self.file_writer: FileWriter | None = None
        self.all_writers: dict[str, FileWriter] | None = None
        self._embeddings: Any = None
        self.default_bins = _bins()
        self._get_file_writer()

    def _open(self, folder: Any) -> FileWriter:
        return FileWriter(folder, self.max_queue, self.flush_secs, self.filename_suffix)

    def _get_file_writer(self) -> FileWriter:
        if self.all_writers is None or self.file_writer is None:
            self.file_writer = self._open(self.log_dir)
            self.all_writers = {self.file_writer.get_logdir(): self.file_writer}
            if self.purge_step is not None:
                step, self.purge_step = self.purge_step, None
                self.file_writer.add_event(Event(step=step, file_version="brain.Event:2"))
                started = SessionLog(status=SessionLog.START)
                self.file_writer.add_event(Event(step=step, session_log=started))
        return self.file_writer

    def _add(self, made: Any, global_step: Any = None, walltime: float | None = None) -> None:
        self._get_file_writer().add_summary(made, global_step, walltime)

    def get_logdir(self) -> Any:
        """The folder."""
        return self.log_dir

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Write one number of a curve.

        Raises:
            AssertionError: for a tensor of several.
        """
        made = summary.scalar(tag, scalar_value, new_style, double_precision)
        self._add(made, global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Any,
        global_step: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Write a number of several curves in one chart, each into a folder of its own."""
        walltime = time.time() if walltime is None else walltime
        folder = self._get_file_writer().get_logdir()
        writers: Any = self.all_writers
        for tag, value in tag_scalar_dict.items():
            place = f"{folder}/{main_tag.replace('/', '_')}_{tag}"
            if place not in writers:
                writers[place] = self._open(place)
            writers[place].add_summary(summary.scalar(main_tag, value), global_step, walltime)

    def add_tensor(
        self, tag: str, tensor: Any, global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Write a whole tensor."""
        self._add(summary.tensor(tag, tensor), global_step, walltime)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """Write a histogram; `bins` as NumPy's, or ``"tensorflow"`` for ones that suit all.

        Raises:
            ValueError: for no values.
        """
        bins = self.default_bins if isinstance(bins, str) and bins == "tensorflow" else bins
        self._add(summary.histogram(tag, values, bins, max_bins), global_step, walltime)

    def add_histogram_raw(
        self,
        tag: str,
        min: Any,
        max: Any,
        num: Any,
        sum: Any,
        sum_squares: Any,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Write a histogram that is counted already: a limit, the right one, and a count a bin.

        Raises:
            ValueError: for limits and counts of unequal number.
        """
        if len(bucket_limits) != len(bucket_counts):
            raise ValueError("len(bucket_limits) != len(bucket_counts), see the document.")
        made = summary.histogram_raw(
            tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts
        )
        self._add(made, global_step, walltime)

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """Write an image: floats from 0 to 1, or bytes.

        Raises:
            AssertionError: if `dataformats` does not name its dimensions.
        """
        self._add(summary.image(tag, img_tensor, dataformats), global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Write several images side by side."""
        self._add(summary.image(tag, img_tensor, dataformats), global_step, walltime)

    def add_image_with_boxes(
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        rescale: float = 1,
        dataformats: str = "CHW",
        labels: Any = None,
    ) -> None:
        """Write an image with boxes (left, top, right, bottom), each with its label."""
        labels = [labels] if isinstance(labels, str) else labels
        if labels is not None and len(labels) != box_tensor.shape[0]:
            labels = None
        made = summary.image(tag, img_tensor, dataformats, rescale, box_tensor, labels)
        self._add(made, global_step, walltime)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: Any = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Write a figure of Matplotlib's, or several side by side; `close` it afterwards."""
        if isinstance(figure, list):
            pixels = np.stack([summary.figure_pixels(one, close) for one in figure])
            self.add_image(tag, pixels, global_step, walltime, dataformats="NCHW")
        else:
            self.add_image(tag, summary.figure_pixels(figure, close), global_step, walltime)

    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: Any = None,
        fps: Any = 4,
        walltime: float | None = None,
    ) -> None:
        """Refused: there is no encoder of videos here.

        Raises:
            NotImplementedError: always.
        """
        name = "torch.utils.tensorboard.SummaryWriter.add_video"
        raise NotImplementedError(f"{told(name)}; add_images shows its frames side by side")

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: Any = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """Write a sound: a wave between -1 and 1.

        Raises:
            AssertionError: unless it has one dimension.
        """
        self._add(summary.audio(tag, snd_tensor, sample_rate), global_step, walltime)

    def add_text(
        self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Write a text, in Markdown."""
        self._add(summary.text(tag, text_string), global_step, walltime)

    def add_graph(
        self,
        model: Any,
        input_to_model: Any = None,
        verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:
        """Refused: PyTorch takes the graph from a trace by TorchScript.

        Raises:
            NotImplementedError: always.
        """
        name = "torch.utils.tensorboard.SummaryWriter.add_graph"
        raise NotImplementedError(
            f"{told(name)}; minitorch.viz.graph draws the graph of a model, and add_figure or "
            "add_image writes a picture"
        )

    def add_onnx_graph(self, prototxt: Any) -> None:
        """Refused, as `add_graph` is.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(told("torch.utils.tensorboard.SummaryWriter.add_onnx_graph"))

    def add_embedding(
        self,
        mat: Any,
        metadata: Any = None,
        label_img: Any = None,
        global_step: int | None = None,
        tag: str = "default",
        metadata_header: Any = None,
    ) -> None:
        """Write points in many dimensions, for the projector.

        Args:
            mat: (N, D), a point a row.
            metadata: a label a point, or with `metadata_header` several.
            label_img: (N, C, H, W), an image a point.
            global_step: the step, in the folder's name.
            tag: the name.
            metadata_header: the names of the labels.

        Raises:
            AssertionError: unless there are as many labels and images as points.
            NotADirectoryError: if a file stands in the way of the folder.
        """
        from google.protobuf import text_format
        from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

        points, step = summary.as_array(mat), str(global_step or 0).zfill(5)
        encoded = tag.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")
        top = Path(self._get_file_writer().get_logdir())
        folder = top / step / encoded
        if folder.is_dir():
            print("warning: Embedding dir exists, did you set global_step for add_embedding()?")
        elif folder.exists():
            raise NotADirectoryError(f"Path: `{folder}` exists, but is a file. Cannot proceed.")
        if metadata is not None and len(metadata) != len(points):
            raise AssertionError("#labels should equal with #data points")
        if label_img is not None and len(label_img) != len(points):
            raise AssertionError("#images should equal with #data points")
        if points.ndim != 2:
            raise AssertionError("mat should be 2D, where mat.size(0) is the number of data points")
        folder.mkdir(parents=True, exist_ok=True)
        self._embeddings = self._embeddings or ProjectorConfig()
        info = self._embeddings.embeddings.add(
            tensor_name=f"{tag}:{step}", tensor_path=f"{step}/{encoded}/tensors.tsv"
        )
        if metadata is not None:
            info.metadata_path = f"{step}/{encoded}/metadata.tsv"
            rows = [*map(str, metadata)]
            if metadata_header:
                if len(metadata_header) != len(metadata[0]):
                    raise AssertionError(
                        "len of header must be equal to the number of columns in metadata"
                    )
                rows = ["\t".join(map(str, row)) for row in [metadata_header, *metadata]]
            (folder / "metadata.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        if label_img is not None:
            images = summary.as_array(label_img)
            info.sprite.image_path = f"{step}/{encoded}/sprite.png"
            info.sprite.single_image_dim.extend([images.shape[3], images.shape[2]])
            laid = summary.grid(images, math.ceil(len(images) ** 0.5)).transpose(1, 2, 0)
            square = np.zeros((laid.shape[1], laid.shape[1], 3))
            square[: len(laid)] = laid
            pixels = (square * 255).clip(0, 255).astype(np.uint8)
            (folder / "sprite.png").write_bytes(summary.png(pixels))
        rows = ["\t".join(str(number) for number in row.tolist()) for row in points]
        (folder / "tensors.tsv").write_text("".join(row + "\n" for row in rows))
        config = text_format.MessageToString(self._embeddings)
        (top / "projector_config.pbtxt").write_text(config, encoding="utf-8")

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Write a precision-recall curve, of labels 0 and 1 and predicted probabilities."""
        made = summary.pr_curve(tag, labels, predictions, num_thresholds, weights)
        self._add(made, global_step, walltime)

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Write a precision-recall curve that is counted already."""
        counts = (true_positive_counts, false_positive_counts, true_negative_counts)
        rows = (*counts, false_negative_counts, precision, recall)
        made = summary.pr_curve_raw(tag, rows, num_thresholds)
        self._add(made, global_step, walltime)

    def add_custom_scalars_multilinechart(
        self, tags: Any, category: str = "default", title: str = "untitled"
    ) -> None:
        """Lay the curves `tags` into one chart."""
        self.add_custom_scalars({category: {title: ["Multiline", tags]}})

    def add_custom_scalars_marginchart(
        self, tags: Any, category: str = "default", title: str = "untitled"
    ) -> None:
        """Lay three curves into one chart: a value, and its lower and upper bounds.

        Raises:
            AssertionError: for another number of curves.
        """
        self.add_custom_scalars({category: {title: ["Margin", tags]}})

    def add_custom_scalars(self, layout: Any) -> None:
        """Write the layout of charts: by category and title, ``["Multiline" or "Margin", tags]``.

        Raises:
            AssertionError: for a margin of other than three tags.
        """
        self._add(summary.custom_scalars(layout))

    def add_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: Any = None,
        global_step: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Write surfaces: points (N, V, 3), their colours, and the triangles (N, F, 3)."""
        made = summary.mesh(tag, vertices, colors, faces, config_dict)
        self._add(made, global_step, walltime)

    def add_hparams(
        self,
        hparam_dict: Any,
        metric_dict: Any,
        hparam_domain_discrete: Any = None,
        run_name: str | None = None,
        global_step: Any = None,
    ) -> None:
        """Write the settings of a run and what it came to, into a folder of their own.

        Args:
            hparam_dict: the settings: numbers, strings, bools.
            metric_dict: what it came to, numbers.
            hparam_domain_discrete: by setting, a list of all values that it may have.
            run_name: the folder's name; by default the time.
            global_step: the step.

        Raises:
            TypeError: for what is no dictionary.
            ValueError: for a setting of any other type.
        """
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        parts = summary.hparams(hparam_dict, metric_dict, hparam_domain_discrete)
        folder = self._get_file_writer().get_logdir()
        with SummaryWriter(os.path.join(folder, run_name or str(time.time()))) as writer:
            for part in parts:
                writer._add(part, global_step)
            for tag, value in metric_dict.items():
                writer.add_scalar(tag, value, global_step)

    def flush(self) -> None:
        """Write what waits."""
        for writer in (self.all_writers or {}).values():
            writer.flush()

    def close(self) -> None:
        """Write what waits, and close the files; a later call opens new ones."""
        for writer in (self.all_writers or {}).values():
            writer.flush()
            writer.close()
        self.file_writer = self.all_writers = None

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


__getattr__ = missing(__name__)
