"""Words for scenes: many phrasings in training, others in the held-out split, and the labels that the words carry."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np

from pixxelbot.bundled.scenes import (
    COLOURS,
    FRAMINGS,
    MOST,
    NOUNS,
    PLACES,
    RELATIONS,
    SCENERY,
    SETTINGS,
    SIZES,
    SOMETHING,
    STYLES,
    Scene,
    Split,
    Thing,
)

Word = TypeVar("Word")
Phrases = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""Value → its phrases in training, and those only of the held-out split."""

SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "cat": ("kitten", "kitty"),
    "dog": ("puppy", "hound"),
    "fox": ("vixen",),
    "rabbit": ("bunny", "hare"),
    "bear": ("teddy bear",),
    "pig": ("piglet",),
    "duck": ("duckling",),
    "turtle": ("tortoise",),
    "bee": ("bumblebee",),
    "fish": ("goldfish",),
    "boat": ("ship", "sailboat"),
    "car": ("automobile",),
    "airplane": ("plane", "aeroplane"),
    "bicycle": ("bike",),
    "bus": ("coach",),
    "ufo": ("flying saucer",),
    "rocket": ("rocket ship", "spaceship"),
    "house": ("cottage",),
    "castle": ("fortress", "palace"),
    "flower": ("blossom", "daisy"),
    "tree": ("oak", "pine"),
    "mushroom": ("toadstool",),
    "robot": ("android", "droid"),
    "ghost": ("spook",),
    "man": ("guy", "man's face", "portrait of a man"),
    "woman": ("lady", "woman's face", "portrait of a woman"),
    "wizard": ("sorcerer", "mage"),
    "smiley": ("smiley face", "smiling face"),
    "donut": ("doughnut",),
    "cake": ("birthday cake",),
    "ball": ("football",),
    "shirt": ("t-shirt",),
    "train": ("locomotive",),
    "umbrella": ("parasol",),
    "ice cream": ("ice cream cone",),
}
"""Noun → other words for it."""

PLURALS: Final[dict[str, str]] = {
    "fish": "fish",
    "butterfly": "butterflies",
    "man": "men",
    "woman": "women",
    "puppy": "puppies",
    "kitty": "kitties",
    "bunny": "bunnies",
    "strawberry": "strawberries",
    "octopus": "octopuses",
    "bus": "buses",
    "cactus": "cacti",
    "lady": "ladies",
    "cake": "cakes",
    "goldfish": "goldfish",
    "daisy": "daisies",
    "man's face": "men's faces",
    "woman's face": "women's faces",
    "portrait of a man": "portraits of a man",
    "portrait of a woman": "portraits of a woman",
    "something": "things",
}

