"""C10, C19: inputs are looked at before any money is held."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web

from kinetoscope.service import Gateway
from tests.api.shapes import is_error
from tests.engines.scripted import Scripted
from tests.films import film, picture
from tests.world import World, open_world


@asynccontextmanager
async def site(files: Mapping[str, bytes]) -> AsyncIterator[str]:
    """Serve *files* on loopback."""

    async def answer(request: web.Request) -> web.Response:
        found = files.get(request.path.strip("/"))
        return web.Response(status=404) if found is None else web.Response(body=found)

    app = web.Application()
    app.router.add_get("/{name:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def data_url(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


async def nothing_happened(world: World) -> None:
    """Check that no money was held and nothing was kept."""
    assert str((await world.account_of(world.alice)).held) == "0.00"
    assert (await world.ask("GET", "/v1/videos")).json["data"] == []
    assert await world.gateway.store.keys("inputs") == []
    assert list(world.gateway.work.glob("in_*")) == []


async def test_what_cannot_be_an_input_is_refused_before_money_is_held(world: World) -> None:
    """C19: unreachable, not what it claims, too long or short, broken."""
    files = {
        "text.png": b"no picture at all",
        "cut.png": picture()[:60],
        "gif.png": picture("GIF"),
        "empty": b"",
        "1.mp4": film(world.home / "1.mp4", 1).read_bytes(),
        "9.mp4": film(world.home / "9.mp4", 9, 64, 64).read_bytes(),
        "a.png": picture(),
    }
    async with site(files) as url:
        cases: list[tuple[dict[str, Any], str, str]] = [
            ({"image": f"{url}/text.png"}, "image", "invalid_request"),
            ({"image": f"{url}/cut.png"}, "image", "invalid_request"),
            ({"image": f"{url}/gif.png"}, "image", "invalid_request"),
            ({"image": f"{url}/empty"}, "image", "invalid_request"),
            ({"image": f"{url}/1.mp4"}, "image", "invalid_request"),
            ({"image": f"{url}/missing"}, "image", "input_unreachable"),
            ({"image": "http://127.0.0.1:9/a"}, "image", "input_unreachable"),
            ({"image": "http://169.254.169.254/latest"}, "image", "input_forbidden"),
            ({"image": "http://10.0.0.1/a.png"}, "image", "input_forbidden"),
            ({"images": [f"{url}/a.png", f"{url}/gif.png"]}, "images[1]", "invalid_request"),
            ({"image": "data:image/png;base64,!!!"}, "image", "invalid_request"),
            ({"image": "data:image/png;base64"}, "image", "invalid_request"),
            ({"image": "data:,"}, "image", "invalid_request"),
            ({"video": f"{url}/a.png"}, "video", "invalid_request"),
            ({"video": f"{url}/1.mp4"}, "video", "invalid_request"),
            ({"video": f"{url}/9.mp4", "duration": ...}, "video", "invalid_request"),
        ]
        for fields, param, code in cases:
            refused = await world.post(**fields)
            is_error(refused, 400, code)
            assert refused.json["error"]["param"] == param, fields
        large = {"prompt": "a", "duration": 6, "image": data_url(b"x" * (10 * 2**20 + 1))}
        body, kind = io.BytesIO(json.dumps(large).encode()), {"Content-Type": "application/json"}
        refused = await world.ask("POST", "/v1/videos", data=body, headers=kind)
        assert "10 MiB" in is_error(refused, 400)
    await nothing_happened(world)


async def test_images_come_by_address_or_as_data(world: World) -> None:
    """C10, C33: two references of 10 s at 720p cost 0.704."""
    jpeg, png = picture("JPEG"), picture()
    async with site({"a.jpg": jpeg}) as url:
        escaped = data_url(png).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        escaped = escaped.replace("image%2Fpng", "image/png")
        images = [{"url": f"{url}/a.jpg"}, escaped]
        task = await world.make(images=images, duration="10", size="720P")

    order, inputs = world.engine.orders[task["id"]]
    assert task["metadata"]["operation"] == order.operation == "reference_to_video"
    assert [each.media_type for each in inputs.images] == ["image/jpeg", "image/png"]
    quoted = task["metadata"]["quote"]
    assert quoted["total"] == task["metadata"]["billing"]["held"] == "0.704"
    await world.no_inputs_left()


async def test_who_cannot_pay_leaves_no_inputs_behind(world: World) -> None:
    """C35: nothing is created, nothing is kept."""
    refused = await world.post(world.bob, image=data_url(picture()))

    is_error(refused, 402, "insufficient_balance")
    await nothing_happened(world)


async def test_a_video_is_measured_and_not_believed(tmp_path: Path, engine: Scripted) -> None:
    """C33, C36: an estimate cannot make an edit or an extension cheaper than its source."""
    source = film(tmp_path / "8.mp4", 8, 484, 484).read_bytes()
    small = film(tmp_path / "8s.mp4", 8, 64, 64).read_bytes()
    films = {"8.mp4": source, "8s.mp4": small}
    async with site(films) as url, open_world(tmp_path / "home", engine) as world:
        await world.open("alice", "10")
        priced: list[tuple[str, dict[str, Any], str]] = [
            ("8s", {"duration": ...}, "0.48"),
            ("8s", {"duration": ..., "size": "720p"}, "0.64"),
            ("8", {"duration": ...}, "0.64"),
            ("8", {"duration": ..., "size": "480p"}, "0.64"),
            ("8", {"duration": 6}, "0.50"),
            ("8s", {"duration": ..., "input_video_seconds": 1}, "0.48"),
            ("8s", {"duration": 6}, "0.38"),
            ("8s", {"duration": 6, "extra_body": {"input_video_seconds": 1}}, "0.38"),
        ]
        for name, fields, total in priced:
            asked = {"video": f"{url}/{name}.mp4", **fields}
            accepted = await world.post(**asked)
            assert accepted.status == 200, accepted.body
            assert accepted.json["metadata"]["quote"]["total"] == total, asked
            await world.end_of(accepted.json["id"])
        await world.audit()


async def test_a_video_made_here_that_is_too_large_to_send_is_named_by_its_address(
    world: World, tmp_path: Path
) -> None:
    """An engine takes so many bytes and no more; more must stand where it can fetch them."""
    made = await world.make()
    world.engine.most_bytes = 1000
    extend = {"prompt": "on", "duration": 2, "video": {"id": made["id"]}}

    message = is_error(await world.ask("POST", "/v1/videos", json=extend), 400)
    assert "public https" in message

    def public(gateway: Gateway) -> Gateway:
        return replace(gateway, public_url="https://films.example.com/")

    engine = Scripted(world.engine.reel)
    async with open_world(tmp_path / "public", engine, change=public) as there:
        await there.open("alice", "10")
        first = await there.make()
        engine.most_bytes = 1000
        task = await there.make(duration=2, video={"id": first["id"]})

    assert task["status"] == "completed"
    _, inputs = engine.orders[task["id"]]
    assert inputs.video is not None
    address = f"https://films.example.com/v1/videos/{first['id']}/content?expires="
    assert (inputs.video.url or "").startswith(address)
