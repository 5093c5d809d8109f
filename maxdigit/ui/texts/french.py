"""All text of the page, in French: the same names and functions as in English.

There is a no-break space before ``; : ! ? %`` and units, and in large numbers.
"""

from __future__ import annotations

from maxdigit.ui.sureness import UNSURE as _UNSURE

TITLE = "MaxDigit"
SEPARATORS = ",\u202f"  # of decimals and of thousands, for Plotly
TAGLINE = "De trois chiffres manuscrits, lequel est le plus grand ?"
FAULT = "Pas de réponse, à cause d'une erreur de ce programme. Réessayez. Le journal du serveur contient les détails."
SERVER_BUSY = "Beaucoup de personnes utilisent cette page en ce moment. La réponse prend un peu plus de temps."
SERVER_AWAY = "Le serveur est injoignable. La page continuera dès son retour."
PAGE_INCOMPLETE = "Une partie de cette page n'a pas pu être chargée. Rechargez la page."
CARD_ALT = "Un dessin de trois chiffres et la réponse"

CLASSIFY = "Classer"
COMPARE = "Comparer"
BATCH = "Lots"
CORRECTIONS = "Corrections"
TRAINING = "Entraînement"
ABOUT = "À propos"

# Classer

MODEL = "Modèle"
DRAW = "Dessiner"
UPLOAD = "Importer"
SAMPLE = "Hasard"

PAD = {
    "pad": (
        "Ardoise. Dessinez trois chiffres à la souris, au stylet ou au doigt ; ou déplacez le stylet avec les flèches, "
        "et posez-le ou levez-le avec la barre d'espace."
    ),
    "tools": "Outils de dessin",
    "hint": "Dessinez trois chiffres",
    "pen": "Crayon (B)",
    "eraser": "Gomme (E)",
    "size": "Épaisseur du trait ([ et ])",
    "undo": "Annuler (Ctrl+Z)",
    "redo": "Rétablir (Ctrl+Maj+Z)",
    "clear": "Tout effacer (Suppr)",
    "full": "L'ardoise est pleine. Annulez ou effacez pour continuer.",
    "example": "Ceci est un exemple. Dessinez ici pour le remplacer.",
    "down": "Stylet posé",
    "lifted": "Stylet levé",
}

UPLOAD_PLACEHOLDER = "Déposez une image ici\nou cliquez pour en choisir une"
PART = "Partie à lire"
PARTS = {"auto": "Partie : auto", "chosen": "Partie choisie", "whole": "Image entière"}
REMOVE = "Retirer"
CROP_FRAME = "Partie à lire. Déplacez le cadre avec les flèches du clavier."
CROP_CORNERS = {
    "nw": "Coin supérieur gauche. Déplacez-le avec les flèches du clavier.",
    "ne": "Coin supérieur droit. Déplacez-le avec les flèches du clavier.",
    "sw": "Coin inférieur gauche. Déplacez-le avec les flèches du clavier.",
    "se": "Coin inférieur droit. Déplacez-le avec les flèches du clavier.",
}
CROP_ALT = "L'image importée ; s'il y a un cadre, seule la partie qu'il entoure est lue"
UPLOAD_CAPTION = "Un fichier de 60 Mo au plus, l'appareil photo ou le presse-papiers."
FRAME_CAPTION = "Seul le contenu du cadre est lu. Déplacez le cadre ou ses coins."

NEW_SAMPLE = "Autre tirage"
SAMPLE_ALT = "Une image de test avec trois chiffres manuscrits"
SAMPLE_WAITING = "Une image sur laquelle aucun modèle n'a été entraîné."
SAMPLE_KIND = "Genre d'image"
SAMPLE_FAMILY = "Fond"
SAMPLE_DIGITS = "Chiffres"
SAMPLE_KINDS = {"textured": "Texturée", "drawn": "Dessinée", "forms": "Autres formes", "photo": "Photo"}
ANY_FAMILY = "Tous les fonds"
FAMILIES = {
    "rings": "Anneaux",
    "stars": "Étoiles",
    "wall": "Mur",
    "granite": "Granit",
    "waves": "Vagues",
    "gravel": "Gravier",
    "marble": "Marbre",
}
ANY_DIGITS = "Chiffres"
THREE_DIGITS = "Indiquez trois chiffres de 0 à 9, par exemple 3 1 7, ou laissez le champ vide pour le hasard."
SHOW_BOXES = "Cadres"
EXAMPLES = "Exemples"
HARD = "Difficile"

ANSWER_ALT = "L'image de 128 × 128 pixels donnée au modèle"
SAW = "Entrée du modèle"
SAW_INVERTED = "Encre foncée inversée en claire"
SAW_FITTED = "Ajusté à l'écriture"
SAW_FITTED_MORE = "Ajusté à l'écriture, chiffres mis à la même taille"
SAW_WHOLE = "Tel quel"
UNFIT = "Annuler"
UNFIT_MORE = "Lire l'image telle quelle, sans l'ajuster à l'écriture"
FIT = "Ajuster à l'écriture"
NO_DIGITS = "Aucun chiffre trouvé ici"
OFFER_TURN = "Le modèle est très sûr après rotation :"
OFFERED_TURNS = {3: "Tourner à gauche ↺", 1: "Tourner à droite ↻", 2: "Tourner de 180°"}
DRAW_SOMETHING = "Dessinez quelque chose"
DRAW_SOMETHING_MORE = "Trois chiffres, n'importe où sur l'ardoise. La réponse apparaît pendant que vous dessinez."
UPLOAD_SOMETHING = "Choisissez une image"
UPLOAD_SOMETHING_MORE = "Avec trois chiffres manuscrits. La réponse apparaît automatiquement."
CANNOT_ANSWER = "Pas de réponse"
MODEL_CANNOT_ANSWER = "{model} ne peut pas répondre. {reason}"
NO_MODELS_HERE = "Il n'y a pas encore de modèles entraînés à comparer."
NO_MODELS = "Aucun modèle entraîné dans {folder}. Pour en entraîner un : python train.py resnet18"
WHY = "Indices en faveur de {digit}"
NO_EVIDENCE = "Aucun indice en faveur de {digit}"
WHY_HINT = "Appuyez sur une barre pour ses indices, sur un chiffre pour l'effacer."
BARS = "Probabilité que chaque chiffre soit le plus grand"
INK = "Encre"
INKS = {"auto": "Encre : auto", "dark": "Encre foncée", "light": "Encre claire"}
TURN = "Tourner ↻"
FINDS = "Chiffres trouvés. Appuyez sur l'un d'eux pour l'effacer, encore une fois pour le rétablir."
READS = "Chiffres lus :"
READS_NOTHING = "Aucun chiffre lu."
SHOW_READINGS = "Montrer ce qui est lu"
ASK_PARTS = "Qu'est-ce qui changerait la réponse ?"
LINK = "Lien"
LINK_TOO_LONG = "Ce dessin est trop long pour un lien. Enregistrez plutôt l'image."
LINK_NO_UPLOAD = (
    "Un lien peut contenir un dessin ou un tirage, mais pas une image importée. Enregistrez plutôt l'image."
)
LINK_UNREADABLE = "Ce lien est illisible. Il a peut-être été coupé ; redemandez-le."
SAVE_PICTURE = "Enregistrer l'image"
SAVE_ANSWER = "Enregistrer la réponse"
WRONG = "La réponse est fausse"
CONSENT = (
    "Appuyez sur le bon chiffre, et cette image est gardée avec lui sur le disque de ce serveur, pour évaluer et "
    "améliorer les modèles. Toute personne qui peut ouvrir cette page peut l'y voir. Rien d'autre sur vous n'est "
    "gardé. Si vous n'appuyez sur rien, rien n'est gardé."
)
RIGHT_DIGIT = "Le plus grand chiffre est"
KEPT = "Merci. L'image et le bon chiffre sont gardés."
NOTHING_TO_SAVE = "Il n'y a encore rien à enregistrer. Dessinez, importez ou tirez d'abord une image."
NOTHING_TO_CORRECT = "Il n'y a pas encore d'image à corriger."
FILE_TOO_LARGE = "Le fichier dépasse 60 Mo. Enregistrez l'image en JPEG, ou plus petite, et réessayez."
FILE_GONE = "L'image n'est plus sur le serveur. Choisissez-la de nouveau."


