"""A typical use of skorch, with everything printed that it computes."""

import pickle

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import EarlyStopping, EpochScoring, LRScheduler

X, y = make_classification(200, 8, n_informative=4, random_state=0)
X = X.astype(np.float32)
y = y.astype(np.int64)


class M(torch.nn.Module):
    def __init__(s, n=10):
        super().__init__()
        s.l = torch.nn.Linear(8, n)
        s.d = torch.nn.Dropout(0.2)
        s.o = torch.nn.Linear(n, 2)

    def forward(s, x):
        return torch.softmax(s.o(s.d(torch.relu(s.l(x)))), -1)


torch.manual_seed(0)
net = NeuralNetClassifier(
    M,
    max_epochs=5,
    lr=0.1,
    iterator_train__shuffle=True,
    callbacks=[
        EpochScoring("roc_auc", lower_is_better=False),
        LRScheduler("StepLR", step_size=2),
        EarlyStopping(patience=3),
    ],
    verbose=0,
)
net.fit(X, y)
print(
    [round(v, 5) for v in net.history[:, "train_loss"]],
    [round(v, 5) for v in net.history[:, "valid_loss"]],
)
print(net.predict_proba(X[:3]), net.score(X, y))
pipe = Pipeline(
    [
        ("s", StandardScaler()),
        ("n", NeuralNetClassifier(M, max_epochs=3, lr=0.1, verbose=0, train_split=False)),
    ]
)
gs = GridSearchCV(pipe, {"n__module__n": [4, 8], "n__lr": [0.05, 0.1]}, cv=2, scoring="accuracy")
torch.manual_seed(1)
gs.fit(X, y)
print(gs.best_params_, round(gs.best_score_, 5))
net.save_params(f_params="params.pt")
n2 = NeuralNetClassifier(M)
n2.initialize()
n2.load_params(f_params="params.pt")
print(np.allclose(n2.predict_proba(X[:5]), net.predict_proba(X[:5])))

print(np.allclose(pickle.loads(pickle.dumps(net)).predict_proba(X[:5]), net.predict_proba(X[:5])))
r = NeuralNetRegressor(torch.nn.Sequential(torch.nn.Linear(8, 1)), max_epochs=3, lr=0.01, verbose=0)
r.fit(X, y[:, None].astype(np.float32))
print(round(r.history[-1, "train_loss"], 5))
