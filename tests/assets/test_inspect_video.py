"""What a video is, its bytes decide, and its headers are not believed (C19, C36)."""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinetoscope.assets.inspect import VIDEO_BYTES, VideoFacts, inspect_video, sniff
from kinetoscope.domain.errors import InvalidOrder
from tests.assets.clips import clip, with_header
from tests.patience import PATIENCE

FAST_START = {"movflags": "faststart"}


async def wrong(path: Path) -> str:
    with pytest.raises(InvalidOrder) as caught:
        await inspect_video(path, param="video")
    assert caught.value.param == "video"
    return caught.value.message


@pytest.mark.parametrize(
    "codec, name", [("libx264", "h264"), ("libx265", "hevc"), ("libsvtav1", "av1")]
)
async def test_the_three_codecs_are_measured(tmp_path: Path, codec: str, name: str) -> None:
    path = clip(tmp_path / "a.mp4", codec=codec)

    facts = await inspect_video(path, param="video")

    assert facts == VideoFacts("video/mp4", 64, 48, 1.0, 24.0, has_audio=False, codec=name)


async def test_sound_beside_the_pictures_is_noticed(tmp_path: Path) -> None:
    assert (await inspect_video(clip(tmp_path / "a.mp4", sound=True), param="video")).has_audio


@pytest.mark.parametrize("turned, size", [(90, (48, 64)), (-90, (48, 64)), (180, (64, 48))])
async def test_a_turned_video_is_measured_as_it_is_shown(
    tmp_path: Path, turned: int, size: tuple[int, int]
) -> None:
    facts = await inspect_video(clip(tmp_path / "a.mp4", turned=turned), param="video")

    assert (facts.width, facts.height) == size


