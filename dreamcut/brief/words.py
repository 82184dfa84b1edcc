"""How numbers read in the brief and in the director's lines."""

from collections.abc import Sequence


def seconds(value: float) -> str:
    """Return "45 s", "15.6 s" or "2 min 5 s"."""
    if value >= 120:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{number(value)} s"


def short_seconds(value: float) -> str:
    """Return "45s" or "2m05s": whole seconds, for one line of the feed; "0.4s" below one second."""
    if value < 1:
        return f"{number(value)}s"
    whole = round(value)
    return f"{whole}s" if whole < 120 else f"{whole // 60}m{whole % 60:02d}s"


def timecode(value: float) -> str:
    """Return minutes and seconds to a tenth, "0:03.5"."""
    tenths = round(value * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def number(value: float, digits: int = 1) -> str:
    """Return a number without needless zeros."""
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(value: float, digits: int = 1) -> str:
    """Return a number with its sign, a true minus."""
    text = number(abs(value), digits)
    return f"−{text}" if value < 0 and float(text) != 0 else f"+{text}"


def percent(share: float) -> str:
    """Return a share as a whole percentage, "<1 %" for a trace."""
    return "<1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"


def count(amount: int, noun: str) -> str:
    """Return "1 shot", "12 shots"."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def listing(items: Sequence[str], last: str = "and") -> str:
    """Return "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def capital(text: str) -> str:
    """Return text with its first letter upper case, the rest untouched."""
    return text[:1].upper() + text[1:]


def ordinal(value: int) -> str:
    """Return "1st", "2nd", "3rd", "11th"."""
    ending = "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{ending}"


def article(text: str) -> str:
    """Return "a" or "an" for what follows; numbers as they are read ("an 8 s", "an 18 s")."""
    return "an" if text[:1].lower() in "aeiou" or text.startswith(("8", "11 ", "18 ")) else "a"


def comparative(superlative: str) -> str:
    """Return "sharper" for "sharpest"."""
    return superlative.removesuffix("est") + "er"


def small(value: float) -> str:
    """Return a small number with two telling digits: "0.34", "0.016", "0"."""
    if value <= 0 or value >= 0.1:
        return number(value, 2)
    return f"{value:.2g}" if value >= 0.001 else "<0.001"
