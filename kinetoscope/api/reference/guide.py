"""What a caller should know before the first request; the numbers come from where they are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from kinetoscope.api.body import BODY_BYTES
from kinetoscope.api.reference.curl import KEY, URL
from kinetoscope.api.reference.refusals import every_refusal, refusal
from kinetoscope.assets.inspect import IMAGE_BYTES, VIDEO_BYTES
from kinetoscope.domain.errors import InvalidOrder
from kinetoscope.domain.order import LIMITS, PIXELS, Limits, Tier
from kinetoscope.domain.task import Failure
from kinetoscope.service import Model

_FAILURES: Mapping[Failure, str] = {
    Failure.FAILED: "The engine could not make it.",
    Failure.MODERATED: "The engine's moderation blocked it. If the engine billed it all the same,"
    " `metadata.billing` says what was charged.",
    Failure.UNREACHABLE: "The engine could not read an address in the request.",
    Failure.UNAVAILABLE: "No engine took it up in time.",
    Failure.LOST: "The engine no longer knows of it.",
    Failure.TIMED_OUT: "It took too long.",
    Failure.CANCELLED: "It was cancelled.",
}


def guide(models: Mapping[str, Model]) -> str:
    """Write the introduction, in Markdown."""
    return "\n\n".join(
        (_START, _operations(), _inputs(), _prices(models), _LIFE, _failures(), _errors())
    )


_START = f"""\
The words are those of OpenAI's Videos API, so OpenAI's libraries work with it: give them the
address of this service and a key of yours. What OpenAI has no words for stands in `metadata`.

## Start

Set the address, your key and later the id of a video once; the examples below use them.

```
export {URL}=http://127.0.0.1:8787
export {KEY}=sk-…
export VIDEO=task_…
```

1. `POST /v1/videos` answers at once, with an `id`.
2. `GET /v1/videos/{{id}}` tells how it stands. Ask again after as many milliseconds as the header
`openai-poll-after-ms` says, until `status` is `completed` or `failed`.
3. `GET /v1/videos/{{id}}/content` is the MP4. `url` in the task is the same as a link that a
browser opens without a key.

Bodies are JSON, or forms as OpenAI's libraries send them: nested names in brackets, files as parts.
Both `null` and a missing field mean that nothing was said. Fields that are not known change nothing
and are listed in `metadata.ignored`."""

_LIFE = """\
## Asking twice

A task is `queued`, then `in_progress`, then `completed` or `failed`, and never goes back. A task
that failed costs nothing, unless its bill says otherwise.

Send an `Idempotency-Key` with whatever makes a video. If the answer got lost, send the same
request with the same key again: you get the first task, and pay once. `x-should-retry: false` says
that asking again changes nothing; `Retry-After` says when it may. Every answer bears an
`x-request-id`."""


def _operations() -> str:
    rows = [
        (f"`{operation}`", _needs(limits), _span(limits), _result(limits))
        for operation, limits in LIMITS.items()
    ]
    table = _table(("Operation", "Inputs", "Seconds", "Length of the result"), rows)
    return f"""\
## Operations

Say which `operation` you want, or let the inputs say it: no image and no video is text, one image
begins the video, several are references; a video without a duration is edited, with one it is
extended.

{table}"""


def _needs(limits: Limits) -> str:
    if limits.source_seconds is not None:
        least, most = limits.source_seconds
        return f"1 video, {f'{least:g} to' if least else 'at most'} {most:g} s"
    least_images, most_images = limits.images
    if most_images == 0:
        return "none"
    if least_images == most_images:
        return f"{most_images} image"
    return f"{least_images} to {most_images} images"


def _span(limits: Limits) -> str:
    if limits.duration is None:
        return "must be left out"
    return f"{limits.duration[0]} to {limits.duration[1]}, required"


def _result(limits: Limits) -> str:
    if not limits.video:
        return "the seconds"
    return "the source's" if limits.duration is None else "source and seconds, in one file"


def _inputs() -> str:
    ratios = dict.fromkeys(ratio for _, ratio in PIXELS)
    rows = [
        (f"`{ratio}`", *(f"`{'x'.join(map(str, PIXELS[tier, ratio]))}`" for tier in Tier))
        for ratio in ratios
    ]
    table = _table(("Aspect ratio", *(tier.value for tier in Tier)), rows)
    return f"""\
## Sizes and files

`size` is a tier, or pixels that set tier and aspect ratio together.

{table}

Images are PNG, JPEG or WebP of at most {IMAGE_BYTES >> 20} MiB; videos are MP4 with H.264, H.265 or
AV1 of at most {VIDEO_BYTES >> 20} MiB; a body has at most {BODY_BYTES >> 20} MiB. Everything that
can be known is checked before any money is held."""


def _prices(models: Mapping[str, Model]) -> str:
    rows = [
        (
            f"`{name}`",
            *(f"${model.rates.output_second[tier]}" for tier in Tier),
            f"${model.rates.input_image}",
            f"${model.rates.input_second}",
        )
        for name, model in models.items()
    ]
    heads = [f"A second out, {tier}" for tier in Tier]
    table = _table(("Model", *heads, "An image in", "A second in"), rows)
    return f"""\
## Prices

{table}

Seconds are whole, counted up. Of an extension only the seconds that were added are paid as output.
The tier of an edit or an extension is that of the picture that was made. Amounts are exact decimals
of US dollars, written as strings. `POST /v1/videos/quote` tells the price beforehand."""


def _failures() -> str:
    rows = [(f"`{failure}`", _FAILURES[failure]) for failure in Failure]
    return f"""\
## When a task fails

`status` is `failed`, and `error.code` says why.

{_table(("Code", "Meaning"), rows)}"""


def _errors() -> str:
    rows = [(str(each.status), f"`{each.code}`", each.meaning) for each in every_refusal()]
    example = json.dumps(refusal(InvalidOrder).example, indent=2)
    return f"""\
## Errors

Every error, on every route, has one shape. The message is for people; programs go by `code`.

```
{example}
```

{_table(("Status", "Code", "Meaning"), rows)}"""


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [" | ".join(row) for row in (heads, *rows)]
    rule = " | ".join("---" for _ in lines[0].split(" | "))
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))
