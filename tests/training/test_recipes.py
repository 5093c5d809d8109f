"""Recipes: as published, complete for every model, and checked."""

from __future__ import annotations

import math

import pytest

from maxdigit.errors import TrainingError, UnknownModelError
from maxdigit.models.registry import MODELS
from maxdigit.training.recipes import get_recipe


def test_the_papers_recipes_are_as_published():
    keras, resnet, cnn = (get_recipe(model, "paper") for model in ("keras_cnn", "resnet18", "torch_cnn"))
    assert (keras.optimizer, keras.learning_rate, keras.epochs, keras.fits) == ("nadam", 0.002, 20, 3)
    assert (keras.train_pictures, keras.validation_pictures) == (48_000, 2_000) and keras.patience
    assert (resnet.optimizer, resnet.epochs, resnet.softmax_before_loss) == ("adadelta", 25, True)
    assert (cnn.optimizer, cnn.learning_rate, cnn.epochs) == ("adam", 0.001, 25)
    assert all(r.kinds == {"textured": 1.0} and not r.fresh and not r.locate for r in (keras, resnet, cnn))


def test_another_rate_for_what_muon_trains_changes_the_other_rate_in_proportion() -> None:
    tuned, slower = get_recipe("resnet18", "tuned"), get_recipe("resnet18", "tuned", learning_rate=0.002)
    assert slower.other_rate / tuned.other_rate == pytest.approx(slower.learning_rate / tuned.learning_rate)
    assert get_recipe("resnet18", "tuned", learning_rate=0.002, other_rate=0.5).other_rate == 0.5


def test_bad_settings_are_refused_in_words():
    with pytest.raises(UnknownModelError):
        get_recipe("vgg", "tuned")
    with pytest.raises(TrainingError, match="no recipe called"):
        get_recipe("resnet18", "fast")
    with pytest.raises(TrainingError, match="epochs must be at least 1"):
        get_recipe("resnet18", "tuned", epochs=0)
    with pytest.raises(TrainingError, match="does not fit"):
        get_recipe("resnet18", "tuned", train_pictures=10)
    for wrong in ({"learning_rate": 0.0}, {"learning_rate": math.nan}, {"seed": -1}):
        with pytest.raises(TrainingError, match="must be"):
            get_recipe("resnet18", "tuned", **wrong)
    for model, frozen in (("resnet18", 5), ("keras_cnn", 4), ("keras_cnn", -1)):
        with pytest.raises(TrainingError, match="frozen must be 0 to"):
            get_recipe(model, "tuned", frozen=frozen)


@pytest.mark.parametrize("model", MODELS)
def test_each_model_is_trained_by_the_tuned_recipe_with_each_of_its_heads(model):
    for head in MODELS[model].heads:
        recipe = get_recipe(model, "tuned", head=head)
        assert (recipe.loop, recipe.head, recipe.is_planned) == ("tuned", head, True)


def test_the_papers_recipes_are_trained_by_a_loop_of_their_framework():
    for model in ("keras_cnn", "resnet18", "torch_cnn"):
        recipe = get_recipe(model, "paper")
        assert recipe.loop == MODELS[model].framework and not recipe.is_planned


def test_shares_of_kinds_that_make_no_sense_are_refused() -> None:
    for wrong, said in (
        ({"cats": 1.0}, "no 'cats' pictures"),
        ({"drawn": -1.0}, "negative"),
        ({"drawn": math.nan}, "neg"),
    ):
        with pytest.raises(TrainingError, match=said):
            get_recipe("resnet18", "tuned", kinds=wrong)
    with pytest.raises(TrainingError, match="above 0"):
        get_recipe("resnet18", "tuned", kinds={"drawn": 0.0})


@pytest.mark.parametrize(
    ("name", "changes"), [("paper", {}), ("tuned", {"width": 0.5}), ("tuned", {"keep_weights": -1})]
)
def test_weights_that_nobody_could_replay_are_not_kept(name, changes):
    with pytest.raises(TrainingError, match="kept along the way by a tuned recipe at full width"):
        get_recipe("torch_cnn", name, **{"keep_weights": 10, **changes})


def test_a_plan_in_pictures_is_whole_epochs_of_whole_batches():
    recipe = get_recipe("keras_cnn", "tuned", total_pictures=400_000)
    steps = recipe.train_pictures // recipe.batch_size
    assert 400_000 <= recipe.epochs * steps * recipe.batch_size < 400_000 + recipe.train_pictures
    for changes, message in (
        ({"width": 0.3}, "width must be"),
        ({"head": "largest"}, "can be plain, not largest"),
        ({"head": "best"}, "can be plain, not best"),
        ({"other_rate": 0.0}, "must be above 0"),
        ({"total_pictures": 0}, "epochs must be at least 1"),
    ):
        with pytest.raises(TrainingError, match=message):
            get_recipe("keras_cnn", "tuned", **changes)
    with pytest.raises(TrainingError, match="width must be"):
        get_recipe("keras_cnn", "paper", width=0.5)
