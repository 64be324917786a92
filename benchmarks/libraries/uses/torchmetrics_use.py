"""A typical use of torchmetrics, with everything printed that it computes."""

import torch
import torchmetrics as tm
from torchmetrics import functional as F

torch.manual_seed(0)
p = torch.randn(20, 4).softmax(-1)
t = torch.randint(0, 4, (20,))
ms = tm.MetricCollection(
    [
        tm.Accuracy(task="multiclass", num_classes=4),
        tm.F1Score(task="multiclass", num_classes=4, average="macro"),
        tm.AUROC(task="multiclass", num_classes=4),
        tm.ConfusionMatrix(task="multiclass", num_classes=4),
        tm.CalibrationError(task="multiclass", num_classes=4),
        tm.CohenKappa(task="multiclass", num_classes=4),
        tm.MatthewsCorrCoef(task="multiclass", num_classes=4),
    ]
)
ms.update(p[:10], t[:10])
ms.update(p[10:], t[10:])
for k, v in ms.compute().items():
    print(k, v)
a, b = torch.randn(30), torch.randn(30)
for M in (
    tm.MeanSquaredError,
    tm.MeanAbsoluteError,
    tm.R2Score,
    tm.PearsonCorrCoef,
    tm.SpearmanCorrCoef,
    tm.ExplainedVariance,
    tm.CosineSimilarity,
    tm.KendallRankCorrCoef,
):
    m = M()
    m.update(
        a.reshape(1, -1) if M is tm.CosineSimilarity else a,
        b.reshape(1, -1) if M is tm.CosineSimilarity else b,
    )
    print(M.__name__, round(m.compute().item(), 6))
i1, i2 = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)
print(
    round(F.structural_similarity_index_measure(i1, i2).item(), 5),
    round(F.peak_signal_noise_ratio(i1, i2).item(), 5),
)
m = tm.MeanMetric()
m(torch.tensor([1.0, 2.0]))
m(5.0)
print(m.compute(), m)
print(F.pairwise_cosine_similarity(a.reshape(5, 6)).sum())
