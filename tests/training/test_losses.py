"""Losses, against values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from maxdigit.training.losses import classification_loss, label_shift
from maxdigit.training.recipes import get_recipe


def test_a_softmax_before_the_loss_keeps_it_above_ln_1_plus_9_over_e():
    labels = torch.tensor([3])
    sure = torch.full((1, 10), -100.0)
    sure[0, 3] = 100.0
    paper = classification_loss(sure, labels, get_recipe("resnet18", "paper"))
    assert paper.item() == pytest.approx(math.log(1 + 9 / math.e), abs=1e-4)
    assert classification_loss(sure, labels, get_recipe("torch_cnn", "paper")).item() < 1e-4


def test_labels_shown_more_often_than_they_occur_are_no_likelier_for_it():
    """What shifted logits give for the frequencies of training must, unshifted, give those of three uniform digits."""
    balance = 0.5
    natural = torch.tensor([((digit + 1) ** 3 - digit**3) / 1000 for digit in range(10)])
    shown = (1 - balance) * natural + balance / 10
    shift = label_shift(torch.tensor([3]), balance)[0]
    common = slice(2, None)  # those that the limit leaves as they are
    assert torch.allclose((natural.log() + shift)[common], shown.log()[common], atol=1e-5)
    assert shift.max() == 2
    assert not label_shift(torch.tensor([0]), balance).any()  # a picture without digits


def test_the_papers_recipes_are_not_shifted():
    logits, labels = torch.zeros(1, 10), torch.tensor([9])
    digits = torch.tensor([[9, 1, 2]])
    paper = classification_loss(logits, labels, get_recipe("torch_cnn", "paper"), digits)
    tuned = classification_loss(logits, labels, get_recipe("torch_cnn", "tuned"), digits)
    assert paper.item() == pytest.approx(math.log(10), abs=1e-5)
    assert tuned.item() > paper.item()  # a nine is shown less often than it occurs