_STRANGERS: Final = """
toaster submarine kangaroo hammer violin teapot cathedral giraffe laptop spoon camel skyscraper candle trumpet
zebra windmill helicopter sandwich chair lamp pencil crocodile wolf shark tractor telephone bridge sword volcano
carrot scarf snake mermaid pirate astronaut vampire bottle clock mirror camera piano ladder bucket broom cheese
spider parrot hedgehog statue fountain thing object gadget creature machine monument instrument tool vegetable toy
accordion alligator ambulance anchor ant antelope apron armchair arrow axe badger bag bagpipe barn barrel basket
bat bath beaver bed beetle bell bench bison blanket blender book boot bow bowl box bread brush bulldozer button
cabbage cabinet cable cage calculator canoe canyon carpet cart cassette caterpillar cauldron cave centaur
chameleon cheetah cherry chess chicken chimney church cigar cliff coat coconut coffee coffin coin comb computer
cookie corn couch cow crab crane cup curtain cyclops desk diamond dice dinosaur dishwasher dolphin donkey door
dragonfly drawer dress drill eagle egg eggplant elevator elf engine envelope factory fan fence ferret firework
flag flamingo flute fork forklift fridge fries gargoyle garlic gate glass glasses globe glove goat goblin gondola
goose grape grasshopper guitarist gun hamster harp hawk helmet hen hippo hockey honey hook horse hotdog hourglass
iceberg igloo iron jacket jaguar jar jellyfish jetpack juice kettlebell key keyboard kimono king kiwi knife knight
knot lama leaf leg lemon letter lettuce library lighter lily lizard lock log lollipop lynx mailbox mango map mask
match meteor mill mole monkey moose mop mosquito moth motorbike motorcycle mountain mouse museum nail necklace
needle nest ninja noodle nose nurse oar ogre olive onion orc orchid ostrich otter oven oyster paddle pan pancake
panther paper parachute peach peanut pear pelican pepper pigeon pillow pin pineapple pipe pitcher planet plate
plow plug plum pony popcorn potato pot pumpkin puppet purse puzzle python queen quilt raccoon radio radish raft
rake ram raven razor rhino ribbon rice ring river road rock rollercoaster rooster rope rug ruler saddle sailor
salad salmon saw saxophone scale school scissors scorpion screw seal seahorse shell shelf shield shoe shovel
shower shrimp sink skateboard skeleton skull skunk sled slide slipper sloth snail soap sock sofa soldier soup
spaghetti sparrow speaker sponge squid stadium stairs stapler steak stone stool stove straw suitcase surfboard
swan swing table tank tap taxi teacher teddy telescope television tiger tire tissue toad toilet tomato toothbrush
tornado towel tower toybox tray troll trolley trophy tuba tulip tv unicycle vacuum van vase vest viking vulture
waffle wagon wall wallet walnut wand watch waterfall watermelon wheel whistle wig willow window wine witch
wolverine wombat worm wrench xylophone yacht yak yoyo zeppelin zombie
"""
STRANGERS: Final[tuple[str, ...]] = tuple(_STRANGERS.split())
"""Nouns outside the vocabulary that training shows as the abstract mark."""

UNSEEN_STRANGERS: Final[tuple[str, ...]] = (
    *("typewriter", "walrus", "cello", "kettle", "gorilla", "scooter", "backpack", "peacock", "lantern", "anvil"),
    *("hamburger", "koala", "drum", "pyramid", "wardrobe", "squirrel", "microscope", "compass", "cowboy", "lobster"),
)
"""Nouns outside the vocabulary that only the held-out split uses."""

_SYLLABLES: Final = (
    *("zor", "bla", "fli", "quo", "mip", "dra", "nax", "vel", "plu", "gor", "tri", "wub", "ska", "lem", "yon", "pex"),
)
_UNSEEN_SYLLABLES: Final = ("kru", "jol", "vix", "bom", "thra", "nie", "ush", "gly", "fap", "dorn")

_ADJECTIVES: Final = """
cute lovely beautiful majestic friendly happy cheerful funny pretty charming ancient angry big-eyed bold bored
brave bright-eyed broken busy calm careful chubby classic clean clever clumsy cold colourful cool crazy curious
daring delicate dirty dreamy dusty elderly enchanted epic evil excited faithful famous fancy fast fat fearless
fierce floating fluffy foolish fresh frozen furry gentle ghostly glad glossy glowing graceful grand greedy grumpy
hairy handsome heavy heroic holy hungry icy intricate jealous kind lazy legendary lively lonely lost loud lucky
magical mighty modern mysterious mystical neat nervous new noble old ornate peaceful playful polite poor powerful
proud quick quiet rare realistic rich royal rusty sad scary serious shiny shy silent silly simple sleeping sleepy
slow smart smiling smooth soft spooky stylish strange strong sturdy sunny super surprised sweet swift tall tidy
tired tough tropical ugly unusual vintage warm weird wet wild wise wonderful worried young
"""
ADJECTIVES: Final[tuple[tuple[str, ...], tuple[str, ...]]] = (
    tuple(_ADJECTIVES.split()),
    ("adorable", "delightful", "whimsical", "jolly", "elegant"),
)
"""Words for a thing that change nothing in the picture: in training, held out."""

