"""The estimators, by scikit-learn's own checks, and by what those do not look at."""

from __future__ import annotations

import functools
import pickle
import subprocess
import sys
from typing import Any, ClassVar

import numpy as np
import pytest

import minitorch
from minitorch import nn, optim

pytest.importorskip("sklearn", reason='the extra "sklearn" is not installed')

from sklearn.base import clone
from sklearn.datasets import load_iris, make_regression
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from minitorch.sklearn import NeuralNetClassifier, NeuralNetRegressor

Both = pytest.mark.parametrize("Net", [NeuralNetClassifier, NeuralNetRegressor])


@parametrize_with_checks([NeuralNetClassifier(), NeuralNetRegressor()])
def test_passes_the_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def iris() -> tuple[Any, Any]:
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def labels(y: Any, Net: Any) -> Any:
    return y if Net is NeuralNetClassifier else y.astype(float)


def same(one: Any, two: Any) -> bool:
    states = [net.module_.state_dict() for net in (one, two)]
    return all(np.array_equal(states[0][name], states[1][name]) for name in states[0])


# ---- among scikit-learn's own ------------------------------------------------------------------


def test_works_in_a_pipeline_with_cross_validation_and_a_grid_search() -> None:
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    net = NeuralNetClassifier(max_epochs=40, lr=0.01, random_state=0)
    pipe = make_pipeline(StandardScaler(), net)
    assert cross_val_score(pipe, X, names, cv=3).mean() > 0.9
    grid = {
        "neuralnetclassifier__optimizer": [optim.Adam, functools.partial(optim.SGD, momentum=0.9)],
        "neuralnetclassifier__lr": [1e-6, 0.01],
    }
    search = GridSearchCV(pipe, grid, cv=3, n_jobs=2).fit(X, names)
    assert search.best_params_["neuralnetclassifier__lr"] == 0.01
    assert search.score(X, names) > 0.9
    assert set(search.predict(X)) == set(names)


@Both
@pytest.mark.parametrize("module", [None, nn.Linear, nn.Linear(4, 3)], ids=["mlp", "class", "made"])
def test_clones_and_pickles(Net: Any, module: Any, iris: Any) -> None:
    X, y = iris
    y = y if Net is NeuralNetClassifier else np.eye(3)[y]
    net = Net(module, max_epochs=3, random_state=0).fit(X, y)
    again = clone(net)
    assert not hasattr(again, "module_")
    assert same(again.fit(X, y), net)
    back = pickle.loads(pickle.dumps(net))
    assert np.array_equal(back.predict(X), net.predict(X))
    # The optimizer and the stream of draws came along: training goes on as if nothing had been.
    assert same(back.partial_fit(X, y), net.partial_fit(X, y))


def test_learns_what_the_same_program_in_pytorch_learns(torch: Any, iris: Any) -> None:
    X, y = iris
    net = NeuralNetClassifier(
        lambda i, o: nn.Sequential(nn.Linear(i, 8), nn.Tanh(), nn.Linear(8, o))
    )
    net.set_params(max_epochs=5, lr=0.02, weight_decay=0.01, batch_size=50, random_state=3)
    net.fit(X, y)

    torch.manual_seed(np.random.RandomState(3).randint(2**31 - 1))
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    model = model.double()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=0.01)
    losses = []
    for _ in range(5):
        total = 0.0
        for batch in torch.randperm(150).split(50):
            loss = torch.nn.functional.cross_entropy(
                model(torch.tensor(X)[batch]), torch.tensor(y)[batch]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() / 3
        losses.append(total)
    assert net.loss_curve_ == pytest.approx(losses, rel=1e-9)
    expected = model(torch.tensor(X)).softmax(1).detach().numpy()
    np.testing.assert_allclose(net.predict_proba(X), expected, rtol=1e-9)


# ---- training ----------------------------------------------------------------------------------


@Both
def test_partial_fit_called_k_times_is_fit_for_k_epochs(Net: Any, iris: Any) -> None:
    X, y = iris[0], labels(iris[1], Net)
    is_classifier = Net is NeuralNetClassifier
    last = nn.Linear(5, 3 if is_classifier else 1)
    module = nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.5), last)
    whole = Net(module, max_epochs=4, random_state=0).fit(X, y)
    steps = Net(module, random_state=0)
    for k in range(4):
        minitorch.manual_seed(k)  # what others draw in between does not matter
        steps.partial_fit(X, y, **({"classes": [0, 1, 2]} if is_classifier else {}))
    assert same(whole, steps) and whole.loss_curve_ == steps.loss_curve_


