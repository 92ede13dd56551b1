"""A record of every submit_sm as JSON lines, for tests and benchmarks; with addresses and texts, so only on demand."""

import json
from pathlib import Path

from sandbox.smsc.link import Link
from sandbox.smsc.sightings import content_of, marker_of
from smpp.constants import status_name
from smpp.hot import ShortMessage
from smpp.segments import received_content
from smpp.text import Encoding, decode_text

_BUFFER_BYTES = 1 << 20


class Record:
    """Lines with at_ns (epoch), link (its number), system_id, command_status, smsc_message_id, marker, source,
    destination, part, parts and text, or data in hex where the content is binary.

    Written when about a megabyte has gathered, and by flush().
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=_BUFFER_BYTES)

    def write(self, at_ns: int, link: Link, message: ShortMessage, command_status: int, smsc_message_id: str) -> None:
        """Add the line of a submit_sm received at `at_ns` (epoch)."""
        content = content_of(message)
        octets, form = received_content(message)
        line = {
            "at_ns": at_ns,
            "link": link.number,
            "system_id": link.system_id,
            "command_status": status_name(command_status),
            "smsc_message_id": smsc_message_id,
            "marker": marker_of(content),
            "source": message.source_addr,
            "destination": message.destination_addr,
            "part": content.part.part if content.part else 1,
            "parts": content.part.parts if content.part else 1,
        }
        if form.encoding is Encoding.BINARY:
            line["data"] = octets.hex()
        else:
            line["text"] = decode_text(octets, form.encoding, form.shift)
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def flush(self) -> None:
        """Write what has gathered."""
        if not self._file.closed:
            self._file.flush()

    def close(self) -> None:
        """Write what has gathered, for the last time."""
        self._file.close()
