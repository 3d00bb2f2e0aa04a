"""What the sample is made of: genres, planted segments, and the words of its titles, places and occupations.

Numbers of a planted segment are relative: an affinity of 1 is a clear liking, 0 is indifference, below 0 is avoidance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted segment.

    Args:
        share: of all users, in (0, 1).
        affinities: genre to liking; genres left out are indifferent.
        activity: median number of ratings, against the median of all (1 = the same).
        age: mean age in years.
        occupations: occupation to how many times as likely as elsewhere.
    """

    share: float
    affinities: Mapping[str, float]
    activity: float
    age: float
    occupations: Mapping[str, float]


PLANTED: Final = (
    Planted(
        0.35,
        {"Drama": 1.0, "Romance": 1.2, "Musical": 0.5, "Action": -0.6, "Horror": -0.8, "Sci-Fi": -0.5},
        1.0,
        41,
        {"teacher": 3, "nurse": 3, "administrator": 2},
    ),
    Planted(
        0.25,
        {"Action": 1.1, "Sci-Fi": 1.2, "Adventure": 0.9, "Romance": -0.7, "Musical": -0.6},
        1.25,
        29,
        {"programmer": 3, "engineer": 3, "student": 2},
    ),
    Planted(
        0.18,
        {"Animation": 1.2, "Family": 1.2, "Fantasy": 0.9, "Musical": 0.5, "Crime": -0.7, "Horror": -1.0},
        0.8,
        36,
        {"homemaker": 4, "teacher": 2, "nurse": 2},
    ),
    Planted(
        0.13,
        {"Horror": 1.2, "Thriller": 1.0, "Crime": 1.0, "Mystery": 1.0, "Family": -0.9, "Romance": -0.4},
        1.15,
        27,
        {"student": 3, "artist": 2, "salesperson": 2},
    ),
    Planted(
        0.09,
        {"Documentary": 1.4, "History": 1.2, "War": 0.8, "Animation": -0.6, "Fantasy": -0.6},
        0.9,
        53,
        {"retired": 4, "lawyer": 3, "writer": 3},
    ),
)

# Genre -> (how common, the genres it is usually paired with).
GENRES: Final[Mapping[str, tuple[float, tuple[str, ...]]]] = {
    "Drama": (18, ("Romance", "Crime", "History", "War", "Comedy")),
    "Comedy": (14, ("Romance", "Family", "Drama", "Action")),
    "Romance": (8, ("Drama", "Comedy", "Musical")),
    "Action": (9, ("Adventure", "Sci-Fi", "Thriller", "Crime")),
    "Adventure": (6, ("Action", "Fantasy", "Sci-Fi", "Family")),
    "Sci-Fi": (7, ("Action", "Adventure", "Thriller")),
    "Thriller": (7, ("Crime", "Mystery", "Action", "Horror")),
    "Crime": (6, ("Thriller", "Drama", "Mystery")),
    "Mystery": (4, ("Thriller", "Crime", "Horror")),
    "Horror": (6, ("Thriller", "Mystery")),
    "Animation": (6, ("Family", "Fantasy", "Comedy", "Musical")),
    "Family": (6, ("Animation", "Fantasy", "Adventure", "Comedy")),
    "Fantasy": (4, ("Adventure", "Family", "Animation")),
    "Musical": (3, ("Romance", "Comedy", "Family")),
    "Documentary": (8, ("History", "War")),
    "History": (4, ("Documentary", "Drama", "War")),
    "War": (3, ("History", "Drama", "Documentary")),
}

