"""Choose and train a classifier with scikit-learn's own tools, a network of minitorch in it.

    pip install -e ".[digits,sklearn]" && python examples/classifier.py

Digits of 8x8 pixels are scaled and then read by a multilayer perceptron. How wide it is, and how
strongly its weights are held down, is settled by cross validation. Last come the test images.
"""

import argparse

from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from minitorch.sklearn import NeuralNetClassifier

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--epochs", type=int, default=30)
parser.add_argument("--plot", metavar="FILE", help="save a picture (needs matplotlib)")
parser.add_argument("--bar", action="store_true", help="show progress bars (needs tqdm)")
options = parser.parse_args()

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)

net = NeuralNetClassifier(max_epochs=options.epochs, lr=0.003, random_state=0, verbose=options.bar)
pipeline = Pipeline([("scale", StandardScaler()), ("net", net)])
grid = {"net__hidden_layer_sizes": [(16,), (64,), (64, 64)], "net__weight_decay": [0.0, 0.001]}
search = GridSearchCV(pipeline, grid, cv=3).fit(X_train, y_train)

print(f"{'hidden layers':>14} {'weight decay':>13} {'read right':>11}")
results = search.cv_results_
for choice, score in zip(results["params"], results["mean_test_score"], strict=True):
    sizes = "-".join(map(str, choice["net__hidden_layer_sizes"]))
    print(f"{sizes:>14} {choice['net__weight_decay']:13} {score:11.1%}")
print(f"The best of them reads {search.score(X_test, y_test):.1%} of the test images right.")

if options.plot:
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    left.plot(search.best_estimator_["net"].loss_curve_)
    left.set(xlabel="epoch", ylabel="loss", yscale="log", title="training the best")
    ConfusionMatrixDisplay.from_estimator(
        search, X_test, y_test, ax=right, cmap="Blues", colorbar=False
    )
    right.set_title("the test images")
    figure.savefig(options.plot, dpi=100)