COLOUR_WORDS: Final[Phrases] = {
    "red": (("red", "red", "red", "bright red", "scarlet", "red coloured"), ("vivid red", "red-coloured")),
    "orange": (("orange", "orange", "bright orange", "orange coloured"), ("vivid orange", "orange-coloured")),
    "yellow": (
        ("yellow", "yellow", "yellow", "bright yellow", "golden", "yellow coloured"),
        ("vivid yellow", "yellow-coloured"),
    ),
    "green": (
        ("green", "green", "green", "bright green", "emerald", "green coloured"),
        ("vivid green", "green-coloured"),
    ),
    "blue": (("blue", "blue", "blue", "bright blue", "azure", "blue coloured"), ("vivid blue", "blue-coloured")),
    "purple": (
        ("purple", "purple", "purple", "bright purple", "violet", "purple coloured"),
        ("vivid purple", "purple-coloured"),
    ),
    "pink": (("pink", "pink", "pink", "bright pink", "rosy", "pink coloured"), ("vivid pink", "pink-coloured")),
    "brown": (("brown", "brown", "chocolate brown", "brown coloured"), ("deep brown", "brown-coloured")),
    "white": (("white", "white", "snow-white", "white coloured"), ("pure white", "white-coloured")),
    "black": (("black", "black", "jet-black", "black coloured"), ("pure black", "black-coloured")),
}

SIZE_WORDS: Final[Phrases] = {
    "small": (("small", "little", "tiny", "miniature"), ("very small", "really tiny")),
    "large": (("large", "big", "huge", "giant"), ("very large", "really big")),
}

COUNT_WORDS: Final[Phrases] = {
    "2": (("two", "2", "a pair of"), ("exactly two",)),
    "3": (("three", "3"), ("exactly three",)),
    "4": (("four", "4"), ("exactly four",)),
}

PLACE_WORDS: Final[Phrases] = {
    "left": (
        ("on the left", "on the left side", "to the left", "at left", "in the left part"),
        ("in the left half", "placed left"),
    ),
    "right": (
        ("on the right", "on the right side", "to the right", "at right", "in the right part"),
        ("in the right half", "placed right"),
    ),
    "top": (
        ("at the top", "in the upper part", "in the upper half", "high up"),
        ("in the top half", "placed at the top"),
    ),
    "bottom": (
        ("at the bottom", "in the lower part", "in the lower half", "low down"),
        ("in the bottom half", "placed at the bottom"),
    ),
    "centre": (
        ("in the centre", "in the center", "in the middle", "exactly in the middle", "centred"),
        ("just in the middle", "placed in the centre"),
    ),
}

RELATION_WORDS: Final[Phrases] = {
    "left of": (("left of", "to the left of", "on the left of"), ("on the left side of", "standing left of")),
    "right of": (("right of", "to the right of", "on the right of"), ("on the right side of", "standing right of")),
    "above": (("above", "over", "on top of", "higher than"), ("directly above", "high above")),
}

SETTING_WORDS: Final[Phrases] = {
    "day": (
        (
            "in the daytime",
            "by day",
            "on a sunny day",
            "under a blue sky",
            "in a meadow",
            "in the countryside",
            "in a garden",
            "in daylight",
        ),
        ("in broad daylight", "on a bright day", "on a meadow under a clear sky"),
    ),
    "night": (
        (
            "at night",
            "at nighttime",
            "under the night sky",
            "in the moonlight",
            "under the stars",
            "by night",
            "under a full moon",
            "under the stars and the moon",
        ),
        ("in the dark of night", "on a starry night", "under the moon and stars"),
    ),
    "sunset": (
        (
            "at sunset",
            "at dusk",
            "in the evening light",
            "during a golden sunset",
            "as the sun goes down",
            "before the setting sun",
            "against a setting sun",
        ),
        ("while the sun goes down", "in a glowing sunset", "against the setting sun"),
    ),
    "sea": (
        ("at sea", "by the sea", "on the ocean", "on the sea", "on a lake", "among the waves", "on the water"),
        ("in the open sea", "out on the ocean waves", "with the sea behind"),
    ),
    "forest": (
        ("in a forest", "in the woods", "in the forest", "among the trees", "in the jungle"),
        ("deep in a forest", "in a dense green forest", "surrounded by woods"),
    ),
    "snow": (
        (
            "in the snow",
            "in winter",
            "in a snowy landscape",
            "on a snowy day",
            "in falling snow",
            "on ground covered in snow",
        ),
        ("in a winter landscape", "on snow-covered ground", "in deep snow"),
    ),
    "city": (
        (
            "in the city",
            "in a city",
            "in town",
            "on a city street",
            "in front of the skyline",
            "downtown",
            "in a large city",
        ),
        ("in a big city", "among city buildings", "with a city skyline behind"),
    ),
    "desert": (
        ("in the desert", "in a desert", "among sand dunes", "on the sand", "in a sandy desert"),
        ("in the hot desert", "between desert dunes", "in a desert of sand"),
    ),
    "indoors": (
        ("indoors", "in a room", "in the living room", "at home", "inside", "in an indoor setting"),
        ("in an indoor scene", "in a cosy living room", "standing in a room"),
    ),
} | {
    f"plain {colour}": (
        (
            f"on a {colour} background",
            f"on a plain {colour} background",
            f"against a {colour} background",
            f"on {colour}",
            f"{colour} background",
            f"with a {colour} backdrop",
        ),
        (f"in front of a {colour} background", f"with a solid {colour} backdrop"),
    )
    for colour in ("white", "blue", "yellow", "pink", "green", "black")
}

