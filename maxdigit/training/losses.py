"""The losses of the torch networks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from maxdigit.models.registry import FeatureMap
from maxdigit.training.batches import Batch, locate_targets, target_probabilities
from maxdigit.training.recipes import Recipe

_MAX_SHIFT = 2.0  # nats


def classification_loss(logits: Tensor, labels: Tensor, recipe: Recipe, digits: Tensor | None = None) -> Tensor:
    """Cross-entropy in nats. The paper's ResNet18 feeds it probabilities in place of logits.

    With a softmax before it, the loss cannot fall below ln(1 + 9 / e) = 1.461, even for a perfect model.

    Args:
        logits: (N, 10).
        labels: int64 (N,), -1 where there is no digit.
        recipe: the run's settings.
        digits: all digits of each picture, int64 (N, D), -1 where there is none. If given, the logits are corrected for
            the label frequencies that the recipe's ``balance`` causes (:func:`label_shift`).
    """
    scores = logits.softmax(1) if recipe.softmax_before_loss else logits
    if recipe.balance and digits is not None:
        scores = scores + label_shift((digits >= 0).sum(1), recipe.balance)
    return F.cross_entropy(scores, target_probabilities(labels, recipe.label_smoothing))


def label_shift(counts: Tensor, balance: float) -> Tensor:
    """Logarithm of each label's frequency in training over its natural frequency: float32 (N, 10).

    The largest of three uniform digits is a nine 271 times as often as a zero. With ``balance`` small labels are shown
    more often, so that they are learned at all; without a correction the model would learn those frequencies, and
    answer 7 where a digit may be a 7 or a 9. Added to the logits in training, the shift leaves logits for digits that
    are equally frequent (A. K. Menon et al., "Long-tail learning via logit adjustment", 2021). It is limited to 2,
    since people who try the app draw 0 0 0 more often than chance would.

    Args:
        counts: how many digits each picture holds, int64 (N,); 0 gives a shift of 0.
        balance: share of pictures, 0..1, whose largest digit is drawn uniformly.
    """
    tenths = torch.arange(11, device=counts.device) / 10
    below = tenths ** counts.clamp(min=1)[:, None]  # that all digits are smaller than 0, 1, ... 10
    natural = below.diff(dim=1)
    return (1 - balance + balance * 0.1 / natural).log().clamp(max=_MAX_SHIFT) * (counts > 0)[:, None]


def locate_loss(cells: Tensor, batch: Batch, features: FeatureMap) -> Tensor:
    """Cross-entropy of the auxiliary head, a picture's digits and empty cells weighing the same; 0 if none are known.

    Each picture has its own means, so that dividing a batch among processes changes nothing.
    """
    if batch.digits is None or batch.centres is None:
        return cells.sum() * 0
    target = locate_targets(batch.digits, batch.centres, features.first, features.step, features.cells)
    each = F.cross_entropy(cells, target, reduction="none", ignore_index=-1)
    parts = ((target >= 0) & (target < 10), target == 10)
    return sum(((each * part).sum((1, 2)) / part.sum((1, 2)).clamp(min=1)).mean() for part in parts)
