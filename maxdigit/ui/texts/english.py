"""All text of the page, in English."""

from __future__ import annotations

from maxdigit.ui.sureness import UNSURE as _UNSURE

TITLE = "MaxDigit"
SEPARATORS = ".,"  # of decimals and of thousands, for Plotly
TAGLINE = "Which of three handwritten digits is the largest?"
FAULT = "There is no answer because of an error in this program. Try again. Details are in the log of the server."
SERVER_BUSY = "Many people are using this page just now. The answer takes a little longer."
SERVER_AWAY = "The server cannot be reached. The page continues as soon as it is back."
PAGE_INCOMPLETE = "A part of this page could not be loaded. Reload the page."
CARD_ALT = "A drawing of three digits, and the answer to it"

CLASSIFY = "Classify"
COMPARE = "Compare"
BATCH = "Batch"
CORRECTIONS = "Corrections"
TRAINING = "Training"
ABOUT = "About"

# Classify

MODEL = "Model"
DRAW = "Draw"
UPLOAD = "Upload"
SAMPLE = "Sample"

PAD = {
    "pad": (
        "Drawing pad. Draw three digits with a mouse, a pen or a finger; or move the pen with the arrow keys, and "
        "lower or lift it with the space bar."
    ),
    "tools": "Drawing tools",
    "hint": "Draw three digits",
    "pen": "Pen (B)",
    "eraser": "Eraser (E)",
    "size": "Brush size ([ and ])",
    "undo": "Undo (Ctrl+Z)",
    "redo": "Redo (Ctrl+Shift+Z)",
    "clear": "Clear (Delete)",
    "full": "The pad is full. Undo or clear to go on.",
    "example": "This is an example. Draw here to replace it.",
    "down": "Pen down",
    "lifted": "Pen lifted",
}

UPLOAD_PLACEHOLDER = "Drop a picture here\nor click to choose one"
PART = "Part to read"
PARTS = {"auto": "Part: auto", "chosen": "Part: chosen", "whole": "Whole picture"}
REMOVE = "Remove"
CROP_FRAME = "Read this part. Move the frame with the arrow keys."
CROP_CORNERS = {
    "nw": "Top left corner. Move it with the arrow keys.",
    "ne": "Top right corner. Move it with the arrow keys.",
    "sw": "Bottom left corner. Move it with the arrow keys.",
    "se": "Bottom right corner. Move it with the arrow keys.",
}
CROP_ALT = "The uploaded picture; if there is a frame, only the part inside it is read"
UPLOAD_CAPTION = "A file of up to 60 MB, the camera, or the clipboard."
FRAME_CAPTION = "Only the part inside the frame is read. Drag the frame or its corners."

NEW_SAMPLE = "New sample"
SAMPLE_ALT = "A test picture with three handwritten digits"
SAMPLE_WAITING = "A picture that no model was trained on."
SAMPLE_KIND = "Kind of picture"
SAMPLE_FAMILY = "Background"
SAMPLE_DIGITS = "Digits"
SAMPLE_KINDS = {"textured": "Textured", "drawn": "Drawn", "forms": "Other forms", "photo": "Photograph"}
ANY_FAMILY = "Any background"
FAMILIES = {
    "rings": "Rings",
    "stars": "Stars",
    "wall": "Wall",
    "granite": "Granite",
    "waves": "Waves",
    "gravel": "Gravel",
    "marble": "Marble",
}
ANY_DIGITS = "Digits"
THREE_DIGITS = "Name three digits from 0 to 9, such as 3 1 7, or leave the field empty for any."
SHOW_BOXES = "Show boxes"
EXAMPLES = "Examples"
HARD = "Hard"

