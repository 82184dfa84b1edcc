# ruff: noqa: E501 - a table reads best with one entry a line
"""Which kind of creative piece a prompt asks for, by points of stated rules.

Points: deliverable 20, each keyword 10 (at most three), intent 15, platform 10, usual length 5.
A profile is accepted over 30 points, and only when its deliverable or a keyword is in the prompt: a length and
an intent alone describe everything. Nothing reaches the threshold: the profile is none.
"""

from typing import NamedTuple

from dreamcut.models import Intent
from dreamcut.prompt.model import IntentReading, Points, ProfileReading, ProfileScore, Quantity, Span, Term
from dreamcut.prompt.text import is_ruled_out, span_of, words_pattern

ACCEPTED_OVER = 30
DELIVERABLE_POINTS, KEYWORD_POINTS, INTENT_POINTS, PLATFORM_POINTS, LENGTH_POINTS = 20, 10, 15, 10, 5
MOST_KEYWORDS = 3


class Profile(NamedTuple):
    """One kind of piece. Ids and lengths of the first ten are those of the predecessor's contract."""

    id: str
    usual_seconds: tuple[float, float]
    deliverables: tuple[str, ...]
    keywords: tuple[str, ...]
    platforms: tuple[str, ...] = ()
    intents: tuple[Intent, ...] = (Intent.VIDEO, Intent.MIXED)


PROFILES = (
    Profile("cinematic_trailer", (15, 150), ("trailer", "teaser"), ("cinematic", "movie", "film", "epic", "trailer", "teaser", "coming soon"), ("cinema",)),
    Profile("music_video", (60, 360), ("music video",), ("lyrics", "song", "band", "singer", "album", "single", "artist", "rapper", "choreography"), ("YouTube",)),
    Profile("event_highlights", (30, 300), ("highlights",), ("wedding", "event", "conference", "festival", "party", "concert", "birthday", "ceremony", "match", "race day", "recap", "highlights"), ("Instagram",)),
    Profile("podcast_clip", (15, 120), ("podcast clip", "podcast"), ("podcast", "episode", "interview", "guest", "host", "audiogram"), ("YouTube Shorts", "Apple Podcasts", "Spotify"), (Intent.VIDEO, Intent.AUDIO, Intent.MIXED)),
    Profile("educational_explainer", (30, 600), ("explainer",), ("explain", "explains", "explaining", "teach", "learn", "lesson", "students", "how it works", "how to", "educational", "tutorial", "course", "science of"), ("YouTube",)),
    Profile("anime_mode", (15, 180), ("anime",), ("anime", "manga", "shonen", "ghibli", "waifu", "otaku", "mecha"), ("YouTube", "TikTok")),
    Profile("ugc_influencer", (15, 60), ("vlog",), ("ugc", "influencer", "selfie", "testimonial", "creator", "get ready with me", "grwm", "review", "honest", "vlog"), ("TikTok", "Instagram Reels", "Instagram Stories", "Instagram")),
    Profile("finance_explainer", (60, 300), ("explainer",), ("finance", "financial", "stock", "stocks", "invest", "investing", "investment", "crypto", "mortgage", "interest rates", "budgeting", "inflation", "bank", "etf"), ("YouTube", "LinkedIn")),
    Profile("presentation_corporate", (60, 600), ("presentation",), ("corporate", "quarterly", "investors", "stakeholders", "pitch deck", "onboarding", "annual report", "employees", "b2b", "company culture"), ("LinkedIn",)),
    Profile("pleasure_relaxation", (60, 1800), ("meditation",), ("relaxing", "relaxation", "meditation", "asmr", "sleep", "ambient", "calming", "soothing", "spa", "yoga", "lofi", "lo fi"), ("YouTube",), (Intent.VIDEO, Intent.AUDIO, Intent.MIXED)),
    Profile("ads_commercial", (15, 60), ("ad",), ("ad", "advert", "commercial", "brand", "campaign", "launch", "sale", "discount", "promo", "buy", "shop now", "call to action", "customers", "perfume", "sneakers"), ("television", "Facebook", "Instagram", "YouTube", "TikTok", "Instagram Reels")),
    Profile("demo_product_showcase", (30, 300), ("product demo",), ("product", "features", "demo", "showcase", "app", "saas", "gadget", "dashboard", "unboxing", "walkthrough"), ("YouTube", "LinkedIn")),
    Profile("funny_meme_style", (15, 60), ("meme",), ("meme", "memes", "funny", "hilarious", "prank", "viral", "joke", "parody", "comedy", "lol"), ("TikTok", "Instagram Reels", "YouTube Shorts")),
    Profile("documentary_storytelling", (300, 3600), ("documentary",), ("documentary", "true story", "archive", "archival", "historical", "history of", "interviews", "untold", "story of", "investigation"), ("YouTube", "television", "cinema")),
)  # fmt: skip


def read_profile(
    prompt: str,
    *,
    scopes: tuple[Span, ...],
    intent: IntentReading,
    deliverable: Term | None,
    platform: Term | None,
    duration: Quantity | None,
) -> ProfileReading:
    """Score every profile and return the best one over the threshold, if any."""
    scored = []
    for profile in PROFILES:
        reasons = _subject_reasons(prompt, profile, scopes=scopes, deliverable=deliverable)
        if not reasons:
            continue
        reasons += _frame_reasons(profile, intent=intent, platform=platform, duration=duration)
        points = sum(reason.points for reason in reasons)
        if points > ACCEPTED_OVER:
            scored.append((ProfileScore(id=profile.id, points=points, reasons=tuple(reasons)), profile))
    scored.sort(key=lambda pair: -pair[0].points)  # stable: the order of the table breaks ties
    if not scored:
        return ProfileReading()
    best, profile = scored[0]
    return ProfileReading(
        chosen=best,
        alternatives=tuple(score for score, _ in scored[1:]),
        usual_seconds=profile.usual_seconds,
    )


def _subject_reasons(
    prompt: str, profile: Profile, *, scopes: tuple[Span, ...], deliverable: Term | None
) -> list[Points]:
    """Return what in the prompt's own words points to a profile."""
    reasons = []
    if deliverable and deliverable.value in profile.deliverables:
        rule = f"deliverable {deliverable.value}"
        reasons.append(Points(rule=rule, points=DELIVERABLE_POINTS, span=deliverable.span))
    seen: set[str] = set()
    for match in words_pattern(*profile.keywords).finditer(prompt):
        word = match.group().lower()
        piece = deliverable.span if reasons and deliverable else None
        if piece and piece.start <= match.start() < piece.end:
            continue  # the deliverable has its points already
        if word not in seen and len(seen) < MOST_KEYWORDS and not is_ruled_out(span_of(match), scopes):
            seen.add(word)
            reasons.append(Points(rule=f"keyword {word}", points=KEYWORD_POINTS, span=span_of(match)))
    return reasons


def _frame_reasons(
    profile: Profile, *, intent: IntentReading, platform: Term | None, duration: Quantity | None
) -> list[Points]:
    """Return what supports a profile without pointing to it."""
    reasons = []
    if intent.value in profile.intents and intent.span is not None:
        reasons.append(Points(rule=f"intent {intent.value}", points=INTENT_POINTS, span=intent.span))
    if platform and platform.value in profile.platforms:
        reasons.append(Points(rule=f"platform {platform.value}", points=PLATFORM_POINTS, span=platform.span))
    shortest, longest = profile.usual_seconds
    if duration and shortest <= duration.value <= longest:
        reasons.append(
            Points(rule=f"{duration.value:g} s is a usual length", points=LENGTH_POINTS, span=duration.span)
        )
    return reasons
