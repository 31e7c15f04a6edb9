"""What agents are told: how to go about it, what parameters mean, how to write a prompt."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

INSTRUCTIONS = """\
Kinetoscope makes short videos (1 to 15 seconds) from text, images or another video. Making one
takes from seconds to minutes and costs money of the account; nothing is paid for what fails.

1. quote_video says what a request costs and whether it is valid, and makes nothing.
2. create_video orders it and answers at once with an id. Order once: to look again, use the id.
3. wait_for_video waits up to 45 seconds. Still in progress is no error: call it again.
4. download_video gets the file. An id may be the `video` of create_video, to edit or extend it.
"""

GUIDE = """\
Write one paragraph of 30 to 80 words for a video model, about this idea: {idea}

- Begin with the subject and what it does; one action that fits into the seconds there are.
- Then the place, the time of day and the light; then the camera (static, slow push-in, pan left,
  handheld, aerial) and the look (film grain, watercolour, clay animation).
- Say what is heard, if it matters: "waves, no music". Spoken words stand in quotation marks.
- Say what is there and not what is absent. No lists, no names of living artists.
- With an image, do not describe it again: say what moves and how the camera moves.
- With several images, name them @Image1, @Image2, … in the order they are given.
- To edit a video, say only what changes. To extend one, say what happens next.

Then choose: duration 4 to 8 s for one action; size 480p to try, 720p to keep; aspect_ratio 9:16
for telephones. Ask quote_video for the price, and tell it before you order.
"""

Prompt = Annotated[
    str,
    Field(
        description="What is to be seen: subject, action, place, light, camera; 1-4096 characters."
    ),
]
Operation = Annotated[
    Literal["text_to_video", "image_to_video", "reference_to_video", "edit_video", "video_extend"]
    | None,
    Field(description="What to do; told by the inputs if left out."),
]
Image = Annotated[
    str | None,
    Field(
        description="The first frame: an http(s) or data: URL, or a file (where files are allowed)."
    ),
]
Images = Annotated[
    list[str] | None,
    Field(description="1 to 7 references, as image; @Image1, @Image2, … name them in the prompt."),
]
Source = Annotated[
    str | None,
    Field(
        description="A video to edit (without duration) or extend (with duration): the id of an"
        " earlier one (task_…), an http(s) URL, or a file (where files are allowed)."
    ),
]
Duration = Annotated[
    int | None,
    Field(
        description="Seconds: 1-15 for text and one image, 1-10 for references, 2-10 to add when"
        " extending; left out when editing."
    ),
]
Size = Annotated[str | None, Field(description="480p (default), 720p, or pixels such as 1280x720.")]
AspectRatio = Annotated[
    Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "auto"] | None,
    Field(description="16:9 if left out; auto, the default with one image, follows the image."),
]
Seed = Annotated[
    int | None, Field(description="0-4294967295; the same again, where the engine can.")
]
Sound = Annotated[bool | None, Field(description="false makes a silent video.")]
Model = Annotated[str | None, Field(description="One of list_models; the service has a default.")]
VideoId = Annotated[str, Field(description="The id that create_video answered: task_…")]
Seconds = Annotated[float, Field(ge=0, le=45, description="How long to wait at most.")]
Limit = Annotated[int, Field(ge=1, le=100, description="How many, newest first.")]
State = Annotated[
    Literal["queued", "in_progress", "completed", "failed"] | None,
    Field(description="Only those that stand so."),
]
Name = Annotated[
    str | None, Field(description="What to call the file; after the prompt if left out.")
]
Idea = Annotated[str, Field(description="What the video is about, in a few words.")]