ANSWER_ALT = "The 128 × 128 picture that the model was given"
SAW = "The model's input"
SAW_INVERTED = "Dark ink inverted to light"
SAW_FITTED = "Fitted to the writing"
SAW_FITTED_MORE = "Fitted to the writing, digits scaled to one size"
SAW_WHOLE = "As it is"
UNFIT = "Undo"
UNFIT_MORE = "Read the picture as it is, without fitting it to the writing"
FIT = "Fit to the writing"
NO_DIGITS = "No digits found here"
OFFER_TURN = "The model is very sure after a turn:"
OFFERED_TURNS = {3: "Turn left ↺", 1: "Turn right ↻", 2: "Turn by 180°"}  # quarters, clockwise
DRAW_SOMETHING = "Draw something"
DRAW_SOMETHING_MORE = "Three digits, anywhere on the pad. The answer appears while you draw."
UPLOAD_SOMETHING = "Choose a picture"
UPLOAD_SOMETHING_MORE = "One with three handwritten digits. The answer appears automatically."
CANNOT_ANSWER = "No answer"
MODEL_CANNOT_ANSWER = "{model} cannot answer. {reason}"
NO_MODELS_HERE = "There are no trained models to compare yet."
NO_MODELS = "No trained model was found in {folder}. Train one with: python train.py resnet18"
WHY = "Evidence for {digit}"
NO_EVIDENCE = "No evidence for {digit}"
WHY_HINT = "Press a bar to see the evidence for it, or a digit to erase it."
BARS = "Probability that each digit is the largest"
INK = "Ink"
INKS = {"auto": "Ink: auto", "dark": "Ink: dark", "light": "Ink: light"}
TURN = "Turn ↻"
FINDS = "Digits found. Press one to erase it, and again to restore it."
READS = "Digits read:"
READS_NOTHING = "No digits read."
SHOW_READINGS = "Show readings"
ASK_PARTS = "What would change the answer?"
LINK = "Link"
LINK_TOO_LONG = "This drawing is too long for a link. Save the picture instead."
LINK_NO_UPLOAD = "A link can hold a drawing or a sample, but not an uploaded picture. Save the picture instead."
LINK_UNREADABLE = "This link cannot be read. It may have been cut short; ask for it again."
SAVE_PICTURE = "Save picture"
SAVE_ANSWER = "Save answer"
WRONG = "The answer is wrong"
CONSENT = (
    "Press the right digit, and this picture is stored with it on this server's disk, to measure and improve the "
    "models. Everyone who can open this page can see it there. Nothing else about you is stored. If you press "
    "nothing, nothing is stored."
)
RIGHT_DIGIT = "The largest digit is"
KEPT = "Thank you. The picture and the right digit are stored."
NOTHING_TO_SAVE = "There is nothing to save yet. Draw, upload or sample a picture first."
NOTHING_TO_CORRECT = "There is no picture to correct yet."
FILE_TOO_LARGE = "The file is larger than 60 MB. Save the picture as JPEG, or smaller, and try again."
FILE_GONE = "The picture is no longer on the server. Choose it again."


def headline(digit: int) -> str:
    """The answer in one line."""
    return f"The largest digit is {digit}"


def certainty(best: int, best_share: float, second: int, second_share: float) -> str:
    """How sure the model is, and its second guess, in one sentence each."""
    other = f"Second guess: {second}, with {percent(second_share)}."
    if best_share >= 0.9:
        return f"Sure, with {percent(best_share)}. {other}"
    if best_share >= _UNSURE:
        return f"Fairly sure, with {percent(best_share)}. {other}"
    if second_share >= 0.6 * best_share:
        return f"Torn between {best} and {second}: {percent(best_share)} against {percent(second_share)}."
    return f"Not sure: only {percent(best_share)}. {other}"


def doubtful(best: int, best_share: float) -> str:
    """How sure the model is if its input may lack a digit."""
    return f"Not sure: something that may be a digit was left out. Without it, {percent(best_share)} for {best}."


def contradicted(digits: tuple[int, ...], best: int, best_share: float) -> str:
    """How sure the model is if the largest of the digits it reads is not its answer."""
    return f"Not sure: the model reads {' · '.join(map(str, digits))}, but answers {best}, with {percent(best_share)}."


def reads(digit: int, share: float) -> str:
    """One digit that is read, with its probability."""
    return f"Reads {digit}, with {percent(share)}"


def read_digit(digits: tuple[int, ...], number: int) -> str:
    """A digit that was found, named by the digits read there, or by its number from the left."""
    if digits:
        return f"the {_and([str(digit) for digit in digits])}"
    return f"the {number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') } digit"


def without(changes: list[tuple[str, int, bool]], answer: int) -> str:
    """How the answer changes without single digits: name, answer without it, and whether that is sure."""
    if not changes:
        return f"Without any one of them it would still be {answer}."
    said = [(name, f"{'' if is_sure else 'perhaps '}{then}") for name, then, is_sure in changes]
    (name, then), *more = said
    return "; ".join([f"Without {name} it would be {then}", *(f"without {name}, {then}" for name, then in more)]) + "."


def no_digits(best: int, best_share: float) -> str:
    """The model's best guess if there seem to be no digits."""
    return f"If there are any, the model's best guess is {best}, with {percent(best_share)}."


def ask_why(digit: int) -> str:
    """What pressing a digit's bar does."""
    return f"Show the evidence for {digit}"


def time_taken(model: str, milliseconds: float) -> str:
    """Which model answered, and how fast."""
    return f"{model}, {_time(milliseconds)} for the forward pass on this server"


def truth(digits: tuple[int, ...], largest: int, answered: int | None) -> str:
    """Which digits a sample shows, and whether the model was right."""
    shown = _and([str(digit) for digit in digits])
    if answered is None:
        return f"It shows {shown}; the largest is {largest}."
    verdict = "the model is right." if answered == largest else f"the model is wrong, it said {answered}."
    return f"It shows {shown}; the largest is {largest}: {verdict}"


def erase(number: int, is_erased: bool) -> str:
    """What pressing a digit that was found does."""
    return f"Restore digit {number}" if is_erased else f"Erase digit {number}, counted from the left"


def number(value: float, decimals: int = 0) -> str:
    """A number with separated thousands."""
    return f"{value:,.{decimals}f}"


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1 as a percentage."""
    return f"{100 * share:.{decimals}f}%"


def interval(low: float, high: float, decimals: int = 1) -> str:
    """From one share to another."""
    return f"{100 * low:.{decimals}f} to {percent(high, decimals)}"


def megabytes(value: float) -> str:
    """A file's size."""
    return f"{value:.1f} MB"