@Both
def test_random_state_alone_decides_and_no_other_stream_is_touched(Net: Any, iris: Any) -> None:
    X, y = iris[0], labels(iris[1], Net)
    nets = []
    for seed in (1, 2):
        minitorch.manual_seed(seed)
        state = minitorch.get_rng_state()
        nets.append(Net(max_epochs=2, random_state=0).fit(X, y))
        assert minitorch.equal(minitorch.get_rng_state(), state)
    assert same(*nets)
    assert not same(nets[0], Net(max_epochs=2, random_state=1).fit(X, y))
    np.random.seed(0)
    chance = Net(max_epochs=2).fit(X, y)
    assert not same(chance, Net(max_epochs=2).fit(X, y))
    np.random.seed(0)
    assert same(chance, Net(max_epochs=2).fit(X, y))


@Both
def test_weights(Net: Any, iris: Any) -> None:
    X, y = iris[0], labels(iris[1], Net)
    net = Net(max_epochs=3, random_state=0)
    some = np.arange(150) % 3 > 0
    assert same(clone(net).fit(X, y, some * 7.0), clone(net).fit(X[some], y[some]))
    batch = clone(net).set_params(batch_size=1000)
    twice = clone(batch).fit(np.repeat(X, 2, 0), np.repeat(y, 2))
    weighted = clone(batch).fit(X, y, np.full(150, 2))
    np.testing.assert_allclose(twice.loss_curve_, weighted.loss_curve_)
    uneven = clone(batch).fit(X, y, 1.0 + some)
    assert not np.allclose(uneven.loss_curve_, weighted.loss_curve_)
    for weights, words in [(-np.ones(150), "negative"), (np.zeros(150), "zero"), (np.ones(3), "3")]:
        with pytest.raises(ValueError, match=words):
            net.fit(X, y, weights)


@Both
def test_early_stopping_keeps_the_best_weights(Net: Any, iris: Any) -> None:
    X, y = iris[0], labels(iris[1], Net)
    states: list[Any] = []

    def remember(net: Any) -> None:
        assert not net.module_.training
        states.append(
            {name: value.numpy().copy() for name, value in net.module_.state_dict().items()}
        )

    net = Net(
        hidden_layer_sizes=(300,),
        lr=0.05,
        early_stopping=True,
        n_iter_no_change=4,
        validation_fraction=0.3,
        callbacks=[remember],
        random_state=0,
    ).fit(X, y)
    curve = net.validation_loss_curve_
    best = int(np.argmin(curve))
    assert len(curve) == len(net.loss_curve_) == len(states) == best + 1 + 4 < 100
    kept = net.module_.state_dict()
    assert all(np.array_equal(kept[name], states[best][name]) for name in kept)
    assert not all(np.array_equal(kept[name], states[-1][name]) for name in kept)
    net.set_params(early_stopping=False, max_epochs=1, callbacks=()).fit(X, y)
    assert not hasattr(net, "validation_loss_curve_")


def test_a_callback_ends_the_training(iris: Any) -> None:
    net = NeuralNetClassifier(callbacks=[lambda net: net.score(*iris) > 0.8], random_state=0)
    assert 1 <= len(net.fit(*iris).loss_curve_) < 50
    assert net.score(*iris) > 0.8


def test_any_optimizer_will_do_even_one_that_asks_for_the_loss_again(iris: Any) -> None:
    net = NeuralNetClassifier(
        nn.Linear, optimizer=optim.LBFGS, lr=1, batch_size=200, max_epochs=10, random_state=0
    )
    assert net.fit(*iris).loss_curve_[-1] < 0.05


class Spy(nn.Linear):
    """Remembers what it was shown, and whether to learn from it."""

    shown: ClassVar[list[tuple[bool, Any]]] = []

    def forward(self, input: Any) -> Any:
        self.shown.append((self.training, input.numpy()))
        return super().forward(input)


