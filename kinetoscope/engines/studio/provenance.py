"""Provenance: a note in a film, for machines, that says that it was synthesised and how.

It is a packet of XMP in a box of its own at the end of the file, as the XMP specification places it
in MP4; the words are those of the IPTC, which search engines and editors read.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

_XMP_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
_TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_KINDS: Mapping[str, str] = {
    "text_to_video": "algorithmicMedia",
    "image_to_video": "compositeSynthetic",
    "reference_to_video": "compositeSynthetic",
    "edit_video": "algorithmicallyEnhanced",
    "video_extend": "compositeSynthetic",
}
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmp:CreatorTool="Kinetoscope studio"
 Iptc4xmpExt:DigitalSourceType="{term}"/></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def stamp(film: Path, operation: str) -> None:
    """Say in the finished MP4 *film* that it was made by *operation* of the studio."""
    packet = _PACKET.format(term=_TERMS + _KINDS[operation]).encode()
    with film.open("ab") as file:
        file.write(struct.pack(">I4s", 24 + len(packet), b"uuid") + _XMP_BOX + packet)