def milliseconds(value: float) -> str:
    """A short time."""
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def minutes(seconds: float) -> str:
    """A long time."""
    return f"{number(seconds / 60)} min"


# Compare

COMPARE_TITLE = "The same picture, every model"
COMPARE_OURS = "The picture from the Classify page. Draw, upload or sample another there."
COMPARE_FRESH = "The Classify page is empty, so this is a new sample."
COMPARE_ANOTHER = "Another sample"
ASKING = "Asking {model} …"

MEASURED_TITLE = "Measured results"
MEASURED_NOTE = (
    "Accuracies are on this project's own test pictures, made from MNIST's test digits; the bracket is the 95% "
    "interval. The paper's figures are for the competition's own pictures and cannot be compared directly. Press a "
    "column's name to sort by it."
)
MEASURED_COLUMNS = {  # column, or kind of picture -> its heading and what it means
    "model": ("Model", "Which network, or all of them together."),
    "parameters": ("Parameters", "Number of parameters, batch-norm statistics included."),
    "file": ("File", "Size of its weights on disk."),
    "work": (
        "Work",
        "Floating-point operations for one picture, in billions; a multiplication and its addition count as two.",
    ),
    "textured": ("Textured", "Share of right answers on test pictures with the competition's look."),
    "drawn": ("Drawn", "Share of right answers on pictures like those from the drawing pad."),
    "forms": (
        "Other forms",
        "Share of right answers on drawings in forms that MNIST lacks, such as a flagged 1 or a crossed 7.",
    ),
    "photo": ("Photographs", "Share of right answers on photographed ink on paper."),
    "calibration_error": (
        "Calibration error",
        "On textured pictures: mean difference between the model's confidence and its accuracy.",
    ),
    "blank": (
        "Sure without digits",
        "Share of pictures without any digit on which it is more than 90% sure. Lower is better.",
    ),
    "time": ("Time here", "Milliseconds for one picture on this server: the median of five passes, measured just now."),
    "training": ("Trained on", "Number of training pictures, duration and machine."),
    "paper": ("Paper", "Accuracies that the paper reports: validation / competition's test."),
}
COLUMNS_TITLE = "What the columns mean"

BREAKS_TITLE = "Where each model fails"
KIND = "Kind of picture"
AGAINST = "Accuracy against"
SAVE_SVG = "SVG"
SAVE_CSV = "CSV"
AGAINST_CHOICES = {
    "digit": "Largest digit",
    "size": "Size",
    "rotation": "Rotation",
    "overlap": "Overlap",
    "noise": "Noise",
    "background": "Background",
    "confidence": "Confidence",
}
AGAINST_AXES = {
    "digit": "Largest digit in the picture",
    "size": "Height of the largest digit, pixels of 128",
    "rotation": "Rotation of the largest digit, degrees",
    "overlap": "Share of a digit's box that another digit covers",
    "noise": "Noise of the background, in grey levels (standard deviation)",
    "background": "Background",
    "confidence": "Confidence of the model",
}
AGAINST_NOTES = {
    "confidence": "A well calibrated model lies on the dotted line: of the answers it is 80% sure of, 80% are right.",
}
NOTHING_MEASURED = "No model here has been measured on such pictures yet."
PICTURES = "pictures"

STRESS = {
    "open": "When does the answer change?",
    "label": "Answers to the picture at growing changes",
    "intro": (
        "Move a slider, or press a column, to change the picture. Coloured cells: the same answer as for the unchanged "
        "picture, stronger where the model is surer. Outlined cells: another answer."
    ),
    "turn": "Turned",
    "shrink": "Shrunk",
    "blur": "Blurred",
    "noise": "With noise",
    "slider turn": "Turn, in degrees",
    "slider shrink": "Size, in percent",
    "slider blur": "Blur, in pixels",
    "slider noise": "Noise, in grey levels",
    "unit turn": "{value}°",
    "unit shrink": "{value}%",
    "unit blur": "{value} px",
    "unit noise": "±{value}",
    "share": "{percent}%",
    "always": "throughout",
    "until": "until {to}",
    "range": "{from} to {to}",
    "picture": "The picture, {change}: {strength}",
    "how": "What do the numbers mean?",
    "how_is": (
        "Turned: degrees, clockwise. Shrunk: percent of the picture's height and width. Blurred: the width of the blur "
        "(its standard deviation) in the 128 pixels of a side. With noise: the standard deviation of random grey added "
        "to each pixel, of 255 levels. Empty corners and margins are filled with the grey of the picture's edge. Below "
        "a model's name: the range in which its answer stays the same."
    ),
    "nothing": "There is no picture to change. Draw or upload one, or take another sample.",
    "blank": "No writing was found in this picture, so there is no answer to test.",
}

