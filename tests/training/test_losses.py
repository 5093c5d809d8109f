"""Losses, against values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from maxdigit.training.batches import Batch
from maxdigit.training.losses import classification_loss
from maxdigit.training.recipes import get_recipe


def test_a_softmax_before_the_loss_keeps_it_above_ln_1_plus_9_over_e():
    batch = Batch(torch.zeros((1, 128, 128), dtype=torch.uint8), torch.tensor([3]))
    sure = torch.full((1, 10), -100.0)
    sure[0, 3] = 100.0
    paper = classification_loss(sure, batch, get_recipe("resnet18", "paper"))
    assert paper.item() == pytest.approx(math.log(1 + 9 / math.e), abs=1e-4)
    assert classification_loss(sure, batch, get_recipe("torch_cnn", "paper")).item() < 1e-4


def test_teachers_weigh_more_than_labels_but_say_nothing_of_pictures_without_a_digit():
    recipe = get_recipe("resnet18", "tuned", width=1.0)
    pixels = torch.zeros((2, 128, 128), dtype=torch.uint8)
    taught = torch.zeros((2, 10))
    taught[:, 7] = 1
    logits = torch.zeros((2, 10), requires_grad=True)
    loss = classification_loss(logits, Batch(pixels, torch.tensor([3, -1]), taught=taught), recipe)
    (slopes,) = torch.autograd.grad(loss, logits)
    targets = 0.1 - 2 * slopes  # the gradient is what is answered less the target, and there are two pictures
    assert targets[0, 7].item() == pytest.approx(0.7 + 0.3 * 0.002, abs=1e-5)
    assert targets[0, 3].item() == pytest.approx(0.3 * (1 - 0.02 + 0.002), abs=1e-5)
    assert targets[1].tolist() == pytest.approx([0.1] * 10, abs=1e-6)