def test_batches_are_of_about_one_size(iris: Any) -> None:
    Spy.shown.clear()
    NeuralNetClassifier(Spy, batch_size=149, max_epochs=2).fit(*iris).predict(iris[0])
    # Not 149 and 1, of which batch normalisation could make nothing.
    assert [(training, len(X)) for training, X in Spy.shown] == [(True, 75)] * 4 + [(False, 150)]


def test_of_each_class_as_many_are_held_back(iris: Any) -> None:
    y = iris[1]
    Spy.shown.clear()
    net = NeuralNetClassifier(Spy, max_epochs=1, early_stopping=True, validation_fraction=0.2)
    net.fit(y[:, np.newaxis], y)
    (held_back,) = (X for training, X in Spy.shown if not training)
    assert np.unique(held_back, return_counts=True)[1].tolist() == [10, 10, 10]


def test_a_progress_bar(iris: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    NeuralNetClassifier(max_epochs=3, verbose=True).fit(*iris)
    shown = capsys.readouterr().err
    assert "NeuralNetClassifier: 100%" in shown and "3/3" in shown and "loss=" in shown


# ---- networks and data -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_computes_in_the_precision_of_the_features(dtype: str, iris: Any) -> None:
    X, y = iris
    net = NeuralNetClassifier(nn.Linear, max_epochs=2).fit(X.astype(dtype), y)
    assert str(net.module_.weight.dtype).endswith(dtype)
    assert net.predict_proba(X).dtype == dtype
    regressor = NeuralNetRegressor(max_epochs=2).fit(X.astype(dtype), X)
    assert regressor.predict(X).dtype == dtype and regressor.predict(X).shape == X.shape
    assert regressor.partial_fit(X.astype("float16"), X).predict(X).dtype == dtype


def test_a_module_is_copied(iris: Any) -> None:
    module = nn.Linear(4, 3)
    before = module.weight.detach().numpy().copy()
    net = NeuralNetClassifier(module, max_epochs=2).fit(*iris)
    assert net.module is module and net.module_ is not module
    assert (
        np.array_equal(module.weight.detach(), before) and module.weight.dtype is minitorch.float32
    )
    assert not np.array_equal(net.module_.weight.detach(), before)


def test_two_classes_and_what_is_said_of_them() -> None:
    X, y = load_iris(return_X_y=True)
    net = NeuralNetClassifier(max_epochs=20, random_state=0).fit(X[50:], y[50:])
    margin, chances = net.decision_function(X), net.predict_proba(X)
    assert margin.shape == (150,)
    np.testing.assert_allclose(chances[:, 1], 1 / (1 + np.exp(-margin)))
    np.testing.assert_allclose(net.predict_log_proba(X), np.log(chances))
    assert np.array_equal(net.predict(X), net.classes_[(margin > 0).astype(int)])


def test_several_outputs_and_their_shapes() -> None:
    X, y = make_regression(60, 4, n_targets=2, noise=0.1, random_state=0)
    y = StandardScaler().fit_transform(y)
    net = NeuralNetRegressor(lr=0.01, random_state=0)
    assert clone(net).fit(X, y).score(X, y) > 0.99
    for target in (y, y[:, :1], y[:, 0]):
        assert clone(net).set_params(max_epochs=1).fit(X, target).predict(X).shape == target.shape


def test_feature_names_are_kept_and_compared(iris: Any) -> None:
    pandas = pytest.importorskip("pandas")
    X, y = iris
    frame = pandas.DataFrame(X, columns=list("abcd"))
    net = NeuralNetClassifier(max_epochs=1).fit(frame, y)
    assert list(net.feature_names_in_) == list("abcd") and net.n_features_in_ == 4
    with pytest.raises(ValueError, match="feature names"):
        net.predict(frame[["b", "a", "c", "d"]])


def test_many_samples_are_predicted_in_pieces(iris: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net = NeuralNetClassifier(max_epochs=1).fit(*iris)
    whole = net.predict_proba(iris[0])
    monkeypatch.setattr("minitorch.sklearn.AT_ONCE", 7)
    np.testing.assert_allclose(net.predict_proba(iris[0]), whole, rtol=1e-12)


# ---- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters, words",
    [
        ({"max_epochs": 0}, "max_epochs must be an int from 1 up, got 0"),
        ({"batch_size": 2.5}, "batch_size must be an int from 1 up, got 2.5"),
        ({"n_iter_no_change": 0}, "n_iter_no_change"),
        ({"validation_fraction": 1.0}, "validation_fraction must be between 0 and 1, got 1.0"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": (1.5,)}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": 100}, "a sequence of ints from 1 up, got 100"),
        ({"lr": -1.0}, "learning rate"),
        ({"lr": 1e30}, "the loss is .* in epoch .; lower lr"),
        ({"module": nn.Linear(4, 2)}, r"returns \(50, 2\) .* expected \(50, 3\)"),
        ({"random_state": "zero"}, "zero"),
    ],
)
def test_parameters_that_make_no_sense(parameters: Any, words: str, iris: Any) -> None:
    with pytest.raises(ValueError, match=words):
        NeuralNetClassifier(**{"optimizer": optim.SGD, **parameters}).fit(*iris)