async def test_a_changing_frame_rate_is_measured_by_its_times(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", pts=[0, 1, 2, 30, 31, 90], rate=30)

    facts = await inspect_video(path, param="video")

    assert facts.seconds == pytest.approx(91 / 30, abs=1.1)
    assert facts.seconds >= 90 / 30
    assert facts.fps == pytest.approx(6 / facts.seconds)


async def test_a_late_start_is_not_part_of_the_length(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", pts=range(48, 72))

    assert (await inspect_video(path, param="video")).seconds == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("shown, start", [(500, 0), (250, 0), (500, 6), (250, 3)])
async def test_what_an_edit_list_cuts_away_is_not_counted(
    tmp_path: Path, shown: int, start: int
) -> None:
    """*shown* milliseconds of two seconds, from *start* twelfths of a second on."""
    path = clip(tmp_path / "a.mp4", pts=range(48))
    data = bytearray(path.read_bytes())
    struct.pack_into(">Ii", data, data.index(b"elst") + 12, shown, start * 1024)
    path.write_bytes(data)

    facts = await inspect_video(path, param="video")

    assert facts.seconds == pytest.approx(shown / 1000, abs=1 / 12)
    assert facts.fps == pytest.approx(24, abs=4)


@pytest.mark.parametrize("claimed", [0, 3600])
async def test_a_header_that_lies_about_the_length_is_not_believed(
    tmp_path: Path, claimed: int
) -> None:
    path = with_header(clip(tmp_path / "a.mp4"), claimed)

    assert (await inspect_video(path, param="video")).seconds == pytest.approx(1.0, abs=0.05)


async def test_a_fragmented_video_is_counted_to_its_end(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", options={"movflags": "frag_keyframe+empty_moov"})

    assert (await inspect_video(path, param="video")).seconds == pytest.approx(1.0, abs=0.05)


async def test_a_quicktime_file_says_that_it_is_one(tmp_path: Path) -> None:
    facts = await inspect_video(clip(tmp_path / "a.mov"), param="video")

    assert (facts.media_type, facts.codec) == ("video/quicktime", "h264")


async def test_notes_in_an_old_alphabet_do_not_matter(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4")
    data = path.read_bytes()
    assert b"Lavf" in data
    path.write_bytes(data.replace(b"Lavf", b"L\xe4vf"))

    assert (await inspect_video(path, param="video")).seconds == 1.0


async def test_a_wrong_name_changes_nothing(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4").rename(tmp_path / "a.m3u8")

    assert (await inspect_video(path, param="video")).codec == "h264"


async def test_a_video_with_another_file_behind_it_is_still_that_video(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", options=FAST_START)
    with path.open("ab") as file:
        file.write(b"PK\x03\x04" + bytes(5000))

    assert (await inspect_video(path, param="video")).seconds == 1.0


@pytest.mark.parametrize(
    "name, codec",
    [("a.webm", "libvpx-vp9"), ("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.gif", "gif")],
)
async def test_other_containers_are_refused(tmp_path: Path, name: str, codec: str) -> None:
    if codec == "gif":
        (tmp_path / name).write_bytes(b"GIF89a" + bytes(40))
    else:
        clip(tmp_path / name, codec=codec)

    assert "MP4 with H.264, H.265 or AV1 is allowed" in await wrong(tmp_path / name)


@pytest.mark.parametrize("codec", ["mpeg4", "libvpx-vp9"])
async def test_other_codecs_are_refused(tmp_path: Path, codec: str) -> None:
    path = clip(tmp_path / "a.mp4", codec=codec)

    assert "H.264, H.265 and AV1 are allowed" in await wrong(path)


async def test_sound_alone_is_refused(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", pictures=False, sound=True)

    assert "sound only" in await wrong(path)


@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.95])
async def test_a_truncated_video_is_refused(tmp_path: Path, part: float) -> None:
    path = clip(tmp_path / "a.mp4", options=FAST_START)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])

    assert "truncated" in await wrong(path)


async def test_a_video_whose_index_never_came_is_refused(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", size=(320, 240))
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"moov") - 4])

    assert "truncated" in await wrong(path)


@pytest.mark.parametrize("half", [0, 1])
async def test_pictures_that_cannot_be_decoded_are_refused(tmp_path: Path, half: int) -> None:
    path = clip(tmp_path / "a.mp4", options=FAST_START, size=(320, 240))
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat") + 4
    middle = (begin + len(data)) // 2
    start, stop = ((begin, middle), (middle, len(data)))[half]
    data[start:stop] = bytes(stop - start)
    path.write_bytes(data)

    assert "damaged" in await wrong(path)


@pytest.mark.parametrize("size", [(8194, 16), (16, 8194), (8, 64)])
async def test_sides_out_of_range_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    path = clip(tmp_path / "a.mp4", size=size, pts=range(2))

    assert "16 to 8,192 a side are allowed" in await wrong(path)


async def test_more_pictures_than_anybody_can_see_are_refused(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", pts=range(500), rate=1000, size=(32, 32))

    assert "at most 240 a second" in await wrong(path)


async def test_two_videos_in_one_file_are_refused(tmp_path: Path) -> None:
    import av  # noqa: PLC0415 - nothing else here encodes by hand

    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container, av.open(str(clip(tmp_path / "b.mp4"))) as source:
        streams = [container.add_stream_from_template(source.streams.video[0]) for _ in range(2)]
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = streams[0]
                container.mux(packet)
                packet.stream = streams[1]
                container.mux(packet)

    assert "2 video streams; one is allowed" in await wrong(path)


async def test_a_file_that_is_too_large_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with path.open("wb") as file:
        file.write(b"\0\0\0\x18ftypisom")
        file.truncate(VIDEO_BYTES + 1)

    assert "at most 100 MiB" in await wrong(path)


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"#EXTM3U\n/etc/passwd", b"\0\0\0\x18ftypisom" + bytes(99), b"\0\0\0\x18ftypavif"],
)
async def test_what_is_no_video_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)

    assert (await wrong(path)).startswith("the video ")


async def test_many_are_inspected_at_once(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4")

    facts = await asyncio.gather(*(inspect_video(path, param="video") for _ in range(5)))

    assert len(set(facts)) == 1


async def test_who_gives_up_stops_the_child(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4")
    asking = asyncio.create_task(inspect_video(path, param="video"))
    await asyncio.sleep(0.02)

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await inspect_video(path, param="video")).seconds == 1.0


def test_the_serving_process_loads_no_decoder() -> None:
    command = (
        "import sys, kinetoscope.assets.inspect;"
        "print([name for name in ('av', 'PIL', 'numpy') if name in sys.modules])"
    )

    said = subprocess.run(
        [sys.executable, "-c", command],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )

    assert said.stdout.strip() == "[]"


@given(head=st.binary(max_size=64))
def test_any_first_bytes_can_be_sniffed(head: bytes) -> None:
    assert sniff(head) is None or "/" in str(sniff(head))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=4))
def test_a_changed_video_is_measured_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, bytes]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    whole, path = folder / "whole.mp4", folder / f"changed-{os.getpid()}.mp4"
    if not whole.exists():
        clip(whole, options=FAST_START, size=(32, 32))
    data = bytearray(whole.read_bytes())
    for where, new in changes:
        at = 24 + int(where * (len(data) - 24 - len(new)))
        data[at : at + len(new)] = new
    path.write_bytes(data)

    with suppress(InvalidOrder):
        assert asyncio.run(inspect_video(path, param="video")).seconds > 0