# Genre -> (adjectives, nouns) of its titles.
TITLE_WORDS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "Drama": (
        ("Quiet", "Borrowed", "Distant", "Unfinished", "Patient", "Fragile", "Northern", "Remembered"),
        ("Harvest", "Letter", "Orchard", "River", "Kitchen", "Winter", "Promise", "House", "Bridge", "Daughter"),
    ),
    "Comedy": (
        ("Reluctant", "Accidental", "Crooked", "Perfectly Good", "Unlikely", "Borrowed", "Second-Best", "Noisy"),
        ("Wedding", "Landlord", "Picnic", "Neighbor", "Parade", "Uncle", "Reunion", "Sandwich", "Detour", "Choir"),
    ),
    "Romance": (
        ("Tender", "Secret", "Last", "Golden", "Moonlit", "Faithful", "Sudden", "Summer"),
        ("Kiss", "Garden", "Waltz", "Promise", "Valentine", "Rendezvous", "Ribbon", "Bouquet", "Postcard", "Balcony"),
    ),
    "Action": (
        ("Iron", "Relentless", "Final", "Burning", "Rogue", "Hard", "Full", "Double"),
        (
            "Pursuit",
            "Convoy",
            "Strike",
            "Overdrive",
            "Vanguard",
            "Throttle",
            "Recoil",
            "Impact",
            "Squadron",
            "Breakout",
        ),
    ),
    "Adventure": (
        ("Lost", "Uncharted", "Emerald", "Hidden", "Southern", "Wild", "Great", "Forgotten"),
        ("Expedition", "Compass", "Island", "Caravan", "Summit", "Treasure", "Voyage", "Canyon", "Lagoon", "Map"),
    ),
    "Sci-Fi": (
        ("Quantum", "Orbital", "Silent", "Stellar", "Synthetic", "Outer", "Zero", "Parallel"),
        ("Signal", "Colony", "Horizon", "Protocol", "Nebula", "Machine", "Eclipse", "Satellite", "Frontier", "Gravity"),
    ),
    "Thriller": (
        ("Cold", "Sealed", "Perfect", "Blind", "Hollow", "Narrow", "Dangerous", "Sleepless"),
        ("Witness", "Corridor", "Alibi", "Deadline", "Tunnel", "Passenger", "Silence", "Contract", "Trap", "Motive"),
    ),
    "Crime": (
        ("Crooked", "Midnight", "Dirty", "Paper", "Silver", "Back-Alley", "Quick", "Honest"),
        (
            "Heist",
            "Ledger",
            "Syndicate",
            "Getaway",
            "Detective",
            "Vault",
            "Verdict",
            "Accomplice",
            "Racket",
            "Precinct",
        ),
    ),
    "Mystery": (
        ("Missing", "Locked", "Curious", "Veiled", "Vanishing", "Thirteenth", "Crimson", "Whispering"),
        ("Portrait", "Manor", "Clue", "Stranger", "Clock", "Staircase", "Cipher", "Inheritance", "Lantern", "Guest"),
    ),
    "Horror": (
        ("Haunted", "Hungry", "Buried", "Restless", "Shadowed", "Pale", "Creeping", "Forsaken"),
        ("Cellar", "Mirror", "Scarecrow", "Lullaby", "Asylum", "Fog", "Cabin", "Ghost", "Attic", "Moor"),
    ),
    "Animation": (
        ("Brave Little", "Tiny", "Flying", "Painted", "Sleepy", "Marvelous", "Runaway", "Bouncing"),
        ("Teapot", "Robot", "Penguin", "Balloon", "Dragon", "Acorn", "Otter", "Firefly", "Snowman", "Kite"),
    ),
    "Family": (
        ("Magical", "Lucky", "Best", "Backyard", "Muddy", "Wonderful", "Holiday", "Giant"),
        ("Puppy", "Treehouse", "Birthday", "Pony", "Grandpa", "Circus", "Cookie", "Camp", "Rescue", "Hamster"),
    ),
    "Fantasy": (
        ("Enchanted", "Elder", "Crystal", "Ninth", "Silver", "Thorned", "Sleeping", "Starlit"),
        ("Kingdom", "Sorcerer", "Crown", "Prophecy", "Griffin", "Forest", "Spell", "Throne", "Amulet", "Tower"),
    ),
    "Musical": (
        ("Dancing", "Velvet", "Broadway", "Sparkling", "Swinging", "Opening", "Encore", "Jubilant"),
        (
            "Serenade",
            "Chorus",
            "Melody",
            "Spotlight",
            "Ballroom",
            "Trumpet",
            "Overture",
            "Tango",
            "Curtain",
            "Songbird",
        ),
    ),
    "Documentary": (
        ("Living", "Hidden", "Deep", "Vanishing", "Ordinary", "Endless", "Working", "Rethought"),
        (
            "Glacier",
            "Reef",
            "Railway",
            "Museum",
            "Bakery",
            "Rainforest",
            "Archive",
            "Observatory",
            "Vineyard",
            "Desert",
        ),
    ),
    "History": (
        ("Imperial", "Ancient", "Fallen", "First", "Royal", "Bronze", "Revolutionary", "Lost"),
        ("Dynasty", "Republic", "Envoy", "Armada", "Cathedral", "Treaty", "Scribe", "Chronicle", "Palace", "Senate"),
    ),
    "War": (
        ("Long", "Northern", "Steel", "Fading", "Distant", "Frozen", "Unsung", "Last"),
        (
            "Battalion",
            "Armistice",
            "Outpost",
            "March",
            "Medic",
            "Trench",
            "Convoy",
            "Homecoming",
            "Regiment",
            "Telegram",
        ),
    ),
}
PLACES: Final = (
    "Lisbon",
    "Milan",
    "Harbor Point",
    "Juniper Hill",
    "Pine Valley",
    "Marlow Bay",
    "Port Amber",
    "Willow Creek",
)
# The first stands twice because it is the most usual.
TITLE_PATTERNS: Final = (
    "The {adjective} {noun}",
    "The {adjective} {noun}",
    "{adjective} {noun}",
    "{adjective} {noun} in {place}",
    "The {noun} of {place}",
)

OCCUPATIONS: Final = (
    "administrator", "artist", "engineer", "executive", "homemaker", "lawyer", "librarian", "nurse", "other",
    "programmer", "retired", "salesperson", "scientist", "student", "teacher", "technician", "writer",
)  # fmt: skip
GENDERS: Final = ("F", "M", "X")

# First three digits of US ZIP codes of cities in many states; the largest stand more than once.
ZIP_PREFIXES: Final = (
    "100", "100", "100", "112", "112", "104", "900", "900", "900", "921", "941", "951", "958", "937",
    "606", "606", "606", "770", "770", "782", "752", "752", "787", "850", "850", "857", "191", "191",
    "152", "322", "331", "331", "336", "432", "441", "462", "981", "981", "802", "200", "021", "021",
    "372", "381", "482", "972", "891", "402", "212", "532", "871", "641", "631", "303", "303", "681",
    "554", "701", "672", "968", "995", "276", "282", "731", "841", "061", "029", "031", "041", "054",
    "071", "198", "232", "253", "294", "352", "392", "503", "571", "581", "591", "722", "820", "837",
)  # fmt: skip
FOREIGN_ZIPS: Final = ("V6B 1A1", "K1A 0B1", "SW1A 1AA", "D02 X285", "1010 WIEN", "N0L 1G0", "75004-FR", "2000 NSW")
