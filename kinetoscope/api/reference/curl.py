"""Requests as a reader can try them: in a shell, with the address and the key in variables."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

URL, KEY = "KINETOSCOPE_URL", "KINETOSCOPE_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curl:
    """One request; *form* holds the parts of a form, where a value ``@name`` is a file."""

    verb: str = "GET"
    path: str
    body: Json | None = None
    form: Mapping[str, str] | None = None
    public: bool = False
    options: tuple[str, ...] = ()

    @property
    def sample(self) -> Json:
        """The command as the document carries it."""
        return {"lang": "Shell", "label": "curl", "source": str(self)}

    def __str__(self) -> str:
        verb = f"-X {self.verb} " if self.verb != "GET" and not (self.body or self.form) else ""
        lines = [f'curl {verb}"${URL}{self.path}"', *self.options]
        if not self.public:
            lines.append(f'-H "Authorization: Bearer ${KEY}"')
        if self.body is not None:
            text = json.dumps(self.body, indent=2, ensure_ascii=False)
            lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(text)}"]
        lines += [f"-F {shlex.quote(f'{k}={v}')}" for k, v in (self.form or {}).items()]
        return " \\\n  ".join(lines)


def python(model: str, request: Json) -> Json:
    """Make a video with OpenAI's own library: wait for it, and keep it."""
    fields = {"model": model, **{name: request[name] for name in ("prompt", "seconds")}}
    lines = [f"    {name}={json.dumps(value)}," for name, value in fields.items()]
    source = [
        "import os",
        "",
        "from openai import OpenAI",
        "",
        "client = OpenAI(",
        f'    base_url=os.environ["{URL}"] + "/v1",',
        f'    api_key=os.environ["{KEY}"],',
        ")",
        "video = client.videos.create_and_poll(",
        *lines,
        '    size="1280x720",',
        ")",
        "content = client.videos.download_content(video.id)",
        'content.write_to_file("fox.mp4")',
    ]
    return {"lang": "Python", "label": "Python, with OpenAI's library", "source": "\n".join(source)}
