"""How the text of a setting becomes its value. ValueError says what was expected, never what was there."""

import os
import re
import ssl
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

Choice = TypeVar("Choice", bound=Enum)

YES = frozenset({"true", "yes", "on", "1"})
NO = frozenset({"false", "no", "off", "0"})


def name(text: str) -> str:
    """Also one step of a URL path."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text) is None:
        raise ValueError("expected 1 to 64 letters, digits, dots, underscores or hyphens")
    return text


def host(text: str) -> str:
    if not text or any(character.isspace() for character in text):
        raise ValueError("expected a host name or an address")
    return text


def flag(text: str) -> bool:
    word = text.lower()
    if word not in YES | NO:
        raise ValueError("expected true or false")
    return word in YES


def port(text: str) -> int:
    """0 lets the kernel choose."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise ValueError("expected a port, 0 to 65535")
    return int(text)


def seconds(text: str) -> float:
    """0 up to an hour."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3600:
        raise ValueError("expected seconds, 0 to 3600")
    return value


def whole_number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise ValueError(f"expected a whole number, 0 to {most}")
    return int(text)


def choice(options: type[Choice]) -> Callable[[str], Choice]:
    """A parser for one of the enum's values, upper and lower case alike."""
    by_word = {str(option.value).lower(): option for option in options}

    def parse(text: str) -> Choice:
        if text.lower() not in by_word:
            raise ValueError("expected " + " or ".join(str(option.value) for option in options))
        return by_word[text.lower()]

    return parse


def url(*schemes: str) -> Callable[[str], str]:
    """A parser for a URL of one of these schemes with a host."""
    expected = "expected a URL like " + " or ".join(f"{scheme}://host:port" for scheme in schemes)

    def parse(text: str) -> str:
        if not _is_url(text, schemes):
            raise ValueError(expected)
        return text

    return parse


def urls(*schemes: str) -> Callable[[str], str]:
    """A parser for such URLs, separated by commas."""
    parse_one = url(*schemes)

    def parse(text: str) -> str:
        for part in text.split(","):
            parse_one(part.strip())
        return text

    return parse


REDIS_OPTIONS = frozenset({"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"})
"""What the query of REDIS_URL may name: files for TLS. Others would change deadlines and checks that we rely on."""


def redis_url(text: str) -> str:
    """With the number of a database as its path, where it has one; redis-py takes what is none for database 0."""
    url("redis", "rediss")(text)
    parts = urlsplit(text)
    if re.fullmatch(r"(/[0-9]{0,9})?", parts.path, re.ASCII) is None:
        raise ValueError("expected the number of a database as the path, like redis://host:port/0")
    unknown = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)} - REDIS_OPTIONS
    if unknown:
        raise ValueError(f"expected no options but {', '.join(sorted(REDIS_OPTIONS))}")
    return text


LIBPQ_WORDS = re.compile(r"(\s*\w+\s*=\s*('([^'\\]|\\.)*'|[^\s']\S*|(?=\s|$)))+\s*")


def libpq_dsn(text: str) -> str:
    """Both forms of libpq: a postgresql:// URL, or words like host=... dbname=..."""
    if not text.startswith(("postgresql://", "postgres://")) and not LIBPQ_WORDS.fullmatch(text):
        raise ValueError("expected postgresql://user@host:port/database or libpq words like host=... dbname=...")
    return text


def readable_file(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise ValueError(f"no such file: {text}")
    if not path.is_file():
        raise ValueError(f"not a file: {text}")
    if not os.access(path, os.R_OK):
        raise ValueError(f"not readable for this user: {text}")
    return path


def nkey_seed_file(text: str) -> Path:
    """A file with the NKey seed of a user; whether its checksum is right, the client finds out."""
    path = readable_file(text)
    if re.fullmatch(rb"\s*SU[A-Z2-7]{56}\s*", path.read_bytes()[:4096]) is None:
        raise ValueError(f"no NKey seed of a user (SU...) in {text}")
    return path


def certificates_file(text: str) -> Path:
    """A file with certificates (PEM)."""
    path = readable_file(text)
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ValueError(f"no certificate (PEM) in {text}") from None
    return path


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port  # raises ValueError when it is none
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname) and port != 0