def headline(digit: int) -> str:
    """The answer in one line."""
    return f"Le plus grand chiffre est {digit}"


def certainty(best: int, best_share: float, second: int, second_share: float) -> str:
    """How sure the model is, and its second guess, in one sentence each."""
    other = f"Ensuite vient le {second}, à {percent(second_share)}."
    if best_share >= 0.9:
        return f"Certain, à {percent(best_share)}. {other}"
    if best_share >= _UNSURE:
        return f"Assez certain, à {percent(best_share)}. {other}"
    if second_share >= 0.6 * best_share:
        return f"Hésite entre {best} et {second} : {percent(best_share)} contre {percent(second_share)}."
    return f"Incertain : {percent(best_share)} seulement. {other}"


def doubtful(best: int, best_share: float) -> str:
    """How sure the model is if its input may lack a digit."""
    return (
        f"Incertain : quelque chose qui est peut-être un chiffre a été laissé de côté. Sans cela : {best}, à "
        f"{percent(best_share)}."
    )


def contradicted(digits: tuple[int, ...], best: int, best_share: float) -> str:
    """How sure the model is if the largest of the digits it reads is not its answer."""
    return f"Incertain : le modèle lit {' · '.join(map(str, digits))}, mais répond {best}, à {percent(best_share)}."


def reads(digit: int, share: float) -> str:
    """One digit that is read, with its probability."""
    return f"Lit {digit}, à {percent(share)}"


def read_digit(digits: tuple[int, ...], number: int) -> str:
    """A digit that was found, named by the digits read there, or by its number from the left."""
    if digits:
        return _and([f"le {digit}" for digit in digits])
    return f"le {number}{'er' if number == 1 else 'e'} chiffre"


def without(changes: list[tuple[str, int, bool]], answer: int) -> str:
    """How the answer changes without single digits: name, answer without it, and whether that is sure."""
    if not changes:
        return f"Sans l'un ou l'autre, ce serait toujours {answer}."
    said = [(name, f"{'' if is_sure else 'peut-être '}{then}") for name, then, is_sure in changes]
    (name, then), *more = said
    return "\u00a0; ".join([f"Sans {name}, ce serait {then}", *(f"sans {name}, {then}" for name, then in more)]) + "."


def no_digits(best: int, best_share: float) -> str:
    """The model's best guess if there seem to be no digits."""
    return f"S'il y en a, le modèle répondrait {best}, à {percent(best_share)}."


def ask_why(digit: int) -> str:
    """What pressing a digit's bar does."""
    return f"Montrer les indices en faveur de {digit}"


def time_taken(model: str, milliseconds: float) -> str:
    """Which model answered, and how fast."""
    return f"{model}, {_time(milliseconds)} de calcul sur ce serveur"


def truth(digits: tuple[int, ...], largest: int, answered: int | None) -> str:
    """Which digits a sample shows, and whether the model was right."""
    shown = _and([str(digit) for digit in digits])
    if answered is None:
        return f"Elle montre {shown} ; le plus grand est {largest}."
    verdict = "le modèle a raison." if answered == largest else f"le modèle se trompe, il a dit {answered}."
    return f"Elle montre {shown} ; le plus grand est {largest} : {verdict}"


def erase(number: int, is_erased: bool) -> str:
    """What pressing a digit that was found does."""
    return (
        f"Rétablir le chiffre n° {number}" if is_erased else f"Effacer le chiffre n° {number}, compté depuis la gauche"
    )


def number(value: float, decimals: int = 0) -> str:
    """A number with separated thousands."""
    return f"{value:,.{decimals}f}".replace(",", "\u202f").replace(".", ",")


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1 as a percentage."""
    return f"{number(100 * share, decimals)} %"


def interval(low: float, high: float, decimals: int = 1) -> str:
    """From one share to another."""
    return f"{number(100 * low, decimals)} à {percent(high, decimals)}"


def megabytes(value: float) -> str:
    """A file's size."""
    return f"{number(value, 1)} Mo"


def milliseconds(value: float) -> str:
    """A short time."""
    return f"{number(value, 0 if value >= 10 else 1)} ms"


def minutes(seconds: float) -> str:
    """A long time."""
    return f"{number(seconds / 60)} min"


# Comparer

COMPARE_TITLE = "La même image, tous les modèles"
COMPARE_OURS = "L'image de la page Classer. Dessinez, importez ou tirez-en une autre là-bas."
COMPARE_FRESH = "La page Classer est vide : cette image est un nouveau tirage."
COMPARE_ANOTHER = "Autre tirage"
ASKING = "Calcul de {model}…"

MEASURED_TITLE = "Résultats mesurés"
MEASURED_NOTE = (
    "Les taux de réussite valent pour les images de test de ce projet, faites des chiffres de test de MNIST ; entre "
    "parenthèses, l'intervalle à 95 %. Ceux de l'article valent pour les images du concours : ils ne sont pas "
    "directement comparables. Appuyez sur le nom d'une colonne pour trier."
)
MEASURED_COLUMNS = {  # column, or kind of picture -> its heading and what it means
    "model": ("Modèle", "Quel réseau, ou tous ensemble."),
    "parameters": ("Paramètres", "Nombre de paramètres, statistiques de normalisation comprises."),
    "file": ("Fichier", "Taille de ses poids sur le disque."),
    "work": (
        "Calcul",
        "Opérations en virgule flottante par image, en milliards ; une multiplication et son addition font deux.",
    ),
    "textured": ("Texturées", "Part de bonnes réponses sur des images de test qui ressemblent à celles du concours."),
    "drawn": ("Dessinées", "Part de bonnes réponses sur des images comme celles de l'ardoise."),
    "forms": (
        "Autres formes",
        "Part de bonnes réponses sur des formes absentes de MNIST, comme le 1 à drapeau ou le 7 barré.",
    ),
    "photo": ("Photos", "Part de bonnes réponses sur de l'encre sur papier, photographiée."),
    "calibration_error": (
        "Écart de calibration",
        "Sur images texturées : écart moyen entre la certitude du modèle et son taux de réussite.",
    ),
    "blank": (
        "Sûr sans chiffres",
        "Part des images sans aucun chiffre où il est sûr à plus de 90 %. Plus c'est bas, mieux c'est.",
    ),
    "time": ("Temps ici", "Millisecondes par image sur ce serveur : la médiane de cinq passages, mesurée à l'instant."),
    "training": ("Entraîné sur", "Nombre d'images d'entraînement, durée et machine."),
    "paper": ("Article", "Taux de réussite annoncés par l'article : validation / test du concours."),
}
COLUMNS_TITLE = "Signification des colonnes"

BREAKS_TITLE = "Où chaque modèle échoue"
KIND = "Genre d'image"
AGAINST = "Taux de réussite selon"
SAVE_SVG = "SVG"
SAVE_CSV = "CSV"
AGAINST_CHOICES = {
    "digit": "Plus grand chiffre",
    "size": "Taille",
    "rotation": "Rotation",
    "overlap": "Recouvrement",
    "noise": "Bruit",
    "background": "Fond",
    "confidence": "Certitude",
}
AGAINST_AXES = {
    "digit": "Plus grand chiffre de l'image",
    "size": "Hauteur du plus grand chiffre, en pixels sur 128",
    "rotation": "Rotation du plus grand chiffre, en degrés",
    "overlap": "Part du cadre d'un chiffre couverte par un autre",
    "noise": "Bruit : irrégularité du fond, en niveaux de gris (écart type)",
    "background": "Fond",
    "confidence": "Certitude du modèle",
}
AGAINST_NOTES = {
    "confidence": (
        "Un modèle bien calibré suit la ligne pointillée : des réponses dont il est sûr à 80 %, 80 % sont bonnes."
    ),
}
NOTHING_MEASURED = "Aucun modèle n'a encore été évalué ici sur de telles images."
PICTURES = "images"

