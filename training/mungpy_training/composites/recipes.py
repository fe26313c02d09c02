"""The wanted proportions of each composite: deviations from the mean in standard deviations of the species."""

# The deviations and the temperament of each dog. The temperament has the order of AXES, and "" is unknown.
DOGS = {
    "long-nose": (
        {"nose_drop": 1.8},
        "outgoing,sensitive,independent,curious,energetic,loner",
    ),
    "short-nose": (
        {"nose_drop": -1.8},
        "outgoing,unflappable,dependent,curious,homebody,clingy",
    ),
    "wide-eyes": (
        {"eye_gap": 1.8},
        "shy,sensitive,dependent,aloof,homebody,clingy",
    ),
    "narrow-eyes": (
        {"eye_gap": -1.8},
        "shy,unflappable,independent,aloof,energetic,loner",
    ),
    "large-eyes": (
        {"eye_width": 2.0, "eye_height": 2.0},
        "outgoing,sensitive,dependent,curious,,clingy",
    ),
    "small-eyes": (
        {"eye_width": -1.8, "eye_height": -1.8},
        "shy,unflappable,independent,,homebody,loner",
    ),
    "round-eyes": (
        {"eye_width": -0.6, "eye_height": 1.1},
        "outgoing,sensitive,,curious,energetic,clingy",
    ),
    "slit-eyes": (
        {"eye_width": 1.0, "eye_height": -1.4},
        ",unflappable,independent,aloof,homebody,loner",
    ),
    "wide-mouth": (
        {"mouth_width": 1.8},
        "outgoing,unflappable,dependent,curious,energetic,clingy",
    ),
    "narrow-mouth": (
        {"mouth_width": -1.8},
        "shy,sensitive,independent,curious,homebody,",
    ),
    "broad-nose": (
        {"nose_width": 1.8, "nose_height": 0.8},
        "outgoing,unflappable,independent,aloof,homebody,clingy",
    ),
    "small-nose": (
        {"nose_width": -1.6, "nose_height": -1.2},
        "shy,sensitive,dependent,curious,energetic,clingy",
    ),
    "long-chin": (
        {"chin_drop": 1.2},
        "outgoing,,dependent,curious,energetic,loner",
    ),
    "short-chin": (
        {"chin_drop": -1.6},
        "shy,sensitive,dependent,aloof,homebody,loner",
    ),
    "high-eyes": (
        {"nose_drop": 1.3, "eye_gap": -1.2},
        ",,,,,",
    ),
    "low-eyes": (
        {"nose_drop": -1.3, "eye_gap": 1.2},
        "outgoing,sensitive,independent,aloof,energetic,clingy",
    ),
    "baby-face": (
        {"nose_drop": -1.3, "eye_width": 1.5, "eye_height": 1.5},
        "outgoing,unflappable,,,homebody,clingy",
    ),
}

# The zoom of heads that would fill more or less than about half of the picture.
ZOOM = {
    "baby-face": 0.85,
    "low-eyes": 0.94,
    "large-eyes": 0.95,
    "short-chin": 0.94,
    "long-chin": 1.08,
}

PERSONS = {
    "wide-set-eyes": {"eye_gap": 1.8},
    "close-set-eyes": {"eye_gap": -1.8},
    "long-nose": {"nose_drop": 1.8},
    "short-nose": {"nose_drop": -1.8},
    "broad-nose": {"nose_width": 1.8},
    "large-eyes": {"eye_width": 1.6, "eye_height": 1.6},
    "wide-mouth": {"mouth_width": 1.8},
}

# The columns of temperament in dogs.csv.
AXES = "sociability,sensitivity,dependence,curiosity,energy,closeness"