MISTAKES_TITLE = "Mistakes"
MATRIX_HINT = "Rows: the true largest digit. Columns: the answer."
MATRIX_PRESS = "Press a cell to see its pictures, or a digit at the edge for a whole row or column."
MISTAKES_ALL = "All mistakes"
MISTAKES_MORE = "Show more"
MISTAKE_ALT = "A test picture that shows {digits}"
MISTAKES_NONE = "No mistakes of this kind."
NOT_LISTED = "Its mistakes were not recorded. Measure it again: python -m maxdigit evaluate --write"
RIGHT_NOT_KEPT = "These answers are right. Only mistakes are stored."


def verdict(answers: list[tuple[str, int]]) -> str:
    """Which models give which answer, in a sentence, from names and answers."""
    said: dict[int, list[str]] = {}
    for name, digit in answers:
        said.setdefault(digit, []).append(name)
    if not said:
        return "No model could answer."
    if len(said) == 1:
        (digit,) = said
        return f"All models say {digit}." if len(answers) > 1 else f"{answers[0][0]} says {digit}."
    groups = sorted(said.items(), key=lambda item: -len(item[1]))
    return "The models disagree: " + "; ".join(f"{_and(names)} {_says(names)} {digit}" for digit, names in groups) + "."


def pass_time(milliseconds: float) -> str:
    """How long one forward pass took."""
    return f"{_time(milliseconds)} for a pass, the median of five"


def matrix_cell(truth: int, answer: int, count: int) -> str:
    """What a cell of the confusion matrix says."""
    times = "once" if count == 1 else f"{count:,} times"
    return f"Truth {truth}, answer {answer}: {times}"


def matrix_head(truth: int | None, answer: int | None) -> str:
    """What a row's or a column's head says."""
    return f"All mistakes with the answer {answer}" if truth is None else f"All mistakes with the truth {truth}"


def mistakes_shown(shown: int, found: int, truth: int | None, answer: int | None) -> str:
    """How many mistakes are shown, and which."""
    read = "something else" if answer is None else answer
    which = "" if truth is None and answer is None else f" in which {_a(truth)} was read as {read}"
    return f"{shown:,} of {found:,} mistakes{which}, most confident first."


def mistake(truth: int, answer: int, confidence: float) -> str:
    """One wrong answer."""
    return f"{truth}, read as {answer} ({percent(confidence, 0)} sure)"


def _a(digit: int | None) -> str:
    return "a digit" if digit is None else f"an {digit}" if digit == 8 else f"a {digit}"


def _time(value: float) -> str:
    return milliseconds(value)


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _says(names: list[str]) -> str:
    return "says" if len(names) == 1 else "say"


# The game of fooling the networks

CHALLENGE = {
    "open": "Fool them",
    "label": "Fool the networks",
    "close": "Close",
    "next": "Another task",
    "keep": "Keep it for the models",
    "consent": (
        "If you keep it, it is stored on this server's disk with the digit that it shows, to measure and improve the "
        "models. Nothing else about you is stored."
    ),
    "misread": "Write a {drawn} that is read as a {read}.",
    "disagree": "Draw something on which the networks disagree.",
    "smallest": "Write the smallest {drawn} that is still found: {small}% of the pad's height, or less.",
    "draw": "Draw on the pad. The networks judge it whenever you pause.",
    "misread_not_yet": "Not yet: the chosen network should answer {read}, while another one still sees the {drawn}.",
    "disagree_not_yet": "Not yet: two networks should give different answers, each with 50% or more.",
    "smallest_not_yet": "Not yet: it should be small, and the chosen network sure that it is a {drawn}.",
    "misread_done": "Done! {model} is fooled.",
    "disagree_done": "Done! They disagree.",
    "smallest_done": "Done! {model} still finds it.",
    "streak": "Streak: {streak}. Best: {best}. Skipping a task ends the streak.",
    "record": "Your smallest: {small}% of the pad's height.",
}

# The game against the network

DUEL = {
    "open": "You against the network",
    "rules": "{rounds} pictures: name the largest digit in each. Then the chosen network answers too.",
    "stages": (
        "They get harder: {plain} drawn ones, {textured} on textures, {crowded} with eight digits, {faint} with faint "
        "ones. Each digit is equally likely to be the largest."
    ),
    "scoring": (
        "A right answer scores {points} points, plus 1 for each second left of {seconds}; the same for the network."
    ),
    "how": "Press a digit here or on the keyboard. You can pause or leave at any time, and go on later.",
    "unhurried": "Without a clock: speed scores nothing",
    "start": "Start",
    "leave": "Close",
    "pause": "Pause",
    "resume": "Go on",
    "restart": "New game",
    "retry": "Ask again",
    "next": "Next picture",
    "finish": "See the result",
    "again": "Play again",
    "clock": "Seconds left",
    "score": "You {you} · {network} {them}",
    "choose": "The largest digit",
    "picture": "Picture {round} of {rounds}",
    "round": "Picture {round} of {rounds}, {stage}.",
    "which": "Which digit is the largest?",
    "stage plain": "drawn",
    "stage textured": "textured",
    "stage crowded": "with eight digits",
    "stage faint": "faint",
    "choosing": "The picture is on its way.",
    "waiting": "The server has not answered yet. The clock is stopped, and the game goes on when the answer comes.",
    "paused": "Paused. The picture is hidden, and the clock is stopped.",
    "shows": "Digits: {digits}. The largest is {largest}.",
    "you_right": "You: {digit} after {seconds} s. Right, {points} points.",
    "you_wrong": "You: {digit}. Wrong.",
    "you_late": "You: no answer in time.",
    "they_right": "{network}: {digit}, with {share}. Right, {points} points.",
    "they_wrong": "{network}: {digit}, with {share}. Wrong.",
    "void": "This picture does not count for either of you; another one takes its place.",
    "forgotten": "The server no longer has this picture; it may have been restarted.",
    "you": "You",
    "networks": "The networks",
    "won": "You win against {network}",
    "lost": "{network}: the winner this time",
    "drawn": "A draw with {network}",
    "total": "{points} points, {right} of {rounds} right",
    "right_of": "points · {right} of {rounds} right",
    "your_wrong": "You got wrong",
    "their_wrong": "{network} got wrong",
    "none": "None.",
    "none_wrong": "Nothing wrong",
    "mistaken": "{largest}, not {said}",
    "unanswered": "{largest}, no answer",
    "save": "Save as a picture",
    "share": "Share",
    "unshared": "The picture could not be shared. Save it instead.",
}