STYLE_WORDS: Final[Phrases] = {
    "flat": (
        ("flat illustration", "flat style", "flat design", "flat vector art", "vector illustration", "cartoon"),
        ("flat vector style", "simple flat illustration"),
    ),
    "outline": (
        ("outline drawing", "line art", "outline style", "drawn in ink", "line drawing", "outline", "pencil sketch"),
        ("clean line art", "ink drawing"),
    ),
    "pixel art": (
        ("pixel art", "8-bit pixel art", "pixel art style", "16-bit pixel art", "pixelart"),
        ("retro pixel art", "blocky pixel art"),
    ),
    "watercolour": (
        ("watercolour", "watercolor painting", "watercolour style", "watercolor", "watercolour painting"),
        ("soft watercolor art", "loose watercolour painting"),
    ),
    "neon": (
        ("neon", "neon style", "neon lights", "glowing neon", "neon sign", "neon art"),
        ("neon glow art", "bright neon style"),
    ),
}

STYLE_DETAILS: Final[dict[str, tuple[str, ...]]] = {
    "outline": ("black ink", "clean lines", "no shading", "white paper", "monochrome", "fine hatching"),
    "pixel art": ("limited palette", "crisp square pixels", "game sprite", "careful dithering"),
    "watercolour": ("soft washes", "bleeding edges", "paper texture", "soft translucent washes"),
    "neon": ("purple and cyan glow", "neon grid", "glowing lines", "synthwave"),
}
"""Style → what language models like to say beside it."""

OTHER_STYLES: Final[tuple[tuple[str, ...], tuple[str, ...]]] = (
    (
        *("oil painting", "anime illustration", "3d render", "photograph", "comic book panel", "low poly art"),
        *("impressionist painting", "claymation", "art deco poster", "storybook illustration", "cyberpunk", "photo"),
        *(
            "charcoal drawing",
            "papercut art",
            "stained glass",
            "film noir still",
            "isometric illustration",
            "steampunk",
        ),
    ),
    ("gouache painting", "manga panel", "cgi", "woodcut", "pop art poster", "crayon drawing"),
)
"""Styles that the painter does not have; what they are said of is painted flat. In training, held out."""

FRAMING_WORDS: Final[Phrases] = {
    "close-up": (("close-up", "closeup", "extreme close-up"), ("tight close-up", "very close-up view")),
    "wide": (("wide shot", "wide view", "far away"), ("wide-angle view", "seen from far away")),
}

