"""Tables of the documents, for comparing them with the code."""

from pathlib import Path


def rows_below(document: Path, heading: str) -> list[tuple[str, ...]]:
    """The cells of the first table below a heading, without the table's own."""
    lines = iter(document.read_text().splitlines())
    assert heading in lines, f"{document.name} has no heading {heading}"  # leaves the iterator behind it
    rows = []
    for line in lines:
        if line.startswith("|"):
            rows.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
        elif rows:
            break
    return rows[2:]