# The view inside a network

INSIDE = {
    "open": "Look inside",
    "label": "Inside the network",
    "close": "Close",
    "title": "Inside: {model}",
    "intro": "From top to bottom: what the picture becomes on its way to the answer. Press a map to enlarge it.",
    "member": (
        "The {ensemble} asks several networks. This is the {model}, which has the largest weight. From top to bottom: "
        "what the picture becomes on its way to the answer. Press a map to enlarge it."
    ),
    "picture": "The picture that the network is given. Use the arrow keys to choose a place, and see which cells look "
    "there.",
    "point": "Point at a place in the picture, or tap it: the squares show what the cells there can see.",
    "reads": "The reader reads {digit} here ({percent}%).",
    "reads_nothing": "The reader reads no digit here ({percent}%).",
    "no_reader": "This network has no reader.",
    "what_field": "What are the squares?",
    "field_is": (
        "A network looks at a picture through many small cells. Each square is the part of the picture that one cell "
        "of a section can see, called its receptive field: tiny in the first section, larger in each further one."
    ),
    "what_reader": "What is the reader?",
    "reader_is": (
        "A small addition to the network that says, for each cell of its last sections, which digit is there. The "
        "answer itself does not depend on it."
    ),
    "size": "{cells} × {cells} cells, {channels} maps",
    "name first convolution": "First convolution",
    "name last convolution": "Last convolution",
    "name section": "Section {number}",
    "name stem": "Stem",
    "name stage": "Stage {number}",
    "does edges": "Marks edges and lines, light on dark or dark on light.",
    "does strokes": "Puts edges together: pieces of strokes, their ends and bends.",
    "does parts": "Puts strokes together: loops, hooks, crossings.",
    "does digits": "Sees as much as a whole digit, and tells digits apart.",
    "does picture": "Sees digits with what is around them.",
    "sees": "A cell sees {field} × {field} pixels.",
    "map": "Map {map} of {section}",
    "what_map": "What is a feature map?",
    "map_is": (
        "Each map looks for one pattern everywhere in the picture. The stronger the colour of a cell, the better the "
        "match; full colour is the best match in 256 test pictures. Of each section you see the eight most active maps."
    ),
    "exciting": "What excites this map most in 256 test pictures",
    "pictures_alt": "Nine pieces of test pictures that excite this map most",
    "no_pictures": "The test pictures that excite it were not found for this network yet: python -m maxdigit inside",
    "kernel": "Its kernel",
    "kernel_alt": "The kernel of this map, as a pattern of light and dark squares",
    "what_kernel": "What is a kernel?",
    "kernel_is": (
        "The pattern that the map looks for. It is moved over the picture, and where light parts of the picture meet "
        "its light squares, and dark parts its dark ones, the map lights up. Grey squares have no effect."
    ),
    "flows": "From the digits it reads to the ten bars",
    "flows_alt": (
        "Bands from each digit that is read to the bars that it raises or lowers; the list that follows says the same"
    ),
    "flows_colours": "Coloured bands raise a bar, grey ones lower it; a broader band has a larger effect.",
    "flows_none": "It reads no digit here, so there is nothing to follow.",
    "what_flows": "How is that calculated?",
    "flows_exact": (
        "Exactly: the last layer of this network adds up the contributions of all cells. Those of the cells around a "
        "digit are its bands; those of all other cells are “the rest”. Their sum is the answer, before the softmax "
        "turns it into probabilities."
    ),
    "flows_erased": (
        "By erasing: each digit is removed from the picture in turn, and its bands show how the answer changes, before "
        "the softmax turns it into probabilities. As digits influence each other, the bands need not add up to the "
        "answer."
    ),
    "rest": "the rest",
    "adds": "{name} raises the bar of {bar} by {value}.",
    "takes": "{name} lowers the bar of {bar} by {value}.",
    "nothing": "There is nothing to look at yet. Give the network a picture first.",
    "blank": "No writing was found in this picture, so there is nothing to follow through the network.",
}

