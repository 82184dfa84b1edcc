# ruff: noqa: E501 - a table reads best with one entry a line
"""The words that the rules know. Every table is hand-written; an entry is a whole word or phrase."""

from typing import NamedTuple

from dreamcut.models import AssetKind, Intent
from dreamcut.prompt.model import AssetRole


class Deliverable(NamedTuple):
    """A kind of piece and what it is made as."""

    name: str
    intent: Intent
    phrases: tuple[str, ...]


DELIVERABLES = (
    Deliverable("trailer", Intent.VIDEO, ("trailer", "trailers")),
    Deliverable("teaser", Intent.VIDEO, ("teaser", "teasers", "sizzle reel", "sizzle")),
    Deliverable("music video", Intent.VIDEO, ("music video", "lyric video", "music clip", "videoclip")),
    Deliverable(
        "ad",
        Intent.VIDEO,
        ("ad", "ads", "advert", "adverts", "advertisement", "commercial", "commercials", "tv spot", "promo",
         "promo video", "promotional video", "product launch video", "ad campaign"),
    ),
    Deliverable("explainer", Intent.VIDEO, ("explainer", "explainer video", "how to video", "tutorial", "walkthrough")),
    Deliverable("product demo", Intent.VIDEO, ("product demo", "demo video", "product showcase", "product video", "unboxing")),
    Deliverable("highlights", Intent.VIDEO, ("highlights", "highlight reel", "highlights reel", "highlight video", "recap", "aftermovie", "wrap up video")),
    Deliverable("documentary", Intent.VIDEO, ("documentary", "mini documentary", "docuseries", "short documentary")),
    Deliverable("short film", Intent.VIDEO, ("short film", "film", "movie")),
    Deliverable("vlog", Intent.VIDEO, ("vlog", "ugc video", "ugc", "testimonial", "testimonial video")),
    Deliverable("meme", Intent.VIDEO, ("meme", "memes", "meme video")),
    Deliverable("presentation", Intent.VIDEO, ("presentation", "pitch video", "corporate video", "company video", "training video")),
    Deliverable("podcast clip", Intent.VIDEO, ("podcast clip", "podcast clips", "audiogram", "podcast highlight")),
    Deliverable("anime", Intent.VIDEO, ("anime", "anime opening", "amv")),
    Deliverable("logo animation", Intent.VIDEO, ("logo animation", "logo sting", "logo reveal", "animated logo", "ident")),
    Deliverable("slideshow", Intent.VIDEO, ("slideshow", "slide show", "photo montage")),
    Deliverable("reel", Intent.VIDEO, ("showreel", "demo reel", "reel")),
    Deliverable("intro", Intent.VIDEO, ("intro video", "video intro", "opening titles", "title sequence")),
    Deliverable("video", Intent.VIDEO, ("video", "videos", "clip", "animation", "edit", "montage")),
    Deliverable("poster", Intent.IMAGE, ("poster", "posters", "flyer", "billboard", "banner")),
    Deliverable("thumbnail", Intent.IMAGE, ("thumbnail", "thumbnails", "cover image", "cover art", "album cover", "book cover")),
    Deliverable("logo", Intent.IMAGE, ("logo", "icon", "wordmark")),
    Deliverable("illustration", Intent.IMAGE, ("illustration", "artwork", "painting", "drawing", "wallpaper", "key art", "concept art", "infographic", "collage")),
    Deliverable("image", Intent.IMAGE, ("image", "images", "picture", "photo", "photos")),
    Deliverable("podcast", Intent.AUDIO, ("podcast", "podcast episode", "podcast intro", "radio show")),
    Deliverable("jingle", Intent.AUDIO, ("jingle", "radio spot", "radio ad", "audio ad", "ringtone")),
    Deliverable("song", Intent.AUDIO, ("song", "track", "remix", "mixtape", "soundtrack", "score", "playlist")),
    Deliverable("music", Intent.AUDIO, ("music", "instrumental", "background music")),
    Deliverable("meditation", Intent.AUDIO, ("meditation audio", "guided meditation", "meditation")),
    Deliverable("audio", Intent.AUDIO, ("audiobook", "sound design", "audio")),
)  # fmt: skip


# These name nearly anything: a more telling word wins over them.
GENERIC_DELIVERABLES = {"video", "image", "audio", "short film", "reel", "song", "music", "logo", "intro"}


class Platform(NamedTuple):
    """Where it will play, the shape it plays, the longest upload and the level it plays at.

    Lengths come second-hand from vendors' guides of 2025; they change often. Levels: streaming commonly plays at
    -14 LUFS, Apple podcasts at -16, European broadcast at -23 (EBU R128).
    """

    name: str
    phrases: tuple[str, ...]
    aspect_ratio: str | None = None
    longest_seconds: float | None = None
    lufs: float | None = None


