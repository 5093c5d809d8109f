"""Every text a visitor reads, in one place. Plain words, short sentences."""

from __future__ import annotations

TITLE = "MaxDigit"
TAGLINE = "Which of three handwritten digits is the largest?"

CLASSIFY = "Classify"
TRAINING = "Training"
ABOUT = "About"

# Classify

MODEL = "Model"
DRAW = "Draw"
UPLOAD = "Upload"
SAMPLE = "Sample"

PAD = {
    "pad": "Drawing pad. Draw three digits with a mouse, a pen or a finger.",
    "tools": "Drawing tools",
    "hint": "Draw three digits",
    "pen": "Pen (B)",
    "eraser": "Eraser (E)",
    "size": "Brush size ([ and ])",
    "undo": "Undo (Ctrl+Z)",
    "redo": "Redo (Ctrl+Shift+Z)",
    "clear": "Clear (Delete)",
    "full": "The pad is full. Undo or clear to go on.",
}

UPLOAD_PLACEHOLDER = "Drop a picture here\nor click to choose one"
UPLOAD_CAPTION = "A photograph, a scan or a screenshot, up to 20 MB. Or use the camera, or paste."

NEW_SAMPLE = "New sample"
SAMPLE_ALT = "A test picture with three handwritten digits"
SAMPLE_WAITING = "A picture that no model has trained on."

ANSWER_ALT = "The 128 × 128 picture that the model was given"
SAW = "What the model saw"
SAW_INVERTED = "Dark ink turned to light"
DRAW_SOMETHING = "Draw something"
DRAW_SOMETHING_MORE = "Three digits, anywhere on the pad. The answer follows your hand."
UPLOAD_SOMETHING = "Choose a picture"
UPLOAD_SOMETHING_MORE = "One with three handwritten digits. The answer comes by itself."
SAMPLE_SOMETHING = "Take a sample"
SAMPLE_SOMETHING_MORE = "A fresh test picture, with the truth told after the answer."
CANNOT_ANSWER = "No answer"
NO_MODELS = "No trained model was found in {folder}. Train one with: python train.py resnet18"
WHY = "What spoke for {digit}"
WHY_HINT = "Press a bar to see what spoke for that digit."
BARS = "How likely each digit is the largest"
FILE_GONE = "The picture is no longer on the server. Choose it again."


def headline(digit: int) -> str:
    """The answer in one line."""
    return f"The largest digit is {digit}"


def certainty(best: int, best_share: float, second: int, second_share: float) -> str:
    """How sure the model is, and its second guess, in one sentence each."""
    other = f"Second guess: {second}, with {percent(second_share)}."
    if best_share >= 0.9:
        return f"Sure, with {percent(best_share)}. {other}"
    if best_share >= 0.7:
        return f"Fairly sure, with {percent(best_share)}. {other}"
    if second_share >= 0.6 * best_share:
        return f"Torn between {best} and {second}: {percent(best_share)} against {percent(second_share)}."
    return f"Not sure: only {percent(best_share)}. {other}"


def ask_why(digit: int) -> str:
    """What pressing a digit's bar does."""
    return f"Show what spoke for {digit}"


def time_taken(model: str, milliseconds: float) -> str:
    """Who answered and how fast."""
    shown = f"{milliseconds:.0f}" if milliseconds >= 10 else f"{milliseconds:.1f}"
    return f"{model}, {shown} ms for the forward pass on this server"


def truth(digits: tuple[int, ...], largest: int, answered: int | None) -> str:
    """What a sample really shows, and whether the model was right."""
    shown = f"{', '.join(map(str, digits[:-1]))} and {digits[-1]}"
    if answered is None:
        return f"It shows {shown}; the largest is {largest}."
    verdict = "the model is right." if answered == largest else f"the model is wrong, it said {answered}."
    return f"It shows {shown}; the largest is {largest}: {verdict}"


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1 as a percentage."""
    return f"{100 * share:.{decimals}f}%"


# Training

RUNS = "Runs"
ACCURACY = "Accuracy"
LOSS = "Loss (cross-entropy)"
EPOCH = "Epoch"
TRAIN = "training"
VALIDATION = "validation"
LINES = "Solid lines: validation. Dashed lines: training. An epoch is one pass over as many pictures as a training set."
NO_RUNS = "No training run was found in {folder}. Start one with: python train.py resnet18"
NO_RUN_CHOSEN = "Choose a run above to see its curves."
RUN_SKIPPED = "Left out {run}: {reason}"
NOT_A_METRICS_FILE = "{path} is not a metrics file. Evaluate the run again."
RECIPES = {"tuned": "tuned", "paper": "the paper's recipe"}

RESULTS_TITLE = "Results on test pictures"
RESULTS_NOTE = (
    "“Here” is measured on this project's own test pictures, made from MNIST's test digits on backgrounds that no "
    "model has trained on; the bracket is the 95% interval. “Paper” is what the paper reports for the competition's "
    "own pictures. They are not the same pictures: read the two side by side, not as a race."
)
RESULTS_COLUMNS = ("Run", "Here, test accuracy", "Paper, validation", "Paper, test")
NOT_MEASURED = "not measured yet"
NOT_GIVEN = "not given"
TRAINED_ON = "trained on: {device}"
KINDS = {
    "textured": "textured pictures",
    "drawn": "drawn pictures",
    "forms": "drawings in other forms",
    "photo": "photographs",
}

# About

ABOUT_TEXT = """
### Three digits, one question

A picture holds three handwritten digits on a noisy ground. Which of the three is the largest? The question comes from
a competition in a machine-learning course at McGill University in Montréal (COMP 551, autumn 2019). A paper from that
course answers it with three convolutional networks. This project builds all three again, trains them, and lets you
try them.

- **Keras CNN**: seven convolutions and two small dense layers, 1.9 million numbers to learn.
- **ResNet18**: the well-known residual network with a one-channel stem, 11.2 million.
- **PyTorch CNN**: six convolutions and one linear layer, 0.5 million.
- **Ensemble**: all of them together, by the weighted mean of what they say.

None of them finds, cuts out or reads single digits first. Each looks at the whole picture and answers at once. Press
a bar to see which parts of the picture spoke for that digit (Grad-CAM).

The competition's pictures are not free to share, so the training pictures here are made by a program: MNIST digits
over seven kinds of ground, and plain drawings. A model is at its best on pictures of that kind.

### Keys on the pad

**B** pen, **E** eraser, **[** and **]** brush size, **Ctrl+Z** undo, **Ctrl+Shift+Z** or **Ctrl+Y** redo,
**Delete** clear (undo brings it back). On a Mac, Cmd for Ctrl.
"""

API_TITLE = "Use it from a program"
API_TEXT = """
The endpoint `/classify` takes a picture and a model's name. It answers with the model, the largest digit, ten
probabilities and the time of the forward pass. With Python (`pip install gradio_client`):

```python
from gradio_client import Client, handle_file

# The address of this page:
client = Client("http://127.0.0.1:7860")
answer = client.predict(
    image=handle_file("picture.png"),
    model="{model}",
    api_name="/classify",
)
print(answer["max_digit"])
```

The models here: {models}. A file that is no picture, or a name that is no model, raises an error that says so.
"""
NO_MODELS_FOR_API = "none trained yet"