# Corrections

CORRECTIONS_TEXT = """
Pictures whose answer visitors reported as wrong, with the digit that they say is right, stored in `{folder}`. Models
can be measured on them: `python -m maxdigit evaluate --drawings {folder}`.
"""
CORRECTIONS_EXPORT = "Save all as ZIP"
CORRECTIONS_CLEAR = "Delete all"
CORRECTIONS_SURE = "Delete all corrections permanently?"
DELETE = "Delete"


def corrections_kept(count: int) -> str:
    """How many there are."""
    return f"{_pictures(count)} stored."


def correction(digit: int, model: str, answer: int, day: str) -> str:
    """One of them."""
    return f"{digit}; {model} said {answer}. {day}"


# Batch

DROP = {
    "here": (
        "Drop anything here: pictures, folders, ZIP archives, the competition's test_max_x, and a table of right "
        "answers (CSV: Id or name, Label). Up to 10,000 pictures, and 200 MB a file."
    ),
    "files": "Choose files",
    "folder": "Choose a folder",
    "list": "What was added",
    "remove": "Remove {name}",
    "clear": "Remove all",
    "progress": "Progress of the upload",
    "uploading": "Uploading: {done} of {all} files.",
    "together": "{first} and {more} more",
    "inFolder": "{folder}: {count} files",
    "oneInFolder": "{first}",
    "nothing": "No files were found there.",
    "large": "{name} is larger than {limit} MB and was left out. Split it into several files.",
    "many": "These are more than {most} files, so none was added. Pack them into a ZIP archive.",
    "failed": "The upload was interrupted after {done} of {all} files. Add the others again.",
}
STILL_UPLOADING = "The files are still being uploaded. Press again when that is done."


def recognised(pictures: int, labelled: int | None, passed_over: list[str]) -> str:
    """What was dropped: pictures, how many have a label (None without labels), and names of other files."""
    parts = [_pictures(pictures)]
    if labelled is not None:
        parts.append("labels for all of them" if labelled == pictures else f"labels for {labelled:,} of them")
    if passed_over:
        files = "1 file" if len(passed_over) == 1 else f"{len(passed_over):,} files"
        parts.append(f"{files} ignored: {some_names(passed_over)}")
    return f"{', '.join(parts)}."


def some_names(names: list[str]) -> str:
    """The first few of some names."""
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")


ASK_OTHERS = "Ask the other models too, to see where they disagree"
START = "Classify all"
TRY_BATCH = "Try 60 test pictures"
PROGRESS = "Progress"
CANCEL = "Cancel"
FILTER = "Show"
FILTERS = {
    "all": "All",
    "doubtful": "Check first",
    "unsure": "Unsure",
    "disagree": "Models disagree",
    "wrong": "Wrong",
    "fixed": "Corrected",
    "unread": "Unreadable",
}
BEFORE = "Back"
AFTER = "Next"
PICTURE = "Picture"
FILE = "File"
ANSWER = "Answer"
SURE = "Confidence"
DIGITS_READ = "Digits read"
PROBABILITIES = "0 to 9"
TRUTH = "Truth"
FIXED = "corrected"
NO_ROWS = "No pictures match this filter."
SUBMISSION = "CSV: Id,Label"
EVERYTHING = "CSV: everything"


def batch_progress(done: int, count: int, model: str, counts: str) -> str:
    """The progress of a batch, with what :func:`batch_counts` says so far."""
    return f"{model} has answered for {done:,} of {count:,} pictures{': ' if counts else ''}{counts}."


def batch_done(count: int, counts: str) -> str:
    """The summary of a batch, with what :func:`batch_counts` says."""
    return f"Done: {_pictures(count)}, {counts}. {BATCH_CORRECTING}"


def batch_so_far(count: int, counts: str) -> str:
    """The summary of a batch that was stopped, with what :func:`batch_counts` says."""
    return f"{_pictures(count)}, {counts}."


def batch_counts(unsure: int, disagree: int, unread: int, right: int, labelled: int) -> str:
    """The counts of a batch."""
    parts = [f"{unsure:,} unsure"] + ([f"{disagree:,} with different answers"] if disagree else [])
    parts += [f"{unread:,} unreadable"] if unread else []
    parts += [f"{right:,} right of the {labelled:,} with a label"] if labelled else []
    return ", ".join(parts)


BATCH_CORRECTING = (
    "Answers can be corrected in the table, also by keyboard: the digit keys set an answer, the arrow keys move "
    "between pictures."
)
BATCH_STOPPED = "Stopped. The answers so far are kept."
LABELS_UNUSED = (
    "The labels match none of these pictures. Their first column should hold file names, with or without extensions, "
    "or the numbers of pictures in a file of the competition."
)


def batch_score(model: str, accuracy: float, low: float, high: float, count: int) -> str:
    """The accuracy on pictures with labels."""
    return (
        f"{model} is right on {percent(accuracy)} of the {_pictures(count)} with a label "
        f"(95% interval {interval(low, high)})."
    )


