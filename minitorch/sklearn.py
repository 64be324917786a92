"""Networks as scikit-learn estimators: `NeuralNetClassifier` and `NeuralNetRegressor`.

They go wherever scikit-learn's own go: pipelines, grid searches, cross validation. Needs an extra:
``pip install "minitorch-numpy[sklearn]"``.

>>> from sklearn.datasets import load_iris
>>> from sklearn.model_selection import cross_val_score
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> X, y = load_iris(return_X_y=True)
>>> net = make_pipeline(StandardScaler(), NeuralNetClassifier(lr=0.01, random_state=0))
>>> bool(cross_val_score(net, X, y).mean() > 0.9)
True
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any, TypeVar

import numpy as np

import minitorch
from minitorch import nn, optim
from minitorch._dtypes import Array, from_numpy_dtype
from minitorch._extras import require
from minitorch._tensor import Tensor
from minitorch.nn import functional as F

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    require("sklearn", wanted_for="minitorch.sklearn", extra="sklearn")
    raise  # it is there, but is older than the extra asks for

__all__ = ["NeuralNetClassifier", "NeuralNetRegressor"]

Net = TypeVar("Net", bound="_NeuralNet")
Samples = tuple[Tensor, Tensor, Tensor]  # features, targets, weights

OPTIMIZERS: dict[str, type[optim.Optimizer]] = {
    name.lower(): kind
    for name, kind in sorted(vars(optim).items())
    if isinstance(kind, type) and issubclass(kind, optim.Optimizer) and kind is not optim.Optimizer
}
AT_ONCE = 512  # so many samples are predicted in one go: it bounds the memory, and changes nothing


class _NeuralNet(BaseEstimator):
    """Base of the classifier and the regressor: all but targets, loss and answers."""

    module_: nn.Module
    n_outputs_: int
    _precision: Any  # NumPy's float32 or float64: what the network computes in
    _rng_state: Tensor

    def __init__(
        self,
        module: nn.Module | Callable[[int, int], nn.Module] | None = None,
        *,
        hidden_layer_sizes: Sequence[int] = (100,),
        optimizer: str | Callable[..., optim.Optimizer] = optim.Adam,
        lr: float = 0.001,
        weight_decay: float = 0.0,
        max_epochs: int = 100,
        batch_size: int = 64,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        callbacks: Sequence[Callable[[Any], Any]] = (),
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.module, self.hidden_layer_sizes = module, hidden_layer_sizes
        self.optimizer, self.lr, self.weight_decay = optimizer, lr, weight_decay
        self.max_epochs, self.batch_size = max_epochs, batch_size
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.n_iter_no_change, self.callbacks = n_iter_no_change, callbacks
        self.random_state, self.verbose = random_state, verbose

    def _losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """One loss for each sample."""
        raise NotImplementedError

    def _precisions(self, reset: bool) -> Any:
        """Return the dtypes of features: at first either, then the network's."""
        return (np.float64, np.float32) if reset else self._precision

    # ---- training ----------------------------------------------------------------------------

    def _fit(self: Net, X: Array, targets: Array, sample_weight: Any) -> Net:
        """Train a new network, for all epochs or until it gets no better."""
        self._check_parameters()
        samples, held_back = _weighted(X, targets, sample_weight), None
        rng = check_random_state(self.random_state)
        seed = rng.randint(2**31 - 1)
        if self.early_stopping:
            parts = train_test_split(
                *samples,
                test_size=self.validation_fraction,
                stratify=samples[1] if is_classifier(self) else None,
                random_state=rng,
            )
            samples, held_back = parts[::2], _tensors(parts[1::2])
        with self._own_draws(seed):
            self._begin()
            self._train(_tensors(samples), held_back)
        return self

    def _partial_fit(self: Net, X: Array, targets: Array, sample_weight: Any) -> Net:
        """Train for one epoch more."""
        self._check_parameters()
        samples = _tensors(_weighted(X, targets, sample_weight))
        first = self._untrained
        seed = check_random_state(self.random_state).randint(2**31 - 1) if first else None
        with self._own_draws(seed):
            if first:
                self._begin()
            self._epoch(samples)
        return self

    @property
    def _untrained(self) -> bool:
        return not hasattr(self, "module_")

    def _check_parameters(self) -> None:
        name = type(self).__name__
        for parameter in ("max_epochs", "batch_size", "n_iter_no_change"):
            value = getattr(self, parameter)
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name}: {parameter} must be an int from 1 up, got {value!r}")
        sizes = self.hidden_layer_sizes
        if not isinstance(sizes, Iterable) or not all(
            isinstance(width, Integral) and width >= 1 for width in sizes
        ):
            raise ValueError(
                f"{name}: hidden_layer_sizes must be a sequence of ints from 1 up, got {sizes!r}"
            )
        if not (self.module is None or callable(self.module)):
            raise TypeError(
                f"{name}: module must be a Module, or a class or function that makes one, "
                f"got {type(self.module).__name__}"
            )
        self._optimizer_class()
        if not 0 < self.validation_fraction < 1:
            raise ValueError(
                f"{name}: validation_fraction must be between 0 and 1, "
                f"got {self.validation_fraction!r}"
            )

    def _optimizer_class(self) -> Callable[..., optim.Optimizer]:
        """The optimizer's class, also where its name is given."""
        given, name = self.optimizer, type(self).__name__
        if isinstance(given, str) and given.lower() in OPTIMIZERS:
            return OPTIMIZERS[given.lower()]
        if isinstance(given, str):
            known = ", ".join(kind.__name__ for kind in OPTIMIZERS.values())
            raise ValueError(f"{name}: optimizer must be one of {known}, got {given!r}")
        if not callable(given):
            raise TypeError(
                f"{name}: optimizer must be a name such as 'Adam', a class of minitorch.optim, or "
                f"a function called as they are, got {type(given).__name__}"
            )
        return given

    @contextlib.contextmanager
    def _own_draws(self, seed: int | None) -> Iterator[None]:
        """Draw from the estimator's own stream: that of `seed`, or on from where it stopped."""
        with minitorch.random.fork_rng():
            if seed is None:
                minitorch.set_rng_state(self._rng_state)
            else:
                minitorch.manual_seed(seed)
            try:
                yield
            finally:
                self._rng_state = minitorch.get_rng_state()

    def _begin(self) -> None:
        """Make a network that has learned nothing yet, and its optimizer."""
        if isinstance(self.module, nn.Module):
            module = copy.deepcopy(self.module)
        elif self.module is None:
            module = _mlp(self.n_features_in_, self.hidden_layer_sizes, self.n_outputs_)
        else:
            module = self.module(self.n_features_in_, self.n_outputs_)
            if not isinstance(module, nn.Module):
                raise TypeError(
                    f"{type(self).__name__}: module must make a Module, got {type(module).__name__}"
                )
        decay = {"weight_decay": self.weight_decay} if self.weight_decay else {}
        self.module_ = module.to(from_numpy_dtype(self._precision))
        self.optimizer_ = self._optimizer_class()(module.parameters(), lr=self.lr, **decay)
        self.loss_curve_: list[float] = []

    def _train(self, samples: Samples, held_back: Samples | None) -> None:
        epochs: Any = range(self.max_epochs)
        if self.verbose:
            tqdm = require("tqdm", wanted_for="verbose=True", extra="sklearn").tqdm
            epochs = tqdm(epochs, desc=type(self).__name__, unit="epoch")
        if held_back is not None:
            self.validation_loss_curve_: list[float] = []
        elif hasattr(self, "validation_loss_curve_"):
            del self.validation_loss_curve_  # of the last fit, which held samples back
        best, best_state, no_better = math.inf, None, 0
        for _ in epochs:
            self._epoch(samples)
            if held_back is not None:
                X, targets, weights = held_back
                losses = self._losses(self._outputs(X), targets)
                loss = ((losses * weights).sum() / weights.sum()).item()
                self.validation_loss_curve_.append(loss)
                no_better += 1
                if loss < best:
                    best, no_better = loss, 0
                    best_state = copy.deepcopy(self.module_.state_dict())
            if self.verbose:
                epochs.set_postfix(loss=self.loss_curve_[-1])
            stops = [callback(self) for callback in self.callbacks]
            if any(stops) or no_better >= self.n_iter_no_change:
                break
        if best_state is not None:
            self.module_.load_state_dict(best_state)

    def _epoch(self, samples: Samples) -> None:
        """One pass over the samples in a new random order, in batches of about one size."""
        count, total = len(samples[0]), 0.0
        self.module_.train()
        for batch in minitorch.randperm(count).tensor_split(math.ceil(count / self.batch_size)):
            X, targets, weights = (part[batch] for part in samples)

            def closure(X: Tensor = X, targets: Tensor = targets, weights: Tensor = weights) -> Any:
                self.optimizer_.zero_grad()
                loss = (self._losses(self._module(X), targets) * weights).mean()
                loss.backward()
                return loss

            total += self.optimizer_.step(closure).item() * len(batch)
        self.module_.eval()
        self.loss_curve_.append(total / count)
        if not math.isfinite(total):
            raise ValueError(
                f"{type(self).__name__}: the loss is {total} in epoch {len(self.loss_curve_)}; "
                "lower lr, or scale the features (StandardScaler)"
            )

    # ---- answers -----------------------------------------------------------------------------

    def _module(self, X: Tensor) -> Tensor:
        outputs: Tensor = self.module_(X)
        expected = (len(X), self.n_outputs_)
        if tuple(outputs.shape) != expected:
            raise ValueError(
                f"{type(self).__name__}: the module returns {tuple(outputs.shape)} for features "
                f"{tuple(X.shape)}, expected {expected}: n_samples, n_outputs"
            )
        return outputs

    def _outputs(self, X: Tensor) -> Tensor:
        """Run the network, not recorded."""
        with minitorch.no_grad():
            return minitorch.cat([self._module(some) for some in X.split(AT_ONCE)])

    def _predictions(self, X: Any) -> Tensor:
        """Run the network on samples that are still to be validated."""
        check_is_fitted(self, "module_")
        X = validate_data(self, X, reset=False, dtype=self._precision)
        return self._outputs(minitorch.tensor(X))