STRESS = {
    "open": "Quand la réponse change-t-elle ?",
    "label": "Réponses à l'image de plus en plus modifiée",
    "intro": (
        "Déplacez un curseur, ou touchez une colonne, pour modifier l'image. Cases colorées : la même réponse que pour "
        "l'image d'origine, en couleur plus forte si le modèle est plus sûr. Cases encadrées : une autre réponse."
    ),
    "turn": "Tournée",
    "shrink": "Rétrécie",
    "blur": "Floue",
    "noise": "Bruitée",
    "slider turn": "Rotation, en degrés",
    "slider shrink": "Taille, en pour cent",
    "slider blur": "Flou, en pixels",
    "slider noise": "Bruit, en niveaux de gris",
    "unit turn": "{value}°",
    "unit shrink": "{value} %",
    "unit blur": "{value} px",
    "unit noise": "±{value}",
    "share": "{percent} %",
    "always": "partout",
    "until": "jusqu'à {to}",
    "range": "{from} à {to}",
    "picture": "L'image, {change} : {strength}",
    "how": "Que veulent dire les nombres ?",
    "how_is": (
        "Tournée : degrés, dans le sens des aiguilles d'une montre. Rétrécie : pour cent de la hauteur et de la "
        "largeur de l'image. Floue : la largeur du flou (son écart type), en pixels, pour 128 de côté. Bruitée : "
        "l'écart type du gris aléatoire ajouté à chaque pixel, sur 255 niveaux. Les coins et les marges vides prennent "
        "le gris du bord de l'image. Sous le nom d'un modèle : l'intervalle où sa réponse reste la même."
    ),
    "nothing": "Il n'y a pas d'image à changer. Dessinez-en ou importez-en une, ou prenez un autre exemple.",
    "blank": "Aucune écriture n'a été trouvée dans cette image : il n'y a pas de réponse à tester.",
}

MISTAKES_TITLE = "Erreurs"
MATRIX_HINT = "Lignes : le vrai plus grand chiffre. Colonnes : la réponse."
MATRIX_PRESS = "Appuyez sur une case pour voir ses images, ou sur un chiffre du bord pour toute la ligne ou la colonne."
MISTAKES_ALL = "Toutes les erreurs"
MISTAKES_MORE = "En montrer plus"
MISTAKE_ALT = "Une image de test qui montre {digits}"
MISTAKES_NONE = "Aucune erreur de ce genre."
NOT_LISTED = "Ses erreurs n'ont pas été enregistrées. Évaluez-le de nouveau : python -m maxdigit evaluate --write"
RIGHT_NOT_KEPT = "Ces réponses sont bonnes. Seules les erreurs sont enregistrées."


def verdict(answers: list[tuple[str, int]]) -> str:
    """Which models give which answer, in a sentence, from names and answers."""
    said: dict[int, list[str]] = {}
    for name, digit in answers:
        said.setdefault(digit, []).append(name)
    if not said:
        return "Aucun modèle n'a pu répondre."
    if len(said) == 1:
        (digit,) = said
        return f"Tous les modèles disent {digit}." if len(answers) > 1 else f"{answers[0][0]} dit {digit}."
    groups = sorted(said.items(), key=lambda item: -len(item[1]))
    return (
        "Les modèles ne sont pas d'accord : "
        + " ; ".join(f"{_and(names)} {_says(names)} {digit}" for digit, names in groups)
        + "."
    )


def pass_time(milliseconds: float) -> str:
    """How long one forward pass took."""
    return f"{_time(milliseconds)} par passage, médiane de cinq"


def matrix_cell(truth: int, answer: int, count: int) -> str:
    """What a cell of the confusion matrix says."""
    return f"Vrai chiffre {truth}, réponse {answer} : {number(count)} fois"


def matrix_head(truth: int | None, answer: int | None) -> str:
    """What a row's or a column's head says."""
    return (
        f"Toutes les erreurs où la réponse est {answer}"
        if truth is None
        else f"Toutes les erreurs où la vérité est {truth}"
    )


def mistakes_shown(shown: int, found: int, truth: int | None, answer: int | None) -> str:
    """How many mistakes are shown, and which."""
    was, read = ("un chiffre" if truth is None else truth), ("autrement" if answer is None else answer)
    which = "" if truth is None and answer is None else f" où {was} a été lu {read}"
    return f"{number(shown)} sur {number(found)}, {_counted(found, 'erreur')}{which}, les plus certaines d'abord."


def mistake(truth: int, answer: int, confidence: float) -> str:
    """One wrong answer."""
    return f"{truth}, lu {answer} (sûr à {percent(confidence, 0)})"


def _time(value: float) -> str:
    return milliseconds(value)


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} et {names[-1]}"


def _says(names: list[str]) -> str:
    return "dit" if len(names) == 1 else "disent"


# Le jeu : tromper les réseaux

CHALLENGE = {
    "open": "Trompez-les",
    "label": "Tromper les réseaux",
    "close": "Fermer",
    "next": "Autre tâche",
    "keep": "Le garder pour les modèles",
    "consent": (
        "Si vous le gardez, il est enregistré sur le disque de ce serveur avec le chiffre qu'il montre, pour évaluer "
        "et améliorer les modèles. Rien d'autre sur vous n'est enregistré."
    ),
    "misread": "Écrivez un {drawn} qui soit lu comme un {read}.",
    "disagree": "Dessinez quelque chose qui mette les réseaux en désaccord.",
    "smallest": "Écrivez le plus petit {drawn} qui soit encore trouvé : au plus {small} % de la hauteur de l'ardoise.",
    "draw": "Dessinez sur l'ardoise. Les réseaux jugent à chaque pause.",
    "misread_not_yet": "Pas encore : le réseau choisi doit répondre {read}, et un autre voir encore le {drawn}.",
    "disagree_not_yet": "Pas encore : deux réseaux doivent donner des réponses différentes, chacune à 50 % ou plus.",
    "smallest_not_yet": "Pas encore : il doit être petit, et le réseau choisi certain que c'est un {drawn}.",
    "misread_done": "Réussi ! {model} est trompé.",
    "disagree_done": "Réussi ! Ils sont en désaccord.",
    "smallest_done": "Réussi ! {model} le trouve encore.",
    "streak": "Série : {streak}. Record : {best}. Passer une tâche met fin à la série.",
    "record": "Votre plus petit : {small} % de la hauteur de l'ardoise.",
}

# Le jeu contre le réseau

