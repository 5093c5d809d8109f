"""Losses, against values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from maxdigit.training.losses import classification_loss
from maxdigit.training.recipes import get_recipe


def test_a_softmax_before_the_loss_keeps_it_above_ln_1_plus_9_over_e():
    labels = torch.tensor([3])
    sure = torch.full((1, 10), -100.0)
    sure[0, 3] = 100.0
    paper = classification_loss(sure, labels, get_recipe("resnet18", "paper"))
    assert paper.item() == pytest.approx(math.log(1 + 9 / math.e), abs=1e-4)
    assert classification_loss(sure, labels, get_recipe("torch_cnn", "paper")).item() < 1e-4
