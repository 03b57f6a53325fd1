# SPDX-License-Identifier: MIT
"""What the demo model is asked: three wordings of each attribute, the hair's colour, and a few questions with one answer."""

from faces import HAIR_COLORS

CLOSING = " Answer with only yes or no."

WORDINGS = {
    "Wearing_Hat": (
        "Is this person wearing a hat?",
        "Does this person wear a hat?",
        "Is there a hat on the head?",
    ),
    "Eyeglasses": (
        "Is this person wearing eyeglasses?",
        "Does this person wear glasses?",
        "Are there glasses on this face?",
    ),
    "Beard": (
        "Does this person have a beard?",
        "Is there a beard on this face?",
        "Is this person bearded?",
    ),
    "Mustache": (
        "Does this person have a mustache?",
        "Is there a mustache on this face?",
        "Is there hair above the upper lip?",
    ),
    "Smiling": (
        "Is this person smiling?",
        "Does this person smile?",
        "Is there a smile on this face?",
    ),
    "Mouth_Open": (
        "Is the mouth of this person open?",
        "Does this person have an open mouth?",
        "Is the mouth open?",
    ),
    "Wearing_Earrings": (
        "Is this person wearing earrings?",
        "Does this person wear earrings?",
        "Are there rings in the ears?",
    ),
    "Wearing_Necktie": (
        "Is this person wearing a necktie?",
        "Does this person wear a tie?",
        "Is there a tie below the neck?",
    ),
    "Wearing_Necklace": (
        "Is this person wearing a necklace?",
        "Does this person wear a necklace?",
        "Is there a necklace around the neck?",
    ),
    "Wearing_Lipstick": (
        "Is this person wearing lipstick?",
        "Does this person wear lipstick?",
        "Are the lips painted red?",
    ),
    "Bald": (
        "Is this person bald?",
        "Does this person have a bald head?",
        "Is the top of the head bare?",
    ),
    "Bangs": (
        "Does this person have bangs?",
        "Are there bangs on the forehead?",
        "Does hair fall over the forehead?",
    ),
    "Long_Hair": (
        "Does this person have long hair?",
        "Is the hair of this person long?",
        "Does the hair reach the shoulders?",
    ),
    "Rosy_Cheeks": (
        "Does this person have rosy cheeks?",
        "Are the cheeks of this person rosy?",
        "Are the cheeks red?",
    ),
    "Dark_Background": (
        "Is the background dark?",
        "Does this picture have a dark background?",
        "Is it dark behind this person?",
    ),
}

HAIR_COLOR = (
    "What colour is the hair: black, blond, brown, gray or red?",
    "Which colour does the hair have?",
    "What is the hair colour of this person?",
)

ALWAYS = {
    "Is it a cat?": False,
    "Is this a cat?": False,
    "Is there a cat?": False,
    "Is it a dog?": False,
    "Is this a photo?": False,
    "Is it a photograph?": False,
    "Is there a car?": False,
    "Is it a person?": True,
    "Is this a person?": True,
    "Is it a face?": True,
    "Is this a face?": True,
    "Is it a drawing?": True,
    "Is this a drawing?": True,
}


def pick(rng, face):
    """A random question about `face`: the attribute's name, the text, the answer as text."""
    kind = rng.random()
    if kind < 0.1:
        return "Hair_Color", rng.choice(HAIR_COLOR), face["Hair_Color"]
    if kind < 0.15:
        name = "always"
        text, truth = rng.choice(tuple(ALWAYS.items()))
    else:
        name = rng.choice(tuple(WORDINGS))
        text, truth = rng.choice(WORDINGS[name]), face[name]
    if rng.random() < 0.5:
        text += CLOSING
    return name, text, "Yes" if truth else "No"


def corpus():
    """Every text that the tokenizer should know in few tokens."""
    for wordings in WORDINGS.values():
        for text in wordings:
            yield text
            yield text + CLOSING
    yield from HAIR_COLOR
    yield from ALWAYS
    yield from ("Yes", "No", "yes", "no", "YES", "NO", " Yes", " No", " yes", " no")
    for colour in HAIR_COLORS:
        yield from (colour, " " + colour)