DUEL = {
    "open": "Vous contre le réseau",
    "rules": "{rounds} images : nommez le plus grand chiffre de chacune. Le réseau choisi répond ensuite.",
    "stages": (
        "Elles sont de plus en plus difficiles : {plain} dessinées, {textured} sur des textures, {crowded} à huit "
        "chiffres, {faint} à chiffres pâles. Chaque chiffre a autant de chances d'être le plus grand."
    ),
    "scoring": (
        "Une bonne réponse vaut {points} points, plus 1 par seconde restante sur {seconds} ; de même pour le réseau."
    ),
    "how": "Appuyez sur un chiffre, ici ou au clavier. Vous pouvez faire une pause ou fermer, et reprendre plus tard.",
    "unhurried": "Sans chronomètre : la vitesse ne rapporte rien",
    "start": "Commencer",
    "leave": "Fermer",
    "pause": "Pause",
    "resume": "Reprendre",
    "restart": "Nouvelle partie",
    "retry": "Redemander",
    "next": "Image suivante",
    "finish": "Voir le résultat",
    "again": "Rejouer",
    "clock": "Secondes restantes",
    "score": "Vous {you} · {network} {them}",
    "choose": "Le plus grand chiffre",
    "picture": "Image {round} sur {rounds}",
    "round": "Image {round} sur {rounds}, {stage}.",
    "which": "Quel chiffre est le plus grand ?",
    "stage plain": "dessinée",
    "stage textured": "texturée",
    "stage crowded": "à huit chiffres",
    "stage faint": "à chiffres pâles",
    "choosing": "L'image arrive.",
    "waiting": "Le serveur n'a pas encore répondu. Le chronomètre est arrêté ; la partie reprendra avec sa réponse.",
    "paused": "En pause. L'image est cachée et le chronomètre arrêté.",
    "shows": "Chiffres : {digits}. Le plus grand est {largest}.",
    "you_right": "Vous : {digit} après {seconds} s. Juste, {points} points.",
    "you_wrong": "Vous : {digit}. Faux.",
    "you_late": "Vous : pas de réponse à temps.",
    "they_right": "{network} : {digit}, avec {share}. Juste, {points} points.",
    "they_wrong": "{network} : {digit}, avec {share}. Faux.",
    "void": "Cette image ne compte ni pour vous ni pour le réseau ; une autre la remplace.",
    "forgotten": "Le serveur n'a plus cette image ; il a peut-être été redémarré.",
    "you": "Vous",
    "networks": "Les réseaux",
    "won": "Vous gagnez contre {network}",
    "lost": "Cette fois, la victoire est à {network}",
    "drawn": "Match nul contre {network}",
    "total": "{points} points, réponses justes : {right} sur {rounds}",
    "right_of": "points · réponses justes : {right} sur {rounds}",
    "your_wrong": "Vos erreurs",
    "their_wrong": "Erreurs de {network}",
    "none": "Aucune.",
    "none_wrong": "Aucune erreur",
    "mistaken": "{largest}, pas {said}",
    "unanswered": "{largest}, sans réponse",
    "save": "Enregistrer en image",
    "share": "Partager",
    "unshared": "L'image n'a pas pu être partagée. Enregistrez-la plutôt.",
}

# La vue dans un réseau

INSIDE = {
    "open": "Voir dedans",
    "label": "Dans le réseau",
    "close": "Fermer",
    "title": "À l'intérieur : {model}",
    "intro": (
        "De haut en bas : ce que devient l'image en chemin vers la réponse. Appuyez sur une carte pour l'agrandir."
    ),
    "member": (
        "L'{ensemble} interroge plusieurs réseaux. Voici le {model}, qui a le plus de poids. De haut en bas : ce que "
        "devient l'image en chemin vers la réponse. Appuyez sur une carte pour l'agrandir."
    ),
    "picture": (
        "L'image que reçoit le réseau. Choisissez un endroit avec les flèches pour savoir quelles cellules y regardent."
    ),
    "point": (
        "Pointez un endroit de l'image, ou touchez-le : les carrés montrent ce que peuvent voir les cellules de cet "
        "endroit."
    ),
    "reads": "Le lecteur lit ici {digit} ({percent} %).",
    "reads_nothing": "Le lecteur ne lit aucun chiffre ici ({percent} %).",
    "no_reader": "Ce réseau n'a pas de lecteur.",
    "what_field": "Que sont ces carrés ?",
    "field_is": (
        "Un réseau regarde une image par beaucoup de petites cellules. Chaque carré est la partie de l'image que voit"
        " une cellule d'une section, son champ récepteur : minuscule dans la première section, plus grand dans chaque"
        " suivante."
    ),
    "what_reader": "Qu'est-ce que le lecteur ?",
    "reader_is": (
        "Un petit ajout au réseau qui dit, pour chaque cellule de ses dernières sections, quel chiffre s'y trouve. La "
        "réponse elle-même n'en dépend pas."
    ),
    "size": "{cells} × {cells} cellules, {channels} cartes",
    "name first convolution": "Première convolution",
    "name last convolution": "Dernière convolution",
    "name section": "Section {number}",
    "name stem": "Entrée",
    "name stage": "Étage {number}",
    "does edges": "Marque les bords et les lignes, clairs sur fond sombre ou sombres sur fond clair.",
    "does strokes": "Assemble les bords : morceaux de traits, leurs bouts et leurs courbes.",
    "does parts": "Assemble les traits : boucles, crochets, croisements.",
    "does digits": "Voit autant qu'un chiffre entier, et distingue les chiffres.",
    "does picture": "Voit les chiffres avec ce qui les entoure.",
    "sees": "Une cellule voit {field} × {field} pixels.",
    "map": "Carte {map}, {section}",
    "what_map": "Qu'est-ce qu'une carte de caractéristiques ?",
    "map_is": (
        "Chaque carte cherche un seul motif partout dans l'image. Plus une cellule est colorée, mieux il correspond ; "
        "la pleine couleur est la meilleure correspondance sur 256 images de test. De chaque section, vous voyez les "
        "huit cartes les plus actives."
    ),
    "exciting": "Ce qui excite le plus cette carte dans 256 images de test",
    "pictures_alt": "Neuf morceaux d'images de test qui excitent le plus cette carte",
    "no_pictures": (
        "Les images de test qui l'excitent n'ont pas encore été cherchées pour ce réseau : python -m maxdigit inside"
    ),
    "kernel": "Son noyau",
    "kernel_alt": "Le noyau de cette carte, comme motif de carrés clairs et sombres",
    "what_kernel": "Qu'est-ce qu'un noyau ?",
    "kernel_is": (
        "Le motif que cherche la carte. Il est déplacé sur l'image, et la carte s'allume là où des parties claires de "
        "l'image rencontrent ses carrés clairs, et des parties sombres ses carrés sombres. Les carrés gris sont sans "
        "effet."
    ),
    "flows": "Des chiffres lus aux dix barres",
    "flows_alt": (
        "Des bandes de chaque chiffre lu vers les barres qu'il fait monter ou baisser ; une liste dit ensuite la même"
        " chose"
    ),
    "flows_colours": (
        "Les bandes colorées font monter une barre, les grises la font baisser ; une bande plus large a plus d'effet."
    ),
    "flows_none": "Il ne lit aucun chiffre ici, il n'y a donc rien à suivre.",
    "what_flows": "Comment est-ce calculé ?",
    "flows_exact": (
        "Exactement : la dernière couche de ce réseau additionne les contributions de toutes les cellules. Celles des "
        "cellules autour d'un chiffre forment ses bandes ; toutes les autres sont « le reste ». Leur somme est la "
        "réponse, avant que le softmax en fasse des probabilités."
    ),
    "flows_erased": (
        "En effaçant : chaque chiffre est retiré de l'image à son tour, et ses bandes montrent ce qui change dans la "
        "réponse, avant que le softmax en fasse des probabilités. Comme les chiffres s'influencent, la somme des "
        "bandes n'est pas forcément la réponse."
    ),
    "rest": "le reste",
    "adds": "{name} fait monter la barre du {bar} de {value}.",
    "takes": "{name} fait baisser la barre du {bar} de {value}.",
    "nothing": "Il n'y a encore rien à regarder. Donnez d'abord une image au réseau.",
    "blank": "Aucune écriture n'a été trouvée dans cette image, il n'y a donc rien à suivre dans le réseau.",
}

# Corrections

CORRECTIONS_TEXT = """
Images sur lesquelles des visiteurs disent qu'un modèle s'est trompé, avec le bon chiffre selon eux, gardées dans
`{folder}`. Pour évaluer les modèles sur elles : `python -m maxdigit evaluate --drawings {folder}`.
"""
CORRECTIONS_EXPORT = "Tout enregistrer (ZIP)"
CORRECTIONS_CLEAR = "Tout supprimer"
CORRECTIONS_SURE = "Supprimer définitivement toutes les corrections ?"
DELETE = "Supprimer"


def corrections_kept(count: int) -> str:
    """How many there are."""
    return f"{_counted(count, 'image enregistrée')}."


def correction(digit: int, model: str, answer: int, day: str) -> str:
    """One of them."""
    return f"{digit} ; {model} a dit {answer}. {day}"


# Lots

