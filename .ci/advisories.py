"""What pip-audit has found, in one line each; "not checked" is never "clean".

    python .ci/advisories.py FILE       # of pip-audit --format json

Exit codes: 0 every distribution was looked up and has no known advisory, 1 some have, 2 some were not looked up.
"""

import json
import sys
from pathlib import Path
from typing import Any

CLEAN, VULNERABLE, NOT_CHECKED = 0, 1, 2


def main(file: Path) -> int:
    try:
        found = json.loads(file.read_text())["dependencies"]
    except (OSError, ValueError, KeyError):
        print("audit: NOT CHECKED: pip-audit gave no answer; the advisories could not be reached", file=sys.stderr)
        return NOT_CHECKED
    advisories = [line for one in found for line in _advisories(one)]
    skipped = [one for one in found if "skip_reason" in one]
    for line in advisories:
        print(f"audit: {line}", file=sys.stderr)
    if skipped:
        reason = skipped[0]["skip_reason"]
        print(f"audit: NOT CHECKED: {len(skipped)} of {len(found)} distributions; {reason}", file=sys.stderr)
    if advisories:
        return VULNERABLE
    if skipped or not found:
        return NOT_CHECKED
    print(f"audit: {len(found)} distributions, no known advisory")
    return CLEAN


def _advisories(distribution: dict[str, Any]) -> list[str]:
    name = f"{distribution['name']} {distribution.get('version', '')}"
    return [
        f"{name}: {one['id']}, fixed in {', '.join(one['fix_versions']) or 'no version'}"
        for one in distribution.get("vulns", [])
    ]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