def batch_corrected(count: int, accuracy: float) -> str:
    """The accuracy with corrections."""
    corrections = "1 correction" if count == 1 else f"{count:,} corrections"
    return f"With your {corrections}, {percent(accuracy)} are right."


NO_MISTAKES = "No wrong answers."


def commonest_mistake(truth: int, answer: int, count: int) -> str:
    """The largest number beside the diagonal of the confusion matrix."""
    return f"The most frequent mistake: {answer} in place of {truth}, {_times(count)}."


def weakest_digit(digit: int, right: int, count: int) -> str:
    """The digit with the lowest accuracy."""
    return f"Lowest where the largest digit is {digit}: {right:,} of {_pictures(count)} right."


def sure_and_right(sure: float, right: float) -> str:
    """The mean confidence beside the accuracy."""
    return f"The mean confidence is {percent(sure)}, and {percent(right)} of the model's own answers are right."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


NUMBERS = "Numbers"
PICTURES_HEAD = "Pictures"


def page_of(page: int, pages: int, count: int) -> str:
    """The current page of the table."""
    return f"Page {page:,} of {pages:,}, {_pictures(count)}"


def fix(name: str) -> str:
    """What the picker in a row of the table is for."""
    return f"Answer for {name}"


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


# Training

RUNS = "Runs"
ACCURACY = "Accuracy"
LOSS = "Loss (cross-entropy)"
LEARNING_RATE = "Learning rate"
SPEED = "Pictures per second"
CHARTS = {"accuracy": ACCURACY, "loss": LOSS, "rate": LEARNING_RATE, "speed": SPEED}
EPOCH = "Epoch"
AXIS = "Against"
AXES = {"epoch": "Epochs", "pictures": "Pictures", "minutes": "Minutes"}
AXIS_TITLES = {"epoch": EPOCH, "pictures": "Pictures seen in this run", "minutes": "Minutes of training"}
SMOOTHING = "Smoothing"
LOG_LOSS = "Logarithmic loss"
PAPER_VALIDATION = "the paper's validation accuracy"
FLOOR = "lower bound with a softmax before the loss, ln(1 + 9/e)"
FLOOR_TITLE = "Why the paper's ResNet18 never got below a loss of 1.46"
FLOOR_TEXT = """
The paper's ResNet18 ends its forward pass with a softmax, and is trained with a cross-entropy that applies another
softmax. The second one gets only numbers between 0 and 1. Even a perfect answer, a 1 and nine 0s, becomes a share of
e / (e + 9), which is 23%. Its loss is ln(1 + 9/e) = 1.461, and no training can bring it lower: the accuracy may rise to
100% while the loss does not change. The recipe called "the paper's" reproduces this; the tuned recipe omits the extra
softmax.
"""
SETTINGS_TITLE = "Settings of these runs, differences in bold"
NOT_A_CONFIG_FILE = "{path} is damaged, so the run's settings are not shown."
TRAIN = "training"
VALIDATION = "validation"
LINES = (
    "Solid lines: validation. Dashed lines: training. Dotted lines: what the paper reports. The charts of a run in "
    "progress are updated."
)
INK_FINDER = "Ink finder"
INK_FINDER_ACCURACY = (
    "The ink finder does not classify digits: its accuracy is the Dice coefficient of the ink that it finds in "
    "generated scenes."
)
RUN_OF_ANOTHER = "Left out {run}: its model, {model!r}, is not one of {names}."
RUN_WITHOUT_HISTORY = "Left out {run}: there is no epoch in its history.csv yet."
NO_RUNS = "No training run was found in {folder}. Start one with: python train.py resnet18"
NO_RUN_CHOSEN = "Choose a run above to see its curves."
RUN_SKIPPED = "Left out {run}: {reason}"
RECIPES = {"tuned": "tuned", "paper": "the paper's recipe"}


def going_on(run: str, epochs: int, planned: int | None) -> str:
    """The progress of an unfinished run."""
    return f"{run} is not finished: epoch {epochs}" + (f" of {planned}." if planned else ".")


REPLAY = {
    "open": "Watch it learn",
    "label": "Playback of a training run",
    "run": "Run",
    "picture": "The picture that is answered",
    "bars": "Probabilities of the ten digits at this point of the training",
    "chart": "Accuracy against pictures seen; the text below it gives the values at the mark",
    "slider": "Point of the training",
    "play": "Play",
    "pause": "Pause",
    "percent": "{value}%",
    "pictures": "{count} pictures seen",
    "after": "After {count} pictures:",
    "measured": "{validation} right in validation (solid line), {training} in training (dashed), loss {loss}.",
    "answered": "It answers {digit} ({percent}).",
    "curves": (
        "No weights were kept during this run, so only its curves can be played. train.py --keep-weights 10 keeps some."
    ),
    "stand_in": "There is no picture on the Classify page, so this is a test picture.",
}


def replayed(run: str, pictures: int, seed: int | None, device: str | None, answers: bool) -> str:
    """Which run is played back, and whether the page uses its weights."""
    details = [
        f"{number(pictures)} pictures",
        *([] if seed is None else [f"seed {seed}"]),
        *([device] if device else []),
    ]
    whose = "Its weights are" if answers else "Its weights are not"
    return f"{run}: {', '.join(details)}. {whose} the ones that answer on this page."