DROP = {
    "here": (
        "Déposez tout ici : des images, des dossiers, des archives ZIP, le test_max_x du concours, et un tableau des "
        "bonnes réponses (CSV : Id ou name, Label). Jusqu'à 10\u202f000 images, et 200 Mo par fichier."
    ),
    "files": "Choisir des fichiers",
    "folder": "Choisir un dossier",
    "list": "Ce qui a été ajouté",
    "remove": "Retirer {name}",
    "clear": "Tout retirer",
    "progress": "Progression de l'envoi",
    "uploading": "Envoi : {done} fichiers sur {all}.",
    "together": "{first} et {more} de plus",
    "inFolder": "{folder} : {count} fichiers",
    "oneInFolder": "{first}",
    "nothing": "Aucun fichier n'y a été trouvé.",
    "large": "{name} dépasse {limit} Mo et a été laissé de côté. Partagez-le en plusieurs fichiers.",
    "many": "Cela fait plus de {most} fichiers ; aucun n'a été ajouté. Mettez-les dans une archive ZIP.",
    "failed": "L'envoi a été interrompu après {done} fichiers sur {all}. Ajoutez les autres de nouveau.",
}
STILL_UPLOADING = "Les fichiers sont encore en cours d'envoi. Appuyez de nouveau quand ce sera terminé."


def recognised(pictures: int, labelled: int | None, passed_over: list[str]) -> str:
    """What was dropped: pictures, how many have a label (None without labels), and names of other files."""
    parts = [_pictures(pictures)]
    if labelled is not None:
        whole = "des étiquettes pour toutes"
        parts.append(whole if labelled == pictures else f"des étiquettes pour {number(labelled)} d'entre elles")
    if passed_over:
        parts.append(f"{_counted(len(passed_over), 'fichier')} sans usage : {some_names(passed_over)}")
    return f"{', '.join(parts)}."


def some_names(names: list[str]) -> str:
    """The first few of some names."""
    return ", ".join(names[:3]) + ("..." if len(names) > 3 else "")


ASK_OTHERS = "Demander aussi aux autres modèles, pour voir où ils sont en désaccord"
START = "Tout classer"
TRY_BATCH = "Essayer 60 images de test"
PROGRESS = "Progression"
CANCEL = "Arrêter"
FILTER = "Montrer"
FILTERS = {
    "all": "Toutes",
    "doubtful": "À vérifier",
    "unsure": "Incertaines",
    "disagree": "En désaccord",
    "wrong": "Fausses",
    "fixed": "Corrigées",
    "unread": "Illisibles",
}
BEFORE = "Précédent"
AFTER = "Suivant"
PICTURE = "Image"
FILE = "Fichier"
ANSWER = "Réponse"
SURE = "Certitude"
DIGITS_READ = "Chiffres lus"
PROBABILITIES = "0 à 9"
TRUTH = "Vérité"
FIXED = "corrigée"
NO_ROWS = "Aucune image ne correspond à ce filtre."
SUBMISSION = "CSV : Id,Label"
EVERYTHING = "CSV : complet"


def batch_progress(done: int, count: int, model: str, counts: str) -> str:
    """The progress of a batch, with what :func:`batch_counts` says so far."""
    told = f", dont {counts}" if counts else ""
    return f"{model} a répondu pour {number(done)} images sur {number(count)}{told}."


def batch_done(count: int, counts: str) -> str:
    """The summary of a batch, with what :func:`batch_counts` says."""
    return f"Terminé : {_pictures(count)}, dont {counts}. {BATCH_CORRECTING}"


def batch_so_far(count: int, counts: str) -> str:
    """The summary of a batch that was stopped, with what :func:`batch_counts` says."""
    return f"{_pictures(count)}, dont {counts}."


def batch_counts(unsure: int, disagree: int, unread: int, right: int, labelled: int) -> str:
    """The counts of a batch."""
    parts = [_counted(unsure, "incertaine")] + ([f"{number(disagree)} aux réponses différentes"] if disagree else [])
    parts += [_counted(unread, "illisible")] if unread else []
    parts += [f"{_counted(right, 'juste')} parmi {_counted(labelled, 'étiquetée')}"] if labelled else []
    return ", ".join(parts)


BATCH_CORRECTING = (
    "Les réponses se corrigent dans le tableau, aussi au clavier : les touches de chiffres donnent la réponse, les "
    "flèches mènent d'une image à l'autre."
)
BATCH_STOPPED = "Arrêté. Les réponses obtenues jusque-là sont gardées."
LABELS_UNUSED = (
    "Les étiquettes ne correspondent à aucune de ces images. Leur première colonne devrait donner les noms de "
    "fichiers, avec ou sans extension, ou les numéros des images dans un fichier du concours."
)


def batch_score(model: str, accuracy: float, low: float, high: float, count: int) -> str:
    """The accuracy on pictures with labels."""
    return (
        f"{model} a raison pour {percent(accuracy)} des images étiquetées ({_pictures(count)} ; "
        f"intervalle à 95 % : {interval(low, high)})."
    )


def batch_corrected(count: int, accuracy: float) -> str:
    """The accuracy with corrections."""
    return f"Avec vos corrections ({number(count)}), {percent(accuracy)} sont justes."


NO_MISTAKES = "Aucune réponse fausse."


def commonest_mistake(truth: int, answer: int, count: int) -> str:
    """The largest number beside the diagonal of the confusion matrix."""
    return f"L'erreur la plus fréquente : {answer} au lieu de {truth}, {number(count)} fois."


def weakest_digit(digit: int, right: int, count: int) -> str:
    """The digit with the lowest accuracy."""
    return f"Le plus bas quand le plus grand chiffre est {digit} : {_counted(right, 'juste')} sur {_pictures(count)}."


def sure_and_right(sure: float, right: float) -> str:
    """The mean confidence beside the accuracy."""
    return (
        f"La certitude moyenne est de {percent(sure)}, et {percent(right)} des réponses du modèle lui-même sont justes."
    )


NUMBERS = "Les nombres"
PICTURES_HEAD = "Images"


def page_of(page: int, pages: int, count: int) -> str:
    """The current page of the table."""
    return f"Page {number(page)} sur {number(pages)}, {_pictures(count)}"


def fix(name: str) -> str:
    """What the picker in a row of the table is for."""
    return f"Réponse pour {name}"


def _pictures(count: int) -> str:
    return _counted(count, "image")


