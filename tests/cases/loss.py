"""The op table: losses and distances."""

from __future__ import annotations

from typing import Any

from cases.activation import quietly
from cases.case import Maker, case, distinct, functional, index, normal, positive

NO_HALVES = {"float16": "PyTorch has no kernel for it"}


def share(*shape: int) -> Maker:
    """Values in 0.1 to 0.9: probabilities."""
    return lambda draws: draws.uniform(0.1, 0.9, shape)


def _signs(m: Any, x: Any, count: int = 3) -> Any:
    return m.tensor([1.0, -1.0, 1.0, -1.0][:count]).to(x.dtype)


CASES = [
    case(
        "F.cross_entropy",
        lambda m, x: functional(m).cross_entropy(x, index(m, [1, 0, 2])),
        normal(3, 4),
    ),
    case(
        "F.cross_entropy, all options",
        lambda m, x: functional(m).cross_entropy(
            x,
            index(m, [1, 0, 2, -100]),
            m.tensor([0.5, 1.0, 2.0], dtype=x.dtype),
            label_smoothing=0.1,
        ),
        normal(4, 3),
    ),
    case(
        "F.cross_entropy, pixels",
        lambda m, x: functional(m).cross_entropy(x, index(m, [[[1, 0], [2, 1]]]), reduction="none"),
        normal(1, 3, 2, 2),
    ),
    case(
        "F.cross_entropy, probabilities",
        lambda m, x, y: functional(m).cross_entropy(x, m.softmax(y, 1), label_smoothing=0.2),
        normal(3, 4),
        normal(3, 4),
    ),
    case(
        "F.cross_entropy, one sample",
        lambda m, x: functional(m).cross_entropy(x, index(m, 1), reduction="sum"),
        normal(4),
    ),
    case(
        "F.nll_loss",
        lambda m, x: functional(m).nll_loss(x, index(m, [1, 0, 2]), reduction="sum"),
        normal(3, 4),
    ),
    case(
        "F.nll_loss, size_average",
        lambda m, x: quietly(
            lambda: functional(m).nll_loss(x, index(m, [1, 0, 2]), size_average=False)
        ),
        normal(3, 4),
    ),
    case("F.mse_loss", lambda m, x, y: functional(m).mse_loss(x, y), normal(2, 3), normal(2, 3)),
    case(
        "F.mse_loss, weight",
        lambda m, x, y, w: functional(m).mse_loss(x, y, weight=w),
        normal(2, 3),
        normal(2, 3),
        positive(2, 3),
    ),
    case(
        "F.mse_loss, broadcast, reduce",
        lambda m, x, y: quietly(lambda: functional(m).mse_loss(x, y, reduce=False)),
        normal(2, 1),
        normal(3),
    ),
    case("F.l1_loss", lambda m, x, y: functional(m).l1_loss(x, y), distinct(2, 3), normal(2, 3)),
    case(
        "F.l1_loss, sum",
        lambda m, x, y: functional(m).l1_loss(x, y, reduction="sum"),
        distinct(2, 3),
        normal(2, 3),
    ),
    case(
        "F.smooth_l1_loss",
        lambda m, x, y: functional(m).smooth_l1_loss(x, y, beta=0.7),
        normal(2, 6),
        normal(2, 6),
    ),
    case(
        "F.smooth_l1_loss, beta 0",
        lambda m, x, y: functional(m).smooth_l1_loss(x, y, beta=0.0, reduction="none"),
        distinct(2, 3),
        normal(2, 3),
    ),
    case(
        "F.huber_loss",
        lambda m, x, y: functional(m).huber_loss(x, y, delta=0.7),
        normal(2, 6),
        normal(2, 6),
    ),
    case(
        "F.huber_loss, weight",
        lambda m, x, y, w: functional(m).huber_loss(x, y, weight=w),
        normal(2, 3),
        normal(2, 3),
        positive(2, 3),
    ),
    case(
        "F.poisson_nll_loss",
        lambda m, x, y: functional(m).poisson_nll_loss(x, y),
        normal(2, 3),
        positive(2, 3),
    ),
    case(
        "F.poisson_nll_loss, full",
        lambda m, x, y: functional(m).poisson_nll_loss(x, y * 2, False, True, reduction="none"),
        positive(2, 3),
        positive(2, 3),
    ),
    case(
        "F.gaussian_nll_loss",
        lambda m, x, y, v: functional(m).gaussian_nll_loss(x, y, v, full=True),
        normal(2, 3),
        normal(2, 3),
        positive(2),
    ),
    case(
        "F.gaussian_nll_loss, number",
        lambda m, x, y: functional(m).gaussian_nll_loss(x, y, 0.5, reduction="none"),
        normal(2, 3),
        normal(2, 3),
    ),
    case(
        "F.binary_cross_entropy",
        lambda m, x, y: functional(m).binary_cross_entropy(x, y),
        share(2, 3),
        share(2, 3),
    ),
    case(
        "F.binary_cross_entropy, weight",
        lambda m, x, y: functional(m).binary_cross_entropy(
            x, y, m.tensor([0.5, 1.0, 2.0], dtype=x.dtype), reduction="sum"
        ),
        share(2, 3),
        share(2, 3),
    ),
    case(
        "F.binary_cross_entropy_with_logits",
        lambda m, x, y: functional(m).binary_cross_entropy_with_logits(x, y),
        normal(2, 3),
        share(2, 3),
    ),
    case(
        "F.binary_cross_entropy_with_logits, weights",
        lambda m, x, y: functional(m).binary_cross_entropy_with_logits(
            x,
            y,
            m.tensor([[0.5], [2.0]], dtype=x.dtype),
            pos_weight=m.tensor([0.5, 1.0, 2.0], dtype=x.dtype),
            reduction="none",
        ),
        normal(2, 3),
        share(2, 3),
    ),
    case(
        "F.kl_div",
        lambda m, x, y: functional(m).kl_div(x, y, reduction="batchmean"),
        normal(2, 3),
        share(2, 3),
    ),
    case(
        "F.kl_div, log_target",
        lambda m, x, y: functional(m).kl_div(x, y, reduction="sum", log_target=True),
        normal(2, 3),
        normal(2, 3),
    ),
    case(
        "F.margin_ranking_loss",
        lambda m, x, y: functional(m).margin_ranking_loss(x, y, _signs(m, x), 0.2),
        distinct(3),
        normal(3),
    ),
    case(
        "F.hinge_embedding_loss",
        lambda m, x: functional(m).hinge_embedding_loss(x, _signs(m, x), 0.9),
        distinct(3),
    ),
    case(
        "F.hinge_embedding_loss, neither",
        lambda m, x: functional(m).hinge_embedding_loss(x, x * 0, reduction="none"),
        distinct(2, 3),
    ),
    case(
        "F.soft_margin_loss",
        lambda m, x: functional(m).soft_margin_loss(x, _signs(m, x)),
        normal(2, 3),
    ),
    case(
        "F.multi_margin_loss",
        lambda m, x: functional(m).multi_margin_loss(x, index(m, [1, 0])),
        distinct(2, 3),
        unlike=NO_HALVES,
    ),
    case(
        "F.multi_margin_loss, options",
        lambda m, x: functional(m).multi_margin_loss(
            x, index(m, 1), 2, 0.7, m.tensor([0.5, 1.0, 2.0], dtype=x.dtype)
        ),
        distinct(3),
        unlike=NO_HALVES,
    ),
    case(
        "F.multilabel_margin_loss",
        lambda m, x: functional(m).multilabel_margin_loss(
            x, index(m, [[2, 0, -1, 1], [1, 1, 3, -1]]), reduction="none"
        ),
        distinct(2, 4),
        unlike=NO_HALVES,
    ),
    case(
        "F.multilabel_margin_loss, one sample",
        lambda m, x: functional(m).multilabel_margin_loss(x, index(m, [-1, 0, 1])),
        distinct(3),
        unlike=NO_HALVES,
    ),
    case(
        "F.multilabel_soft_margin_loss",
        lambda m, x, y, w: functional(m).multilabel_soft_margin_loss(x, y, w),
        normal(2, 3),
        share(2, 3),
        positive(3),
    ),
    case(
        "F.cosine_embedding_loss",
        lambda m, x, y: functional(m).cosine_embedding_loss(x, y, _signs(m, x), 0.1),
        normal(3, 4),
        normal(3, 4),
    ),
    case(
        "F.cosine_embedding_loss, one sample",
        lambda m, x, y: functional(m).cosine_embedding_loss(x, y, m.tensor(1)),
        normal(4),
        normal(4),
    ),
    case(
        "F.triplet_margin_loss",
        lambda m, a, p, n: functional(m).triplet_margin_loss(a, p, n, swap=True),
        normal(2, 3),
        normal(2, 3),
        normal(2, 3),
    ),
    case(
        "F.triplet_margin_loss, p",
        lambda m, a, p, n: functional(m).triplet_margin_loss(a, p, n, 2.0, 3.0, reduction="none"),
        distinct(2, 3),
        normal(2, 3),
        normal(2, 3),
    ),
    case(
        "F.triplet_margin_with_distance_loss",
        lambda m, a, p, n: functional(m).triplet_margin_with_distance_loss(
            a, p, n, distance_function=lambda x, y: 1 - m.cosine_similarity(x, y), swap=True
        ),
        normal(2, 3),
        normal(2, 3),
        normal(2, 3),
    ),
    case(
        "F.ctc_loss",
        lambda m, x: functional(m).ctc_loss(
            x.log_softmax(2), index(m, [[1, 1, 2], [3, 2, 0]]), [5, 4], [3, 2]
        ),
        normal(5, 2, 4),
    ),
    case(
        "F.ctc_loss, options",
        lambda m, x: functional(m).ctc_loss(
            x.log_softmax(2),
            index(m, [1, 0, 3, 3]),
            index(m, [4, 0, 1]),
            index(m, [2, 0, 2]),
            blank=2,
            reduction="none",
            zero_infinity=True,
        ),
        normal(4, 3, 4),
    ),
    case(
        "F.ctc_loss, one sample",
        lambda m, x: functional(m).ctc_loss(
            x.log_softmax(1), index(m, [1, 2]), index(m, 4), index(m, 2), reduction="sum"
        ),
        normal(4, 3),
    ),
    case(
        "F.cosine_similarity",
        lambda m, x, y: functional(m).cosine_similarity(x, y),
        normal(2, 3),
        normal(2, 3),
    ),
    case(
        "F.cosine_similarity, broadcast",
        lambda m, x, y: m.cosine_similarity(x, y, dim=-1),
        normal(2, 1, 3),
        normal(2, 3),
    ),
    case(
        "F.pairwise_distance",
        lambda m, x, y: functional(m).pairwise_distance(x, y),
        normal(2, 3),
        normal(2, 3),
    ),
    case(
        "F.pairwise_distance, options",
        lambda m, x, y: m.pairwise_distance(x, y, 1.5, 0.1, True),
        distinct(2, 3),
        normal(3),
    ),
    case("F.pdist", lambda m, x: functional(m).pdist(x), normal(4, 3), unlike=NO_HALVES),
    case("F.pdist, 3", lambda m, x: m.pdist(x, 3.0), distinct(3, 2), unlike=NO_HALVES),
]
