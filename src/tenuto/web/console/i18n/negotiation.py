"""Which language to speak: the reader's own choice, then what the browser asks for, then English."""

from __future__ import annotations

from tenuto.web.words import Language

_LONGEST = 500  # characters of an Accept-Language header that are looked at


def choose_language(chosen: str | None, accepted: str) -> Language:
    """Return the language of the cookie ``chosen`` if it is one of ours, else the best one ``accepted``."""
    known = {language.value: language for language in Language}
    if chosen in known:
        return known[chosen]
    wanted = sorted(_preferences(accepted[:_LONGEST]), key=lambda pair: -pair[0])
    found = (known[tag] for quality, tag in wanted if quality > 0 and tag in known)
    return next(found, Language.ENGLISH)


def _preferences(accepted: str) -> list[tuple[float, str]]:
    return [
        (_quality(parameters), tag.strip().lower().partition("-")[0])
        for tag, _, parameters in (item.partition(";") for item in accepted.split(","))
    ]


def _quality(parameters: str) -> float:
    """Read ``q=0.8``. Nothing said means 1; nonsense means 0, so that it is not followed."""
    text = parameters.strip()
    if not text:
        return 1.0
    try:
        return float(text.removeprefix("q="))
    except ValueError:
        return 0.0
