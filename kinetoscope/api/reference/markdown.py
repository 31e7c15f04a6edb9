"""The little Markdown that the document is written in, as HTML; everything else is escaped."""

from __future__ import annotations

import re
from html import escape

_CODE = re.compile(r"`([^`]+)`")
_EMPHASIS = re.compile(r"\*([^*]+)\*")
_NUMBER = re.compile(r"\d+\. ")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_PIECE = re.compile(r"```\n(.*?)\n```|(.+?)(?=\n\n|\Z)", re.DOTALL)


def blocks(text: str, shift: int = 0) -> str:
    """Write paragraphs, headings, lists, tables and code; headings go *shift* levels down."""
    pieces = [_PIECE.match(text, at) for at in _starts(text)]
    return "\n".join(
        _code(piece[1]) if piece[1] is not None else _block(piece[2].strip(), shift)
        for piece in pieces
        if piece is not None
    )


def inline(text: str) -> str:
    """Write one line: code between backticks, emphasis between stars."""
    parts = _CODE.split(text)
    return "".join(
        f"<code>{escape(part)}</code>" if at % 2 else _EMPHASIS.sub(r"<em>\1</em>", escape(part))
        for at, part in enumerate(parts)
    )


def slug(text: str) -> str:
    """Make the name by which a link finds a heading."""
    return _NOT_WORD.sub("-", text.lower()).strip("-")


def headings(text: str) -> list[str]:
    """List the headings of a text."""
    return [line.lstrip("# ") for line in text.splitlines() if line.startswith("## ")]


def _starts(text: str) -> list[int]:
    starts, at = [], 0
    while match := re.compile(r"\s*").match(text, at):
        at = match.end()
        piece = _PIECE.match(text, at)
        if piece is None:
            break
        starts.append(at)
        at = piece.end()
    return starts


def _block(block: str, shift: int) -> str:
    lines = block.splitlines()
    if block.startswith("#"):
        mark, _, title = block.partition(" ")
        level = len(mark) + shift
        return f'<h{level} id="{slug(title)}">{inline(title)}</h{level}>'
    if block.startswith("| "):
        return _table(lines)
    if block.startswith("- "):
        return _list("ul", block[2:].split("\n- "))
    if _NUMBER.match(block):
        return _list("ol", re.split(r"\n\d+\. ", _NUMBER.sub("", block, count=1)))
    return f"<p>{inline(' '.join(lines))}</p>"


def _list(kind: str, items: list[str]) -> str:
    shown = "".join(f"<li>{inline(item.replace(chr(10), ' '))}</li>" for item in items)
    return f"<{kind}>{shown}</{kind}>"


def _table(lines: list[str]) -> str:
    rows = [[inline(cell) for cell in line.strip("| ").split(" | ")] for line in lines]
    head = "".join(f'<th scope="col">{cell}</th>' for cell in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows[2:])
    return (
        '<div class="wide" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _code(source: str) -> str:
    return f'<pre tabindex="0"><code>{escape(source)}</code></pre>'