DETAILS: Final[tuple[tuple[str, ...], tuple[str, ...]]] = (
    (
        *(
            "highly detailed",
            "detailed",
            "soft lighting",
            "vibrant colors",
            "crisp edges",
            "digital art",
            "sharp focus",
        ),
        *("beautiful composition", "cinematic", "4k", "high quality", "masterpiece", "trending on artstation"),
        *("rich colours", "intricate details", "dramatic lighting", "best quality", "professional", "clean shapes"),
        *("concept art", "award winning", "cheerful mood", "storybook mood", "depth of field"),
    ),
    (
        *("ultra detailed", "gentle lighting", "8k resolution", "balanced composition", "stunning", "fine details"),
        *("warm atmosphere", "carefully composed", "crystal clear", "expressive", "polished", "eye-catching"),
    ),
)
"""What language models add to prompts; says nothing that the painter paints: in training, held out."""

REQUESTS: Final[tuple[tuple[str, ...], tuple[str, ...]]] = (
    (
        "draw",
        "paint",
        "draw me",
        "please draw",
        "make a picture of",
        "a picture of",
        "an image of",
        "an illustration of",
    ),
    ("create an image showing", "can you paint", "i would like to see", "generate"),
)

FLAWS: Final[tuple[str, ...]] = (
    *(
        "blurry",
        "low quality",
        "ugly",
        "deformed",
        "bad anatomy",
        "worst quality",
        "watermark",
        "text",
        "jpeg artifacts",
    ),
    *("noisy", "distorted", "cropped", "out of focus", "signature", "bad art", "poorly drawn", "extra limbs"),
)
"""What negative prompts are full of; the painter never paints it."""

ADJECTIVE_SAID: Final = 0.25
"""Share of things that are called something that changes nothing."""
DISTURBED: Final = 0.35
"""Share of captions that `disturbed` changes."""
_ENDINGS: Final = ("", "", "", "", "ed", "ing", "ly", "ish", "y", "-like", "ful", "al")

STYLE_SAID: Final = 0.35
"""Share of captions of the flat style that name it; every other style is always named."""
OTHER_STYLE_SAID: Final = 0.12
"""Share of captions of the flat style that ask for a style that the painter does not have."""


def caption(scene: Scene, rng: np.random.Generator, split: Split) -> str:
    """What a member, or a language model for them, might have written to get `scene`; names all its attributes."""
    sentence = _pick(rng, (_spoken, _spoken, _listed, _bare))(scene, rng, split)
    return sentence.capitalize() + "." if rng.random() < 0.1 else sentence


def disturbed(sentence: str, rng: np.random.Generator) -> str:
    """Some captions with made-up words in between, which say nothing.

    So only a noun that is missing otherwise makes the abstract mark, and not every word that nobody knows.
    """
    if rng.random() >= DISTURBED:
        return sentence
    words = sentence.split(" ")
    for _ in range(int(rng.integers(1, 5))):
        words.insert(int(rng.integers(len(words) + 1)), _made_up(rng))
    return " ".join(words)


def _made_up(rng: np.random.Generator) -> str:
    pairs = [_pick(rng, tuple("bcdfghjklmnprstvwxz")) + _pick(rng, tuple("aeiouy")) for _ in range(rng.integers(1, 4))]
    closed = _pick(rng, ("", "n", "r", "s", "t", "l", "d", "nt", "st", "ck"))
    return "".join(pairs) + closed + _pick(rng, _ENDINGS)


def nothing(rng: np.random.Generator, split: Split) -> str:
    """Words that say nothing about the picture: empty, praise or flaws; for the captions that guidance drops."""
    words = (*_of(DETAILS, split), *FLAWS)
    chosen = rng.choice(len(words), size=int(rng.integers(1, 6)), replace=False)
    return "" if rng.random() < 0.5 else ", ".join(words[place] for place in chosen)


def labels(scene: Scene) -> dict[str, int]:
    """The class of each slot that `SLOTS` names: 0 is none or unsaid, otherwise 1 + the index in the vocabulary."""
    found = dict.fromkeys(SLOTS, 0)
    for place, thing in enumerate(scene.things):
        found[f"noun_{place}"] = _label(NOUNS, thing.noun)
        found[f"colour_{place}"] = _label(COLOURS, thing.colour)
        found[f"size_{place}"] = _label(SIZES, thing.size)
        found[f"count_{place}"] = thing.count
    found["relation"] = _label(RELATIONS, scene.relation)
    found["place"] = _label(PLACES, scene.place)
    found["setting"] = _label(SETTINGS, scene.setting)
    found["style"] = _label(STYLES, scene.style)
    found["framing"] = _label(FRAMINGS, scene.framing)
    return found


