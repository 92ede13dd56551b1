"""The page at /: one file without outside resources (status_page.html), and the policy that lets only that run.

Values reach the document as text, never as markup.
"""

import base64
import hashlib
import re
from importlib import resources

PAGE = resources.files("adapters").joinpath("status_page.html").read_text(encoding="utf-8")


def _hash_source(element: str) -> str:
    """Of the one element of this name, for a Content-Security-Policy."""
    (content,) = re.findall(rf"<{element}>(.*?)</{element}>", PAGE, re.DOTALL)
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src {_hash_source('style')}",
        f"script-src {_hash_source('script')}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
