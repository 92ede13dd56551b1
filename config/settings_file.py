"""The optional YAML file with settings: one mapping from the settings' names to single values."""

import difflib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml


def read_settings_file(path: Path, names: Collection[str], problems: list[str]) -> dict[str, str]:
    """Its entries as text, as if they stood in the environment; what is wrong goes to `problems`, without values."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{path}: not UTF-8 text")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        problems.append(f"{path}: not YAML, see line {line}")
    except yaml.YAMLError:
        problems.append(f"{path}: not YAML")
    else:
        return _entries(path, content, names, problems)
    return {}


def _entries(path: Path, content: Any, names: Collection[str], problems: list[str]) -> dict[str, str]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        problems.append(f"{path}: expected lines like HTTP_PORT: 8080")
        return {}
    entries = {}
    for name, value in content.items():
        if not _is_known(str(name), names):
            problems.append(f"{path}: unknown setting {name}{_suggestion(str(name), names)}")
        elif not isinstance(value, str | int | float | None):
            problems.append(f"{path}: {name}: expected a single value")
        elif value is not None:
            entries[str(name)] = str(value)
    return {name: text for name, text in entries.items() if text}


def _is_known(name: str, names: Collection[str]) -> bool:
    prefixes = tuple(known.rstrip("*") for known in names if known.endswith("*"))
    return name in names or name.startswith(prefixes)


def _suggestion(name: str, names: Collection[str]) -> str:
    close = difflib.get_close_matches(name.upper(), names, n=1)
    return f", did you mean {close[0]}?" if close else ""