THINGS: Final = 3
"""Slots for things in `labels`."""

SLOTS: Final[dict[str, int]] = {
    f"{name}_{place}": 1 + classes
    for place in range(THINGS)
    for name, classes in (("noun", len(NOUNS)), ("colour", len(COLOURS)), ("size", len(SIZES)), ("count", MOST))
} | {
    "relation": 1 + len(RELATIONS),
    "place": 1 + len(PLACES),
    "setting": 1 + len(SETTINGS),
    "style": 1 + len(STYLES),
    "framing": 1 + len(FRAMINGS),
}
"""Slot → number of its classes, with 0 for none."""


def _label(vocabulary: tuple[str, ...], value: str | None) -> int:
    return 0 if value is None else 1 + vocabulary.index(value)


def _pick(rng: np.random.Generator, choices: tuple[Word, ...]) -> Word:
    return choices[int(rng.integers(len(choices)))]


def _of(words: tuple[tuple[str, ...], tuple[str, ...]], split: Split) -> tuple[str, ...]:
    return words[0] if split == "train" else words[1]


def _said(phrases: Phrases, value: str | None, rng: np.random.Generator, split: Split) -> str:
    return "" if value is None else _pick(rng, _of(phrases[value], split))


def _joined(*parts: str, by: str = " ") -> str:
    return by.join(part for part in parts if part)


def _stranger(rng: np.random.Generator, split: Split) -> str:
    """A noun that the vocabulary lacks: a real one, or one that nobody has heard of."""
    if rng.random() < 0.65:
        return _pick(rng, STRANGERS if split == "train" else UNSEEN_STRANGERS)
    syllables = _SYLLABLES if split == "train" else _UNSEEN_SYLLABLES
    return "".join(_pick(rng, syllables) for _ in range(int(rng.integers(2, 4))))


def _noun(thing: Thing, rng: np.random.Generator, split: Split) -> str:
    if thing.noun == SOMETHING:
        return _stranger(rng, split)
    if thing.noun in SYNONYMS and rng.random() < 0.2:
        return _pick(rng, SYNONYMS[thing.noun])
    return thing.noun


def plural(noun: str) -> str:
    """More than one of `noun`."""
    if noun in PLURALS:
        return PLURALS[noun]
    return noun + "es" if noun.endswith(("s", "sh", "ch", "x", "o")) else noun + "s"


def _thing_words(thing: Thing, rng: np.random.Generator, split: Split, *, article: bool) -> str:
    noun = _noun(thing, rng, split)
    adjective = _pick(rng, _of(ADJECTIVES, split)) if rng.random() < ADJECTIVE_SAID else ""
    size, colour = _said(SIZE_WORDS, thing.size, rng, split), _said(COLOUR_WORDS, thing.colour, rng, split)
    if thing.count > 1:
        return _joined(_said(COUNT_WORDS, str(thing.count), rng, split), size, adjective, colour, plural(noun))
    words = _joined(size, adjective, colour, noun)
    if not article:
        return words
    return ("the " if rng.random() < 0.08 else "an " if words[0] in "aeiou" else "a ") + words


def _things_words(scene: Scene, rng: np.random.Generator, split: Split, *, article: bool = True) -> str:
    told = [_thing_words(thing, rng, split, article=article) for thing in scene.things]
    if scene.relation is not None:
        return f"{told[0]} {_said(RELATION_WORDS, scene.relation, rng, split)} {told[1]}"
    if len(told) == 1:
        return told[0]
    binder = _pick(rng, (" and ", " next to ", " with ", " beside ")) if len(told) == 2 else " and "
    return ", ".join(told[:-1]) + binder + told[-1]


