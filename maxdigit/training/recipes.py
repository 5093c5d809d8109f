"""Recipes: all settings of a run, in one frozen record that is saved with the results."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from maxdigit.data.kinds import KINDS
from maxdigit.errors import TrainingError
from maxdigit.models.registry import Head, get_model
from maxdigit.models.run_folder import RECIPE_NAMES, RecipeName


@dataclass(frozen=True)
class Recipe:
    """Settings of one run. Picture counts are an epoch's; shares run 0..1."""

    model: str
    name: RecipeName
    optimizer: Literal["muon", "adamw", "adam", "adadelta", "nadam"]
    learning_rate: float
    schedule: Literal["linear", "constant"]  # linear: decays to zero over the whole plan
    epochs: int
    batch_size: int  # over all processes together
    train_pictures: int
    validation_pictures: int
    fresh: bool  # new pictures in every epoch, instead of the same ones again
    kinds: dict[str, float] = field(default_factory=lambda: {"textured": 1.0})  # kind of picture -> share of a batch
    warp: float = 0.0  # share of training pictures that are distorted elastically
    balance: float = 0.0  # share of pictures whose largest digit is drawn uniformly
    label_smoothing: float = 0.0
    weight_decay: float = 0.0
    dropout: float | None = None  # rate of the model's dropout layers while training; None: as built
    other_rate: float = 1e-3  # Muon: AdamW's learning rate for everything but hidden convolutions
    width: float = 1.0  # share of the published network's channels; under 1 the result can only be trained on
    head: Head = "plain"  # one of the model's heads: the parameterisation of its last layer
    locate: float = 0.0  # weight of the auxiliary loss "which digit stands where"
    frozen: int = 0  # number of the model's first sections whose weights are not trained
    softmax_before_loss: bool = False  # the paper's ResNet18: softmax in the forward pass, then cross-entropy
    fits: int = 1  # the paper's Keras CNN: number of consecutive fits, each with a new optimiser
    patience: int | None = None  # epochs without a better validation loss before a fit stops early
    seed: int = 1
    keep_weights: int = 0  # number of equal parts of the plan after each of which the weights are kept; 0: none are
    loop: Literal["tuned", "torch", "keras"] = "tuned"  # the module that carries it out, without "_loop"

    @property
    def is_planned(self) -> bool:
        """Whether it follows a plan of steps, which can be shortened or extended during the run."""
        return self.loop == "tuned"


# The recipe that works best, planned for some hours on two cores; `train.py --total-pictures` plans for more.
_TUNED = Recipe(
    model="",
    name="tuned",
    optimizer="muon",
    learning_rate=0.02,
    schedule="linear",
    epochs=40,
    batch_size=64,
    train_pictures=9_984,  # whole batches
    validation_pictures=1_000,
    fresh=True,
    kinds={"textured": 0.3, "crowded": 0.26, "drawn": 0.18, "forms": 0.07, "photo": 0.14, "blank": 0.05},
    warp=0.75,
    balance=0.5,
    label_smoothing=0.02,
    weight_decay=0.02,
    # No picture is repeated, so there is no overfitting, and dropout would only slow down training: after 4,800
    # pictures a torch_cnn had an auxiliary loss of 0.7 without it and of 1.9 with it.
    dropout=0.0,
    locate=1.0,
)

WIDTHS = (0.5, 1.0)

# As stated in the paper, except for the batch sizes, which it does not state: common ones are used.
_PAPER = {
    "keras_cnn": Recipe(
        model="keras_cnn",
        name="paper",
        optimizer="nadam",
        learning_rate=2e-3,
        schedule="constant",
        epochs=20,
        batch_size=128,
        train_pictures=48_000,
        validation_pictures=2_000,
        fresh=False,
        fits=3,
        patience=3,
        loop="keras",
    ),
    "resnet18": Recipe(
        model="resnet18",
        name="paper",
        optimizer="adadelta",
        learning_rate=1.0,
        schedule="constant",
        epochs=25,
        batch_size=64,
        train_pictures=45_000,
        validation_pictures=5_000,
        fresh=False,
        softmax_before_loss=True,
        loop="torch",
    ),
    "torch_cnn": Recipe(
        model="torch_cnn",
        name="paper",
        optimizer="adam",
        learning_rate=1e-3,
        schedule="constant",
        epochs=25,
        batch_size=64,
        train_pictures=45_000,
        validation_pictures=5_000,
        fresh=False,
        loop="torch",
    ),
}