def _counted(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{'s' if count > 1 else ''}"


# Entraînement

RUNS = "Entraînements"
ACCURACY = "Taux de réussite"
LOSS = "Perte (entropie croisée)"
LEARNING_RATE = "Taux d'apprentissage"
SPEED = "Images par seconde"
CHARTS = {"accuracy": ACCURACY, "loss": LOSS, "rate": LEARNING_RATE, "speed": SPEED}
EPOCH = "Époque"
AXIS = "Selon"
AXES = {"epoch": "Époques", "pictures": "Images", "minutes": "Minutes"}
AXIS_TITLES = {"epoch": EPOCH, "pictures": "Images vues pendant cet entraînement", "minutes": "Minutes d'entraînement"}
SMOOTHING = "Lissage"
LOG_LOSS = "Perte logarithmique"
PAPER_VALIDATION = "réussite en validation selon l'article"
FLOOR = "minimum possible avec un softmax avant la perte, ln(1 + 9/e)"
FLOOR_TITLE = "Pourquoi la perte du ResNet18 de l'article n'est jamais passée sous 1,46"
FLOOR_TEXT = """
Le ResNet18 de l'article termine son passage par un softmax, et il est entraîné avec une entropie croisée qui en
applique un second. Celui-ci ne reçoit que des nombres entre 0 et 1. Même une réponse parfaite, un 1 et neuf 0, devient
une part de e / (e + 9), soit 23 %. Sa perte vaut ln(1 + 9/e) = 1,461, et aucun entraînement ne peut l'abaisser : le
taux de réussite peut monter à 100 % sans que la perte change. La recette dite « de l'article » reproduit cela ; la
recette ajustée omet ce second softmax.
"""
SETTINGS_TITLE = "Réglages de ces entraînements, les différences en gras"
NOT_A_CONFIG_FILE = "{path} est endommagé ; les réglages de l'entraînement ne sont pas montrés."
TRAIN = "entraînement"
VALIDATION = "validation"
LINES = (
    "Traits pleins : validation. Tirets : entraînement. Pointillés : ce qu'annonce l'article. Les courbes d'un "
    "entraînement en cours sont mises à jour."
)
INK_FINDER = "Détecteur d'encre"
INK_FINDER_ACCURACY = (
    "Le détecteur d'encre ne classe pas de chiffres : son taux de réussite est le coefficient de Dice de l'encre "
    "qu'il trouve dans des scènes générées."
)
RUN_OF_ANOTHER = "Ignoré : {run}. Son modèle, {model!r}, n'est pas l'un de {names}."
RUN_WITHOUT_HISTORY = "Ignoré : {run}. Il n'y a pas encore d'époque dans son history.csv."
NO_RUNS = "Aucun entraînement dans {folder}. Pour en lancer un : python train.py resnet18"
NO_RUN_CHOSEN = "Choisissez un entraînement ci-dessus pour voir ses courbes."
RUN_SKIPPED = "Ignoré : {run}. {reason}"
RECIPES = {"tuned": "ajustée", "paper": "recette de l'article"}


def going_on(run: str, epochs: int, planned: int | None) -> str:
    """The progress of an unfinished run."""
    return f"{run} n'est pas terminé : époque {epochs}" + (f" sur {planned}." if planned else ".")


REPLAY = {
    "open": "Le voir apprendre",
    "label": "Lecture d'un entraînement",
    "run": "Entraînement",
    "picture": "L'image à laquelle il répond",
    "bars": "Probabilités des dix chiffres à ce moment de l'entraînement",
    "chart": "Taux de réussite selon les images vues ; le texte dessous donne les valeurs au repère",
    "slider": "Moment de l'entraînement",
    "play": "Lire",
    "pause": "Pause",
    "percent": "{value} %",
    "pictures": "{count} images vues",
    "after": "Après {count} images :",
    "measured": (
        "{validation} de réussite en validation (trait plein), {training} à l'entraînement (tirets), perte {loss}."
    ),
    "answered": "Il répond {digit} ({percent}).",
    "curves": (
        "Aucun poids n'a été gardé pendant cet entraînement ; seules ses courbes peuvent être rejouées. "
        "train.py --keep-weights 10 en garde."
    ),
    "stand_in": "Il n'y a pas d'image à la page Classer ; ceci est une image de test.",
}


def replayed(run: str, pictures: int, seed: int | None, device: str | None, answers: bool) -> str:
    """Which run is played back, and whether the page uses its weights."""
    details = [_pictures(pictures), *([] if seed is None else [f"graine {seed}"]), *([device] if device else [])]
    whose = "Ses poids sont" if answers else "Ses poids ne sont pas"
    return f"{run} : {', '.join(details)}. {whose} ceux qui répondent sur cette page."


STORIES_TITLE = "Ce que montrent les recettes de l'article"


def story_floor(floor: float, lowest: float) -> str:
    """A run with a softmax before the one in its loss."""
    return (
        f"Avec un softmax avant celui de la perte, celle-ci ne peut descendre sous {number(floor, 3)}, si justes que "
        f"soient les réponses ; la plus basse est ici {number(lowest, 3)}."
    )


def story_flat(epochs: int, always: float) -> str:
    """A run that learned nothing at first."""
    return (
        f"Pendant {number(epochs)} époques, il n'a guère fait mieux que de toujours répondre 9 ({percent(always, 0)}), "
        "puis il s'est mis à apprendre."
    )


def story_fall(epoch: int, before: float, after: float) -> str:
    """The largest fall from one epoch to the next."""
    return (
        f"À l'époque {number(epoch)}, sa réussite en validation est tombée de {percent(before)} à {percent(after)} : "
        "le taux d'apprentissage de cette recette ne décroît jamais."
    )


def story_gap(training: float, validation: float) -> str:
    """How far training and validation are apart at the end."""
    return (
        f"Il finit à {percent(training)} à l'entraînement et {percent(validation)} en validation, car il voit les "
        "mêmes images à chaque époque."
    )


def story_tests(paper: float, tuned: float) -> str:
    """Both recipes on the same test pictures."""
    return (
        f"Sur les images de test texturées, il a raison pour {percent(paper)}, avec la recette ajustée pour "
        f"{percent(tuned)}."
    )


def story_end(validation: float) -> str:
    """A run whose curves have nothing special."""
    return f"Il finit à {percent(validation)} en validation."


RESULTS_TITLE = "Résultats sur images de test"
RESULTS_NOTE = (
    "« Ici » est mesuré sur les images de test de ce projet, faites des chiffres de test de MNIST sur des fonds "
    "qu'aucun modèle n'a vus à l'entraînement ; entre parenthèses, l'intervalle à 95 %. « Article » est ce que "
    "l'article annonce pour les images du concours. Les images diffèrent, les deux ne sont donc "
    "pas directement comparables."
)
RESULTS_COLUMNS = ("Entraînement", "Ici, réussite au test", "Article, validation", "Article, test")
NOT_MEASURED = "pas encore mesuré"
NOT_GIVEN = "non donné"
TRAINED_ON = "entraîné sur : {device}"
KINDS = {
    "textured": "images texturées",
    "drawn": "images dessinées",
    "forms": "dessins d'autres formes",
    "photo": "photos",
}

# À propos

ABOUT_TEXT = """
### Trois chiffres, une question

Une image montre trois chiffres manuscrits sur un fond bruité. Lequel des trois est le plus grand ? La question vient
d'un concours, dans un cours d'apprentissage automatique de l'Université McGill à Montréal (COMP 551, automne 2019). Un
article issu de ce cours y répond par trois réseaux de neurones convolutifs. Ce projet les reconstruit tous les trois,
les entraîne et vous les laisse essayer.

- **Keras CNN** : sept convolutions et deux petites couches denses, 1,9 million de paramètres.
- **ResNet18** : le réseau résiduel bien connu, à un seul canal d'entrée, 11,2 millions.
- **PyTorch CNN** : six convolutions et une couche linéaire, 0,5 million.
- **Ensemble** : tous à la fois, par la moyenne géométrique pondérée de leurs probabilités.

Aucun d'eux ne localise, ne découpe ni ne classe d'abord les chiffres un à un. Chacun traite l'image entière et répond
d'un coup. Ses caractéristiques contiennent pourtant les chiffres présents : un lecteur linéaire, sur la dernière carte
de caractéristiques du réseau, les nomme, et la page les écrit sur l'image. Si le plus grand n'est pas la réponse,
celle-ci est tenue pour incertaine. Appuyez sur une barre pour voir quelles parties de l'image sont des indices pour ce
chiffre.

Les images du concours ne peuvent pas être partagées librement. Celles de l'entraînement sont donc faites par un
programme : des chiffres de MNIST sur sept genres de fond, des dessins sur fond uni, des façons d'écrire absentes de
MNIST, et de l'encre sur papier comme la voit un appareil photo. Les modèles réussissent le mieux sur de telles images.
Le taux de réussite de chacun, et les cas où il échoue, se trouvent sur la page Comparer ; les chiffres de l'article ont
été mesurés sur d'autres images.

### Les pages

- **Classer** : dessinez, importez ou tirez une image. Appuyez sur une barre pour voir les indices en faveur de ce
  chiffre ; appuyez sur un chiffre trouvé pour l'effacer, et voyez comment la réponse change.
- **Comparer** : tous les modèles sur une image, leurs résultats mesurés, où chacun échoue, et ses erreurs.
- **Lots** : beaucoup d'images à la fois, avec un tableau à filtrer, à corriger et à télécharger.
- **Entraînement** : les courbes de chaque entraînement, y compris en cours.

### Les touches de l'ardoise

**B** crayon, **E** gomme, **[** et **]** épaisseur, **Ctrl+Z** annuler, **Ctrl+Maj+Z** ou **Ctrl+Y** rétablir,
**Suppr** tout effacer (ce qui s'annule aussi). Sur un Mac, Cmd au lieu de Ctrl.

### Les fiches des modèles, le code, la licence

La fiche de chaque modèle dit sur quoi il a été entraîné, son taux de réussite et à quoi il ne convient pas ; elle est à
côté de ses poids, dans `checkpoints/MODEL/RECIPE/README.md`, en anglais. Le code est sous licence MIT. Les chiffres
viennent de la base MNIST de Y. LeCun, C. Cortes et C. Burges, donnée d'ordinaire sous licence CC BY-SA 3.0.
"""

CARD_TITLE = "Fiche du modèle (en anglais) : {title}"
API_TITLE = "Depuis un programme"
API_TEXT = """
Le point d'accès `/classify` prend une image et le nom d'un modèle. Il renvoie le modèle, le plus grand chiffre, dix
probabilités, le temps de calcul et les chiffres lus, chacun avec sa probabilité et sa position dans les 128 x 128
pixels de l'entrée du modèle (`null` pour un modèle sans lecteur). `/compare` interroge tous les modèles sur une image,
`/batch` un modèle sur beaucoup d'images ou d'archives ZIP. En Python (`pip install gradio_client`) :

```python
from gradio_client import Client, handle_file

# L'adresse de cette page :
client = Client("http://127.0.0.1:7860")
answer = client.predict(
    image=handle_file("picture.png"),
    model="{model}",
    api_name="/classify",
)
print(answer["max_digit"])
```

En ligne de commande, `python -m maxdigit classify picture.png` donne les mêmes réponses ; `compare`, `evaluate` et
`sample` y sont aussi. Lancé par `python app.py --mcp`, le serveur offre de plus des outils aux modèles de langage,
selon le Model Context Protocol, à `/gradio_api/mcp/`.

Les modèles d'ici : {models}. Un fichier qui n'est pas une image, ou un nom qui n'est pas un modèle, donne une erreur
qui l'explique (en anglais).
"""
NO_MODELS_FOR_API = "aucun n'est encore entraîné"

# The error sentences of the other packages, in English -> the same in French.
ERRORS = {
    "Section {section} of this network has no map {channel}. The network was trained again; press another map.": (
        "La section {section} de ce réseau n'a pas de carte {channel}. Le réseau a été entraîné à nouveau ; appuyez "
        "sur une autre carte."
    ),
    "{title} does not say which sections it consists of.": "{title} ne dit pas de quelles sections il se compose.",
    "What happens inside a network is computed by OpenVINO, which is not there or cannot compute it here. "
    "Install it with: pip install openvino": (
        "Ce qui se passe dans un réseau est calculé par OpenVINO, qui n'est pas là ou ne peut pas le calculer ici. "
        "Installez-le avec : pip install openvino"
    ),
    # Pictures
    "{name} is empty (0 bytes). Choose another file.": "{name} est vide (0 octet). Choisissez un autre fichier.",
    "{name} is larger than {limit} MB. Save it as JPEG and try again.": (
        "{name} dépasse {limit} Mo. Enregistrez l'image en JPEG et réessayez."
    ),
    "{name} is larger than {limit} megapixels. Make it smaller and try again.": (
        "{name} dépasse {limit} mégapixels. Réduisez l'image et réessayez."
    ),
    "{name} is an SVG drawing, which is not made of pixels. Export it as PNG, or take a screenshot of it, and choose "
    "that.": (
        "{name} est un dessin SVG, qui n'est pas fait de pixels. Exportez-le en PNG, ou faites-en une capture d'écran, "
        "et choisissez celle-ci."
    ),
    "{name} is a HEIC picture, which cannot be read here. Save it as JPEG and choose that.": (
        "{name} est une image HEIC, qui ne peut pas être lue ici. Enregistrez-la en JPEG et choisissez celle-ci."
    ),
    "{name} is not a picture of a known format. Choose a PNG, JPEG, HEIC, WebP, AVIF, GIF, BMP, TIFF, ICO or PPM "
    "file.": (
        "{name} n'est pas une image d'un format connu. Choisissez un fichier PNG, JPEG, HEIC, WebP, AVIF, GIF, BMP, "
        "TIFF, ICO ou PPM."
    ),
    "{name} is damaged or cut short ({error}). Save it again or choose another.": (
        "{name} est endommagé ou tronqué ({error}). Enregistrez-le de nouveau ou choisissez-en un autre."
    ),
    "{name} cannot be read ({reason}). Choose another file.": (
        "{name} ne peut être lu ({reason}). Choisissez un autre fichier."
    ),
    "There is nothing to see in this picture: it has a single tone. Draw three digits.": (
        "Il n'y a rien à voir dans cette image : elle n'a qu'un seul ton. Dessinez trois chiffres."
    ),
    "There is nothing to see in this picture: the sheet is blank. Draw three digits.": (
        "Il n'y a rien à voir dans cette image : la feuille est vierge. Dessinez trois chiffres."
    ),
    "The picture holds values that are not numbers. Save it as PNG or JPEG.": (
        "L'image contient des valeurs qui ne sont pas des nombres. Enregistrez-la en PNG ou JPEG."
    ),
    # Drawings and samples
    "The drawing cannot be read ({reason}). Clear the pad and draw again.": (
        "Le dessin est illisible ({reason}). Effacez l'ardoise et dessinez de nouveau."
    ),
    "The drawing is too large: at most {strokes} strokes and {points:,} points. Clear the pad and draw again.": (
        "Le dessin est trop grand : {strokes} traits et {points} points au plus. Effacez l'ardoise et dessinez de "
        "nouveau."
    ),
    "No such picture was found. Choose another seed, other digits or another background.": (
        "Aucune image de ce genre n'a été trouvée. Choisissez d'autres chiffres ou un autre fond."
    ),
    "A sample shows three digits from 0 to 9.": "Un tirage montre trois chiffres de 0 à 9.",
    # Batches
    "{name} cannot be read as a ZIP archive ({error}). Pack it again.": (
        "{name} ne peut pas être lu comme une archive ZIP ({error}). Refaites l'archive."
    ),
    "There are {count} tables of labels: {names}. Leave one of them; until then none is used.": (
        "Il y a {count} tableaux d'étiquettes : {names}. Gardez-en un ; d'ici là aucun n'est utilisé."
    ),
    "{name} holds labels. Add the pictures that they belong to.": (
        "{name} contient des étiquettes. Ajoutez les images auxquelles elles appartiennent."
    ),
    "This is neither a picture nor an archive of pictures nor a table of labels: {names}. Add pictures, such "
    "as PNG or JPEG files.": (
        "Ce n'est ni une image, ni une archive d'images, ni un tableau d'étiquettes : {names}. Ajoutez des images, par "
        "exemple des fichiers PNG ou JPEG."
    ),
    "{name} cannot be read ({error}). Add it again.": "{name} ne peut pas être lu ({error}). Ajoutez-le de nouveau.",
    "There are no pictures in it. Choose picture files, or a ZIP archive that holds some.": (
        "Aucune image n'y a été trouvée. Choisissez des fichiers d'images, ou une archive ZIP qui en contient."
    ),
    "These are {count:,} pictures; {most:,} can be taken at once. Split them into several batches.": (
        "Cela fait {count} images ; {most} au plus sont prises à la fois. Répartissez-les en plusieurs lots."
    ),
    "{name} holds no labels. Each line after the first should have a name and a label.": (
        "{name} ne contient pas d'étiquettes. Chaque ligne après la première doit avoir un nom et une étiquette."
    ),
    "{name} cannot be read as a CSV file ({error}).": "{name} ne peut être lu comme fichier CSV ({error}).",
    "{name} is larger than {limit} MB. Choose the file with the labels.": (
        "{name} dépasse {limit} Mo. Choisissez le fichier des étiquettes."
    ),
    "{name} needs a first line that names its columns, such as Id,Label or name,label.": (
        "La première ligne de {name} doit nommer ses colonnes, par exemple Id,Label ou name,label."
    ),
    "{name}, line {line}: a name and a label from 0 to 9 are needed there.": (
        "{name}, ligne {line} : il y faut un nom et une étiquette de 0 à 9."
    ),
    "Its name points out of the archive, so it was left alone.": (
        "Son nom mène hors de l'archive ; le fichier a été laissé de côté."
    ),
    "The archive unpacks to more than 2 GB, so it was not read to its end.": (
        "L'archive dépasse 2 Go une fois ouverte ; elle n'a pas été lue jusqu'au bout."
    ),
    "It cannot be unpacked ({error}).": "Le fichier ne peut être extrait de l'archive ({error}).",
    "It is larger than {limit} MB.": "Le fichier dépasse {limit} Mo.",
    "{path} should hold one array of numbers. Download it again.": (
        "{path} devrait contenir un tableau de nombres. Téléchargez-le de nouveau."
    ),
    "{path} holds an array of shape {shape}; (N, 128, 128) is needed.": (
        "{path} contient un tableau de forme {shape} ; il faut (N, 128, 128)."
    ),
    "{path} unpacks to more than {limit} MB. Split it into several files.": (
        "{path} dépasse {limit} Mo une fois décompressé. Répartissez-le en plusieurs fichiers."
    ),
    "{path} is a Git LFS pointer: a text that stands for the file. Fetch the file itself: git lfs pull": (
        "{path} est un pointeur Git LFS : un texte qui tient lieu du fichier. Récupérez le fichier lui-même : git "
        "lfs pull"
    ),
    "{path} holds {count} files; one array is needed. Unpack it, and choose that file.": (
        "{path} contient {count} fichiers ; il faut un seul tableau. Décompressez l'archive et choisissez ce fichier."
    ),
    "{path} has pixel values from {low} to {high}; 0 to 255, or 0 to 1, are needed. Undo any other scaling.": (
        "{path} a des pixels de {low} à {high} ; il faut de 0 à 255, ou de 0 à 1. Annulez toute autre mise à l'échelle."
    ),
    "{path} cannot be read ({reason}). Put the competition's own file there.": (
        "{path} ne peut être lu ({reason}). Mettez-y le fichier du concours."
    ),
    "{path} is not an array of numbers (a pickle or .npy), or holds more than that ({error}). It was not opened "
    "any further. Download it again from the competition.": (
        "{path} n'est pas un tableau de nombres (pickle ou .npy), ou contient autre chose ({error}). Il n'a pas "
        "été ouvert plus avant. Téléchargez-le de nouveau du site du concours."
    ),
    # Corrections
    "Choose the right digit, 0 to 9.": "Choisissez le bon chiffre, de 0 à 9.",
    "No more corrections can be kept here: the host has to clear some first.": (
        "Il n'y a plus de place ici pour des corrections : l'hôte doit d'abord en supprimer."
    ),
    "The correction cannot be kept ({reason}). Tell the host.": (
        "La correction ne peut être gardée ({reason}). Dites-le à l'hôte."
    ),
    # Models and runs
    "{title} has no trained weights in {folder}. Train it with: python train.py {name}": (
        "{title} n'a pas de poids entraînés dans {folder}. Entraînez-le par : python train.py {name}"
    ),
    "The models stopped, perhaps because memory ran out, and are being restarted. Please try again.": (
        "Les modèles se sont arrêtés, faute de mémoire peut-être, et redémarrent. Veuillez réessayer."
    ),
    "There is no model called {name!r}. Choose one of: {names}.": (
        "Aucun modèle ne s'appelle {name!r}. Choisissez parmi : {names}."
    ),
    "The ensemble needs two trained models or more in {folder}, where it finds {count}. Train another with train.py.": (
        "Il faut à l'ensemble au moins deux modèles entraînés dans {folder}, qui en contient {count}. "
        "Entraînez-en un autre par train.py."
    ),
    "The ensemble was chosen with {names}, which has no trained weights in {folder}. "
    "Train it, or choose again without it: python -m maxdigit calibrate": (
        "L'ensemble compte sur {names}, sans poids entraînés dans {folder}. Entraînez-le, ou choisissez de nouveau "
        "sans lui : python -m maxdigit calibrate"
    ),
    "There are no weights in {folder}. Restore them from the repository.": (
        "Il n'y a pas de poids dans {folder}. Restaurez-les depuis le dépôt."
    ),
    "{title} needs a package that cannot be loaded here ({reason}). Reinstall it: pip install -r requirements.txt": (
        "{title} a besoin d'un paquet qui ne peut être chargé ici ({reason}). Réinstallez-le : "
        "pip install -r requirements.txt"
    ),
    "{path} is missing, damaged, or not the file that was calibrated (its SHA-256 differs). Restore it from the "
    "repository or, if it was replaced on purpose, run: python -m maxdigit calibrate": (
        "{path} est absent, endommagé, ou n'est pas le fichier qui a été calibré (son SHA-256 diffère). Restaurez-le "
        "depuis le dépôt ou, s'il a été remplacé exprès, lancez : python -m maxdigit calibrate"
    ),
    "{path} is damaged ({error}). Restore it from the repository, or delete it and run: python -m maxdigit calibrate": (
        "{path} est endommagé ({error}). Restaurez-le depuis le dépôt, ou supprimez-le et lancez : python -m maxdigit "
        "calibrate"
    ),
    "The weights in {path} are missing, damaged, or of another model ({reason}). Restore them from the repository or "
    "train the model again with train.py.": (
        "Les poids dans {path} manquent, sont endommagés ou sont ceux d'un autre modèle ({reason}). Reprenez-les du "
        "dépôt ou entraînez de nouveau le modèle par train.py."
    ),
    "{path} cannot be read ({error}).": "{path} ne peut être lu ({error}).",
    "The weights in {path} may not be read by the user that runs this program. Let that user read them: chmod a+r": (
        "Les poids dans {path} ne peuvent être lus par l'utilisateur qui lance ce programme. Donnez-lui le droit "
        "de les lire : chmod a+r"
    ),
    "The weights in {path} are Git LFS pointers: texts that stand for the files. Fetch the files themselves: git "
    "lfs pull": (
        "Les poids dans {path} sont des pointeurs Git LFS : des textes qui tiennent lieu des fichiers. Récupérez "
        "les fichiers eux-mêmes : git lfs pull"
    ),
    "{path} cannot be read ({error}). Restore it from the repository.": (
        "{path} ne peut être lu ({error}). Restaurez-le depuis le dépôt."
    ),
    "{path} is not the original MNIST file (SHA-256 differs). Restore it from the repository.": (
        "{path} n'est pas le fichier MNIST d'origine (le SHA-256 diffère). Restaurez-le depuis le dépôt."
    ),
    "{path}, line {line}: not a full row of numbers. Delete that line.": (
        "{path}, ligne {line} : ce n'est pas une ligne entière de nombres. Supprimez-la."
    ),
    "{path} should have the columns {names}; run train.py again.": (
        "{path} devrait avoir les colonnes {names} ; relancez train.py."
    ),
    "{path} is damaged ({error}). Delete it and run: python -m maxdigit evaluate --write": (
        "{path} est endommagé ({error}). Supprimez-le et lancez : python -m maxdigit evaluate --write"
    ),
    "{path} is missing or damaged ({error}). Restore it from the repository, or train the model again.": (
        "{path} est absent ou endommagé ({error}). Restaurez-le depuis le dépôt, ou entraînez de nouveau le modèle."
    ),
    "A metrics.json lacks {name}. Restore it from the repository, or train the model again.": (
        "Il manque {name} à un metrics.json. Restaurez-le depuis le dépôt, ou entraînez de nouveau le modèle."
    ),
}
