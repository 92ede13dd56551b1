"""`python -m messages.schemas`, in the source tree: writes the JSON Schemas anew."""

from messages.schemas.generation import FOLDER, documents

for name, document in documents().items():
    (FOLDER / name).write_text(document)