def get_recipe(model: str, name: str, *, total_pictures: int | None = None, **changes: Any) -> Recipe:
    """The recipe ``name`` for ``model``, with single settings changed (those that are not None).

    ``total_pictures`` sets the number of epochs so that at least this many pictures are shown. With another
    ``learning_rate`` the rate of what Muon does not train changes in proportion.

    Raises:
        UnknownModelError: there is no such model.
        TrainingError: there is no such recipe, or a setting is invalid.
    """
    spec = get_model(model)
    if name not in RECIPE_NAMES:
        raise TrainingError(f"There is no recipe called {name!r}. Choose one of: {', '.join(RECIPE_NAMES)}.")
    if name == "paper" and model not in _PAPER:
        raise TrainingError(f"The paper does not train {model}: choose the recipe tuned.")
    recipe = _PAPER[model] if name == "paper" else replace(_TUNED, model=model, head=spec.heads[-1])
    changes = {key: value for key, value in changes.items() if value is not None}
    if "learning_rate" in changes:
        changes.setdefault("other_rate", recipe.other_rate * changes["learning_rate"] / recipe.learning_rate)
    recipe = replace(recipe, **changes)
    if total_pictures is not None:
        steps = max(1, recipe.train_pictures // max(1, recipe.batch_size))
        recipe = replace(recipe, epochs=math.ceil(total_pictures / (steps * max(1, recipe.batch_size))))
    _check(recipe)
    return recipe


def _check_kinds(shares: dict[str, float]) -> None:
    if unknown := sorted(shares.keys() - KINDS.keys()):
        raise TrainingError(f"There are no {unknown[0]!r} pictures. Choose from: {', '.join(KINDS)}.")
    if not all(0 <= share < math.inf for share in shares.values()) or not any(shares.values()):
        raise TrainingError("The shares of kinds must not be negative, and one must be above 0.")


def _check(recipe: Recipe) -> None:
    """Refuse settings that no run can have, with a TrainingError."""
    spec = get_model(recipe.model)
    for setting in ("epochs", "batch_size", "train_pictures", "validation_pictures"):
        if getattr(recipe, setting) < 1:
            raise TrainingError(f"{setting} must be at least 1, not {getattr(recipe, setting)}.")
    for setting in ("learning_rate", "other_rate"):
        if not 0 < getattr(recipe, setting) < math.inf:
            raise TrainingError(f"{setting} must be above 0, not {getattr(recipe, setting)}.")
    if recipe.width not in WIDTHS or (recipe.width != 1 and recipe.name == "paper"):
        raise TrainingError(f"The width must be 0.5 or 1, and 1 for the paper's recipes; not {recipe.width}.")
    if recipe.head not in spec.heads:
        raise TrainingError(f"The last layer of {recipe.model} can be {' or '.join(spec.heads)}, not {recipe.head}.")
    if not 0 <= recipe.warp <= 1:
        raise TrainingError(f"The share of distorted pictures must be 0 to 1, not {recipe.warp}.")
    _check_kinds(recipe.kinds)
    if not 0 <= recipe.seed < 2**32:
        raise TrainingError(f"The seed must be 0 to {2**32 - 1:,}, not {recipe.seed}.")
    if not 0 <= recipe.frozen <= spec.sections:
        raise TrainingError(
            f"{recipe.model} has {spec.sections} sections: frozen must be 0 to {spec.sections}, not {recipe.frozen}."
        )
    if recipe.keep_weights < 0 or (recipe.keep_weights and not (recipe.is_planned and recipe.width == 1)):
        raise TrainingError(
            "Weights can be kept along the way by a tuned recipe at full width, some number of times: not "
            f"{recipe.keep_weights} times by recipe {recipe.name} at width {recipe.width}."
        )
    if recipe.batch_size > recipe.train_pictures:
        raise TrainingError(
            f"A batch of {recipe.batch_size} does not fit into an epoch of {recipe.train_pictures} pictures. "
            "Ask for more pictures or a smaller batch."
        )