PLATFORMS = (
    Platform("YouTube Shorts", ("youtube shorts", "youtube short", "yt shorts", "shorts"), "9:16", 180, -14),
    Platform("TikTok", ("tiktok", "tik tok", "tiktoks"), "9:16", 3600, -14),
    Platform("Instagram Reels", ("instagram reels", "instagram reel", "ig reel", "ig reels", "insta reel", "reels"), "9:16", 180, -14),
    Platform("Instagram Stories", ("instagram stories", "instagram story", "insta story", "ig story", "ig stories"), "9:16", 60, -14),
    Platform("Snapchat", ("snapchat", "snap ad"), "9:16", None, -14),
    Platform("Instagram", ("instagram", "insta", "ig feed", "instagram feed", "instagram post"), "4:5", None, -14),
    Platform("YouTube", ("youtube", "you tube"), "16:9", None, -14),
    Platform("Vimeo", ("vimeo",), "16:9"),
    Platform("LinkedIn", ("linkedin",), None, 900, -14),
    Platform("Facebook", ("facebook", "fb feed"), None, None, -14),
    Platform("X", ("twitter", "x.com"), None, 140, -14),
    Platform("cinema", ("cinema", "cinemas", "movie theater", "movie theatre", "theatrical", "in theaters", "in theatres"), None),
    Platform("television", ("television", "tv", "broadcast"), "16:9", None, -23),
    Platform("Spotify", ("spotify",), None, None, -14),
    Platform("Apple Podcasts", ("apple podcasts", "apple podcast"), None, None, -16),
)  # fmt: skip

RATIO_WORDS = {
    "9:16": ("vertical", "portrait mode", "portrait format", "portrait video", "upright", "phone format", "for phones", "mobile first"),
    "1:1": ("square", "square format"),
    "16:9": ("widescreen", "wide screen", "landscape format", "landscape mode", "landscape video", "horizontal"),
    "2.39:1": ("cinemascope", "scope format", "anamorphic"),
    "21:9": ("ultrawide", "ultra wide"),
}  # fmt: skip

SIZE_WORDS: dict[str, tuple[int | None, int | None]] = {
    "8K": (7680, 4320),
    "4K": (3840, 2160),
    "UHD": (3840, 2160),
    "2K": (2560, 1440),
    "QHD": (2560, 1440),
    "full HD": (1920, 1080),
    "FHD": (1920, 1080),
}

STYLES = {
    "cinematic": ("cinematic", "cinematographic", "filmic", "movie like", "film look", "hollywood"),
    "minimalist": ("minimalist", "minimal", "minimalistic"),
    "documentary": ("documentary style", "fly on the wall", "verite"),
    "vintage": ("vintage", "retro", "old school", "vhs", "super 8", "8mm", "nostalgic look"),
    "film noir": ("noir", "film noir"),
    "black and white": ("black and white", "black & white", "b&w", "monochrome"),
    "animated": ("animated", "2d animation", "3d animation", "motion graphics", "stop motion", "claymation"),
    "anime": ("anime", "manga", "ghibli"),
    "hand-held": ("handheld", "hand held", "shaky cam"),
    "neon": ("neon", "neon lit", "neon soaked"),
    "pastel": ("pastel", "pastels"),
    "glitch": ("glitch", "glitchy"),
    "pixel art": ("pixel art", "8 bit", "16 bit"),
    "realistic": ("photorealistic", "realistic", "lifelike"),
    "luxury": ("luxury", "luxurious", "premium", "high end", "elegant", "sleek"),
    "gritty": ("gritty", "grungy", "grunge"),
    "low-key": ("low key lighting", "chiaroscuro"),
    "surreal": ("surreal", "dreamlike", "dreamy", "psychedelic"),
    "modern": ("modern", "contemporary"),
    "slow motion": ("slow motion", "slow mo", "slowmo"),
    "time-lapse": ("time lapse", "timelapse", "hyperlapse"),
}

MOODS = {
    "dark": ("dark", "darker"),
    "moody": ("moody", "brooding", "atmospheric"),
    "tense": ("tense", "suspenseful", "gripping", "thrilling", "ominous"),
    "dramatic": ("dramatic", "intense"),
    "epic": ("epic", "heroic", "grand"),
    "mysterious": ("mysterious", "enigmatic", "eerie"),
    "scary": ("scary", "creepy", "terrifying", "spooky"),
    "energetic": ("energetic", "upbeat", "high energy", "fast paced", "dynamic", "punchy", "lively", "hype"),
    "happy": ("happy", "cheerful", "joyful", "feel good", "uplifting", "sunny"),
    "playful": ("playful", "quirky", "whimsical", "fun"),
    "funny": ("funny", "hilarious", "humorous", "comedic"),
    "calm": (
        "calm",
        "calming",
        "relaxing",
        "relaxed",
        "peaceful",
        "serene",
        "soothing",
        "tranquil",
        "meditative",
    ),
    "romantic": ("romantic", "intimate", "tender"),
    "sad": ("sad", "melancholic", "melancholy", "bittersweet", "somber", "sombre"),
    "nostalgic": ("nostalgic", "wistful"),
    "inspiring": ("inspiring", "inspirational", "motivational", "hopeful", "empowering"),
    "warm": ("warm", "cosy", "cozy", "heartfelt"),
    "cold": ("cold", "icy", "clinical"),
    "bright": ("bright", "airy"),
    "futuristic": ("futuristic", "high tech"),
    "serious": ("serious", "sober", "professional"),
}