def _style_words(scene: Scene, rng: np.random.Generator, split: Split) -> str:
    chance = rng.random()
    if scene.style == "flat" and chance >= STYLE_SAID:
        return _pick(rng, _of(OTHER_STYLES, split)) if chance < STYLE_SAID + OTHER_STYLE_SAID else ""
    return _said(STYLE_WORDS, scene.style, rng, split)


def _framed(things: str, scene: Scene, rng: np.random.Generator, split: Split) -> str:
    """Things with the framing said: `a close-up of a fox`, `a fox, far away`."""
    framing = _said(FRAMING_WORDS, scene.framing, rng, split)
    if not framing:
        return things
    if framing.endswith("far away"):
        return f"{things}, {framing}"
    return _joined("a" if rng.random() < 0.4 and framing[0] not in "e" else "", framing, "of", things)


def _spoken(scene: Scene, rng: np.random.Generator, split: Split) -> str:
    """A sentence: `a close-up of a red fox at night, pixel art`."""
    subject = _joined(
        _framed(_things_words(scene, rng, split), scene, rng, split), _said(PLACE_WORDS, scene.place, rng, split)
    )
    setting, style = _said(SETTING_WORDS, scene.setting, rng, split), _style_words(scene, rng, split)
    order = rng.random()
    if setting and order < 0.2:
        return _joined(f"{setting}, {subject}", style, by=", ")
    comma = bool(setting) and (
        order < 0.35 or (setting.endswith(" background") and setting[:3] not in ("on ", "aga", "in "))
    )
    subject = _joined(subject, setting, by=", " if comma else " ")
    if rng.random() < 0.25:
        return _joined(f"{_pick(rng, _of(REQUESTS, split))} {subject}", style, by=", ")
    return _styled(subject, style, rng)


def _styled(subject: str, style: str, rng: np.random.Generator) -> str:
    """A subject with its style said before or after it."""
    if not style:
        return subject
    ways = (f"{subject}, {style}", f"{style}: {subject}", f"{subject} in {style}", f"{style} of {subject}")
    is_noun = style.endswith(
        ("drawing", "art", "illustration", "painting", "sketch", "sign", "render", "photograph", "still")
    )
    return _pick(rng, ways if is_noun else ways[:3])


def _parts(scene: Scene, rng: np.random.Generator, split: Split, *, article: bool) -> list[str]:
    parts = [
        _joined(_things_words(scene, rng, split, article=article)),
        _said(FRAMING_WORDS, scene.framing, rng, split),
        _said(PLACE_WORDS, scene.place, rng, split),
        _said(SETTING_WORDS, scene.setting, rng, split),
        _style_words(scene, rng, split),
    ]
    return [part for part in parts if part]


def _listed(scene: Scene, rng: np.random.Generator, split: Split) -> str:
    """As language models write: `a red fox, at night, pixel art, highly detailed, sharp focus`."""
    parts = _parts(scene, rng, split, article=rng.random() < 0.7)
    details = (*_of(DETAILS, split), *STYLE_DETAILS.get(scene.style, ()))
    extra = [details[place] for place in rng.choice(len(details), size=int(rng.integers(1, 7)), replace=False)]
    if rng.random() < 0.5:
        rest = [*parts[1:], *extra]
        return ", ".join([parts[0], *(rest[place] for place in rng.permutation(len(rest)))])
    return ", ".join([*parts, *extra])


def _bare(scene: Scene, rng: np.random.Generator, split: Split) -> str:
    """As members in a hurry write: `red fox, night`."""
    style = _style_words(scene, rng, split)
    things = _things_words(scene, rng, split, article=False)
    if style and rng.random() < 0.5:
        things, style = f"{style} {things}", ""
    parts = (
        things,
        _said(FRAMING_WORDS, scene.framing, rng, split),
        _said(PLACE_WORDS, scene.place, rng, split),
        _short_setting(scene, rng, split),
        style,
    )
    return _joined(*parts, by=_pick(rng, (", ", ", ", " ")))


def _short_setting(scene: Scene, rng: np.random.Generator, split: Split) -> str:
    """A setting in one word, where one word does."""
    if scene.setting in SCENERY and rng.random() < 0.6:
        return scene.setting
    return _said(SETTING_WORDS, scene.setting, rng, split)
