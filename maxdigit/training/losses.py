"""The losses of the torch networks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from maxdigit.models.registry import FeatureMap
from maxdigit.training.batches import Batch, locate_targets, target_probabilities
from maxdigit.training.recipes import Recipe


def classification_loss(logits: Tensor, labels: Tensor, recipe: Recipe) -> Tensor:
    """Cross-entropy in nats. The paper's ResNet18 feeds it probabilities in place of logits.

    With a softmax before it, the loss cannot fall below ln(1 + 9 / e) = 1.461, however sure and right a model is.
    """
    scores = logits.softmax(1) if recipe.softmax_before_loss else logits
    return F.cross_entropy(scores, target_probabilities(labels, recipe.label_smoothing))


def locate_loss(cells: Tensor, batch: Batch, features: FeatureMap) -> Tensor:
    """Cross-entropy of the auxiliary head, a picture's digits and empty cells weighing the same; 0 if none are known.

    Each picture has its own means, so that dividing a batch among processes changes nothing.
    """
    if batch.digits is None or batch.centres is None:
        return cells.sum() * 0
    target = locate_targets(batch.digits, batch.centres, features.first, features.step, features.cells)
    each = F.cross_entropy(cells, target, reduction="none", ignore_index=-1)
    parts = ((target >= 0) & (target < 10), target == 10)
    means = [((each * part).sum((1, 2)) / part.sum((1, 2)).clamp(min=1)).mean() for part in parts]
    return torch.stack(means).sum()