GENRES = {
    "cyberpunk": ("cyberpunk", "cyber punk"),
    "science fiction": ("sci fi", "science fiction", "scifi"),
    "fantasy": ("fantasy",),
    "horror": ("horror", "slasher"),
    "thriller": ("thriller",),
    "action": ("action", "action packed"),
    "comedy": ("comedy",),
    "drama": ("drama",),
    "western": ("western",),
    "synthwave": ("synthwave", "vaporwave", "retrowave"),
    "steampunk": ("steampunk",),
    "post-apocalyptic": ("post apocalyptic", "dystopian", "apocalyptic"),
    "travel": ("travel",),
    "wedding": ("wedding",),
    "sports": ("sports", "sport"),
    "fashion": ("fashion",),
    "food": ("food", "cooking", "recipe"),
    "gaming": ("gaming", "gameplay", "esports"),
    "nature": ("nature", "wildlife"),
    "corporate": ("corporate",),
    "educational": ("educational",),
    "hip hop": ("hip hop", "trap", "rap"),
    "electronic": ("techno", "edm", "electronic music", "house music"),
}

# Things that a prompt asks to see without a "with" before them, and what may stand before them.
THINGS = (
    "rain", "snow", "fog", "mist", "smoke", "fire", "explosions", "lightning", "storm", "city", "skyline",
    "skyscrapers", "street", "streets", "ocean", "beach", "forest", "mountains", "desert", "sunset", "sunrise",
    "neon signs", "car chase", "drone shots", "aerial shots", "close ups", "robots", "spaceship", "dragon",
    "fireworks", "confetti", "lens flares", "particles", "crowd", "dancers",
)  # fmt: skip
THING_ADJECTIVES = (
    "neon", "golden", "heavy", "falling", "glowing", "burning", "acid", "snowy", "stormy", "tropical", "night", "rainy",
    "misty", "foggy", "big", "giant", "empty", "busy", "crowded", "red", "blue", "green", "purple", "pink",
)  # fmt: skip


class Material(NamedTuple):
    """Words for a kind of material and its part in the piece."""

    role: AssetRole
    kind: AssetKind
    phrases: tuple[str, ...]
    plural: tuple[str, ...] = ()
    wished: tuple[str, ...] = ()  # these count without an owner too: "add a voiceover"


MATERIALS = (
    Material(AssetRole.VOICEOVER, AssetKind.AUDIO, ("voice over", "voice recording", "narration", "narrator", "spoken track", "voice track", "vo"), ("voice overs",), ("voice over", "narration", "narrator")),
    Material(AssetRole.SOUND_EFFECT, AssetKind.AUDIO, ("sound effect", "sfx"), ("sound effects",), ("sound effects", "sfx")),
    Material(AssetRole.MUSIC, AssetKind.AUDIO, ("soundtrack", "music track", "background music", "backing track", "music bed", "music", "song", "beat", "track", "score", "instrumental"), ("songs", "tracks", "beats"), ("music", "soundtrack", "background music", "backing track", "music bed")),
    Material(AssetRole.STYLE_REFERENCE, AssetKind.IMAGE, ("reference image", "style reference", "reference photo", "reference picture", "reference still", "reference frame", "visual reference", "image reference", "mood board", "style frame", "key visual", "key art", "reference", "ref image", "ref"), ("reference images", "references", "style frames", "reference photos", "refs", "mood boards")),
    Material(AssetRole.STYLE_REFERENCE, AssetKind.VIDEO, ("reference video", "reference clip"), ("reference videos", "reference clips")),
    Material(AssetRole.LOGO, AssetKind.IMAGE, ("logo", "brand logo", "company logo", "wordmark")),
    Material(AssetRole.BROLL, AssetKind.VIDEO, ("b roll", "broll", "cutaway footage"), ("cutaways",)),
    Material(AssetRole.STILL, AssetKind.IMAGE, ("image", "photo", "picture", "photograph", "still", "drawing", "painting", "screenshot", "artwork", "illustration", "product shot"), ("images", "photos", "pictures", "photographs", "stills", "drawings", "paintings", "screenshots", "illustrations", "product shots")),
    Material(AssetRole.FOOTAGE, AssetKind.VIDEO, ("video", "footage", "raw footage", "clip", "video clip", "recording", "screen recording", "drone footage", "rushes", "gameplay footage"), ("videos", "clips", "video clips", "recordings", "screen recordings")),
    Material(AssetRole.VOICEOVER, AssetKind.AUDIO, ("voice", "audio recording", "voice memo", "audio", "audio file", "interview audio")),
)  # fmt: skip