def _mlp(n_inputs: int, hidden: Sequence[int], n_outputs: int) -> nn.Module:
    """Linear layers with ReLU between them."""
    *inner, last = [nn.Linear(*sizes) for sizes in pairwise([n_inputs, *hidden, n_outputs])]
    return nn.Sequential(*(made for layer in inner for made in (layer, nn.ReLU())), last)


def _weighted(X: Array, targets: Array, sample_weight: Any) -> tuple[Array, Array, Array]:
    """The samples that count, with weights of mean 1."""
    if sample_weight is None:
        return X, targets, np.ones(len(X), X.dtype)
    given = {"ensure_2d": False, "dtype": np.float64, "input_name": "sample_weight"}
    weights = column_or_1d(check_array(sample_weight, **given))
    check_consistent_length(X, weights)
    if (weights < 0).any():
        raise ValueError(f"sample_weight must not be negative, got {weights.min()}")
    counts = weights > 0
    if not counts.any():
        raise ValueError("every sample_weight is zero")
    weights = weights[counts]
    return X[counts], targets[counts], (weights / weights.mean()).astype(X.dtype)


def _tensors(arrays: Iterable[Array]) -> Samples:
    X, targets, weights = map(minitorch.tensor, arrays)
    return X, targets, weights


class NeuralNetClassifier(ClassifierMixin, _NeuralNet):
    """A network that tells classes apart; trained on the cross entropy of its scores.

    Features are best scaled (`StandardScaler`). They are computed with in their own precision:
    float32 in float32, which is faster, and anything else in float64.

    Args:
        module: the network: a `Module`, of which a copy is trained, or a class or function that
            makes one from the number of features and the number of outputs (`nn.Linear` does). It
            is given features (n_samples, n_features), and returns one score for each class
            (n_samples, n_classes). By default: linear layers with ReLU between them.
        hidden_layer_sizes: how wide the hidden layers of the default network are.
        optimizer: a class of `minitorch.optim`, its name (as "adam"), or a function called as they
            are.
        lr: the optimizer's learning rate.
        weight_decay: the optimizer's weight decay.
        max_epochs: passes over the samples.
        batch_size: samples for each step of the optimizer, at most.
        early_stopping: whether to hold samples back, to stop when the loss on them has not fallen
            for `n_iter_no_change` epochs, and to keep the weights for which it was lowest.
        validation_fraction: how many of the samples `early_stopping` holds back.
        n_iter_no_change: the epochs that `early_stopping` waits for something better.
        callbacks: functions called with the estimator after each epoch of `fit`; where one returns
            a true value, training ends.
        random_state: a seed, a NumPy RandomState, or None. First weights, batches and dropout
            depend on nothing else; the global stream of `minitorch.manual_seed` is left alone.
        verbose: whether to show a progress bar (needs tqdm).

    Attributes:
        classes_: the labels, sorted; outputs are in this order.
        n_features_in_: the number of features.
        feature_names_in_: their names, if X had any.
        n_outputs_: the number of scores: of classes.
        module_: the trained network.
        optimizer_: its optimizer.
        loss_curve_: the mean loss in each epoch.
        validation_loss_curve_: the same of the samples held back (with `early_stopping`).

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNetClassifier(hidden_layer_sizes=(20, 20), random_state=0).fit(X, y)
    >>> net.predict(X[:2])
    array([0, 0])
    >>> bool(net.score(X, y) > 0.95)
    True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralNetClassifier:
        """Train a new network.

        Args:
            X: features (n_samples, n_features).
            y: labels (n_samples,).
            sample_weight: how much each sample counts (n_samples,), beside the others: only the
                ratios matter. With 0 a sample is left out.

        Raises:
            ValueError: for data or parameters that make no sense, for a module that does not return
                one score for each class, and for a loss that is no longer finite.
        """
        X, y = self._validate(X, y, reset=True)
        self.classes_ = np.unique(y)
        return self._fit(X, self._indices(y), sample_weight)

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> NeuralNetClassifier:
        """Train for one epoch more on these samples; none are held back.

        On the same samples, k calls do what `fit` does in k epochs.

        Args:
            X: features (n_samples, n_features).
            y: labels (n_samples,).
            classes: all labels that there will be; needed at the first call.
            sample_weight: how much each sample counts, beside the others of this call.

        Raises:
            ValueError: as `fit`, and for labels that are not among `classes`.
        """
        first = self._untrained
        if first and classes is None:
            raise ValueError("partial_fit: the first call needs classes, all that there will be")
        X, y = self._validate(X, y, reset=first)
        if first:
            self.classes_ = np.unique(classes)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"partial_fit: the classes are {self.classes_} since the first call, got {classes}"
            )
        return self._partial_fit(X, self._indices(y), sample_weight)

    def predict(self, X: Any) -> Array:
        """The likeliest label of each sample (n_samples,)."""
        indices = self._predictions(X).argmax(1)
        return self.classes_[indices.numpy()]

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of `classes_` (n_samples, n_classes)."""
        return self._predictions(X).softmax(1).numpy()

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithms of the probabilities (n_samples, n_classes)."""
        return self._predictions(X).log_softmax(1).numpy()

    def decision_function(self, X: Any) -> Array:
        """The network's scores (n_samples, n_classes).

        For two classes: how far the second is ahead of the first (n_samples,).
        """
        scores = self._predictions(X).numpy()
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def _losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs, targets, reduction="none")

    def _validate(self, X: Any, y: Any, *, reset: bool) -> tuple[Array, Array]:
        X, y = validate_data(self, X, y, reset=reset, dtype=self._precisions(reset))
        check_classification_targets(y)
        if reset:
            self._precision = X.dtype
        return X, y

    def _indices(self, y: Array) -> Array:
        """Where each label is among the classes."""
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y holds {unknown}, which are not among the classes {self.classes_}")
        self.n_outputs_ = len(self.classes_)
        return np.searchsorted(self.classes_, y)


class NeuralNetRegressor(RegressorMixin, _NeuralNet):
    """A network that predicts numbers, one or several for each sample; trained on squared errors.

    Features are best scaled (`StandardScaler`), and so is y (`TransformedTargetRegressor`).

    Args: as `NeuralNetClassifier`'s; the module returns a column for each number to predict
        (n_samples, n_outputs).

    Attributes: as `NeuralNetClassifier`'s, but for `classes_`.

    >>> X = np.linspace(-1, 1, 50)[:, np.newaxis]
    >>> net = NeuralNetRegressor(lr=0.01, max_epochs=300, random_state=0).fit(X, np.abs(X[:, 0]))
    >>> bool(net.score(X, np.abs(X[:, 0])) > 0.99)
    True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralNetRegressor:
        """Train a new network.

        Args:
            X: features (n_samples, n_features).
            y: numbers (n_samples,) or (n_samples, n_outputs).
            sample_weight: how much each sample counts (n_samples,), beside the others: only the
                ratios matter. With 0 a sample is left out.

        Raises:
            ValueError: for data or parameters that make no sense, for a module that does not return
                n_outputs columns, and for a loss that is no longer finite.
        """
        return self._fit(*self._validate(X, y, reset=True), sample_weight)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralNetRegressor:
        """Train for one epoch more on these samples; none are held back.

        On the same samples, k calls do what `fit` does in k epochs.

        Raises:
            ValueError: as `fit`, and for another number of outputs than before.
        """
        return self._partial_fit(*self._validate(X, y, reset=self._untrained), sample_weight)

    def predict(self, X: Any) -> Array:
        """The numbers predicted, in y's shape: (n_samples,) or (n_samples, n_outputs)."""
        outputs = self._predictions(X).numpy()
        return outputs.reshape(len(outputs), *self._target_shape)

    def _losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.mse_loss(outputs, targets, reduction="none").mean(1)

    def _validate(self, X: Any, y: Any, *, reset: bool) -> tuple[Array, Array]:
        several = {"multi_output": True, "y_numeric": True}
        X, y = validate_data(self, X, y, reset=reset, dtype=self._precisions(reset), **several)
        y = check_array(y, ensure_2d=False, dtype=X.dtype, input_name="y")
        if reset:
            self._precision, self._target_shape = X.dtype, y.shape[1:]
            self.n_outputs_ = math.prod(self._target_shape)
        elif y.shape[1:] != self._target_shape:
            raise ValueError(
                f"partial_fit: each sample's y had shape {self._target_shape} at the first call, "
                f"got {y.shape[1:]}"
            )
        return X, y.reshape(len(y), self.n_outputs_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