def test_modules_that_are_none(iris: Any) -> None:
    for module, got in [("mlp", "str"), (lambda i, o: i + o, "int")]:
        with pytest.raises(TypeError, match=f"module must .* Module.* got {got}"):
            NeuralNetClassifier(module).fit(*iris)


def test_partial_fit_says_what_it_needs(iris: Any) -> None:
    X, y = iris
    net = NeuralNetClassifier()
    with pytest.raises(ValueError, match="the first call needs classes"):
        net.partial_fit(X, y)
    net.partial_fit(X, y, classes=[2, 1, 0]).partial_fit(X, y).partial_fit(X[:9], y[:9], [0, 1, 2])
    with pytest.raises(ValueError, match="the classes are"):
        net.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"y holds \[3\]"):
        net.partial_fit(X, y + 1)
    regressor = NeuralNetRegressor().partial_fit(X, X)
    with pytest.raises(ValueError, match=r"shape \(4,\) at the first call, got \(\)"):
        regressor.partial_fit(X, y)


def test_a_first_call_that_failed_can_be_made_again(iris: Any) -> None:
    net = NeuralNetClassifier(nn.Linear(4, 2))
    for _ in range(2):
        with pytest.raises(ValueError, match="the module returns"):
            net.partial_fit(*iris, classes=[0, 1, 2])


def test_one_column_of_labels_is_a_warning(iris: Any) -> None:
    X, y = iris
    with pytest.warns(DataConversionWarning):
        NeuralNetClassifier(max_epochs=1).fit(X, y[:, np.newaxis])


def test_without_scikit_learn_the_extra_is_named() -> None:
    program = "import sys, minitorch; sys.modules['sklearn'] = None; import minitorch.sklearn"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert 'pip install "minitorch-numpy[sklearn]"' in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["Adam", "adam", "ADAMW", "sgd", "RMSprop", "lbfgs"])
def test_an_optimizer_by_its_name(name):
    X, y = load_iris(return_X_y=True)
    kind = {kind.lower(): getattr(optim, kind) for kind in optim.__all__ if kind[0].isupper()}
    options = {"lr": 0.01, "max_epochs": 2, "random_state": 0}
    by_name = NeuralNetClassifier(optimizer=name, **options).fit(X, y)
    by_class = NeuralNetClassifier(optimizer=kind[name.lower()], **options).fit(X, y)
    assert type(by_name.optimizer_) is kind[name.lower()]
    assert by_name.loss_curve_ == by_class.loss_curve_
    assert by_name.get_params()["optimizer"] == name  # scikit-learn clones it as it was given


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ("adamm", ValueError, r"optimizer must be one of .*Adam, .*SGD.*, got 'adamm'$"),
        ("optimizer", ValueError, r"optimizer must be one of "),
        ("", ValueError, r"optimizer must be one of "),
        (None, TypeError, r"optimizer must be a name such as 'Adam', a class .* got NoneType$"),
        (optim.SGD([minitorch.ones(1)], lr=1), TypeError, r"optimizer must be .*, got SGD$"),
    ],
)
def test_what_is_no_optimizer_is_refused_in_one_line(given, error, words):
    with pytest.raises(error, match=words) as raised:
        NeuralNetClassifier(optimizer=given).fit([[0.0], [1.0]], [0, 1])
    assert "\n" not in str(raised.value)