STORIES_TITLE = "What the paper's recipes show"


def story_floor(floor: float, lowest: float) -> str:
    """A run with a softmax before the one in its loss."""
    return (
        f"With a softmax before the one in the loss, the loss cannot fall below {number(floor, 3)}, however right the "
        f"answers are; the lowest here is {number(lowest, 3)}."
    )


def story_flat(epochs: int, always: float) -> str:
    """A run that learned nothing at first."""
    return (
        f"For {number(epochs)} epochs it was hardly better than always answering 9 ({percent(always, 0)}), then it "
        "began to learn."
    )


def story_fall(epoch: int, before: float, after: float) -> str:
    """The largest fall from one epoch to the next."""
    return (
        f"In epoch {number(epoch)} its validation accuracy fell from {percent(before)} to {percent(after)}: the "
        "learning rate of this recipe never decays."
    )


def story_gap(training: float, validation: float) -> str:
    """How far training and validation are apart at the end."""
    return (
        f"It ended at {percent(training)} in training and {percent(validation)} in validation, because it sees the "
        "same pictures in every epoch."
    )


def story_tests(paper: float, tuned: float) -> str:
    """Both recipes on the same test pictures."""
    return f"On textured test pictures it is right on {percent(paper)}, with the tuned recipe on {percent(tuned)}."


def story_end(validation: float) -> str:
    """A run whose curves have nothing special."""
    return f"It ended at {percent(validation)} in validation."


RESULTS_TITLE = "Results on test pictures"
RESULTS_NOTE = (
    "“Here” is measured on this project's own test pictures, made from MNIST's test digits on backgrounds that no "
    "model was trained on; the bracket is the 95% interval. “Paper” is what the paper reports for the competition's "
    "own pictures. The pictures differ, so the two cannot be compared directly."
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

A picture shows three handwritten digits on a noisy background. Which of the three is the largest? The question comes
from a competition in a machine-learning course at McGill University in Montréal (COMP 551, autumn 2019). A paper from
that course answers it with three convolutional networks. This project builds all three again, trains them, and lets you
try them.

- **Keras CNN**: seven convolutions and two small dense layers, 1.9 million parameters.
- **ResNet18**: the well-known residual network with a one-channel stem, 11.2 million.
- **PyTorch CNN**: six convolutions and one linear layer, 0.5 million.
- **Ensemble**: all of them together, by the weighted geometric mean of their probabilities.

None of them locates, cuts out or classifies single digits first. Each takes the whole picture and answers at once.
Even so, its features contain which digits there are: a linear reader on the network's last feature map names them, and
the page writes them over the picture. If the largest of them is not the answer, the answer counts as unsure. Press a
bar to see which parts of the picture are the evidence for that digit.

The competition's pictures are not free to share, so the training pictures here are made by a program: MNIST digits on
seven kinds of background, plain drawings, ways of writing that MNIST lacks, and ink on paper as a camera sees it.
Models do best on such pictures. How accurate each is, and where it fails, is shown on the Compare page. The paper's own
figures were measured on other pictures.

### The pages

- **Classify**: draw or upload a picture, or generate a sample. Press a bar to see the evidence for that digit; press a
  digit that was found to erase it, and see how the answer changes.
- **Compare**: all models on one picture, their measured results, where each fails, and its mistakes.
- **Batch**: many pictures at once, with a table to filter, correct and download.
- **Training**: the curves of each training run, also of runs in progress.

### Keys on the pad

**B** pen, **E** eraser, **[** and **]** brush size, **Ctrl+Z** undo, **Ctrl+Shift+Z** or **Ctrl+Y** redo,
**Delete** clear (undo brings it back). On a Mac, Cmd for Ctrl.

### The models' cards, the code, the licence

Each model's card, below and beside its weights in `checkpoints/MODEL/RECIPE/README.md`, says what it was trained on,
how accurate it is, and what it is not for. The code is under the MIT licence. The digits are from the MNIST database by
Y. LeCun, C. Cortes and C. Burges, usually given as CC BY-SA 3.0.
"""

CARD_TITLE = "Model card: {title}"
API_TITLE = "Use it from a program"
API_TEXT = """
The endpoint `/classify` takes a picture and a model's name. It returns the model, the largest digit, ten
probabilities, the time of the forward pass, and the digits that were read, each with its probability and its place in
the 128 x 128 pixels of the model's input (`null` for a model without a reader). `/compare` asks every model about one
picture, `/batch` one model about many pictures or ZIP archives. With Python (`pip install gradio_client`):

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

On the command line, `python -m maxdigit classify picture.png` gives the same answers; `compare`, `evaluate` and
`sample` are there too. Started with `python app.py --mcp`, the server also offers tools for language models, through
the Model Context Protocol, at `/gradio_api/mcp/`.

The models here: {models}. A file that is not a picture, or an unknown model name, raises an error that says so.
"""
NO_MODELS_FOR_API = "none trained yet"
