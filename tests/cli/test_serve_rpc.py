"""The service with a port for xAI's own SDK: over TLS, and what is said if it cannot be."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from kinetoscope.settings import FILE
from tests.cli.conftest import Programs, end
from tests.engines.xai_files import keep
from tests.patience import PATIENCE
from tests.programs import greeting

CUSTOMER = """
import sys, xai_sdk
client = xai_sdk.Client(api_key=sys.argv[1], api_host=sys.argv[2])
print(client.video.start("a fox", "grok-imagine-video", duration=1).request_id)
"""


def choose(programs: Programs, **grpc: object) -> None:
    programs.home.mkdir(exist_ok=True)
    lines = ["[grpc]", *(f"{name} = {value!r}" for name, value in grpc.items())]
    (programs.home / FILE).write_text("\n".join(lines))


@pytest.fixture
def port() -> int:
    """A port that is free just now."""
    with keep(0) as listener:
        return int(listener.getsockname()[1])


def certified(folder: Path) -> dict[str, str]:
    """The files of a certificate for 127.0.0.1, and of who signed it."""
    authority = trustme.CA()
    paths = {name: str(folder / f"{name}.pem") for name in ("certificate", "private_key", "ca")}
    pair = authority.issue_cert("127.0.0.1")
    pair.private_key_pem.write_to_path(paths["private_key"])
    for blob in pair.cert_chain_pems:
        blob.write_to_path(paths["certificate"], append=True)
    authority.cert_pem.write_to_path(paths["ca"])
    return paths


def test_the_sdk_makes_a_video_over_tls(programs: Programs, port: int, tmp_path: Path) -> None:
    files = certified(tmp_path)
    pair = {name: files[name] for name in ("certificate", "private_key")}
    choose(programs, port=port, **pair)
    key = programs.here("init", "--json").json["key"]
    program = programs.start("serve", "--port", "0", "--json")
    told = greeting(program)

    done = subprocess.run(
        [sys.executable, "-c", CUSTOMER, key, told["grpc"]],
        env={"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": files["ca"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    program.send_signal(signal.SIGTERM)
    said = end(program)

    assert told["grpc"] == f"127.0.0.1:{port}"
    assert len(done.stdout.strip()) == 36
    assert said.status == 0
    assert "Traceback" not in said.err


def test_a_port_that_is_taken_is_said_in_a_sentence(programs: Programs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        choose(programs, port=taken)
        programs.here("init", "--json")
        said = programs.run("serve", "--port", "0")

    assert said.status == 1
    assert f"cannot listen at 127.0.0.1:{taken}" in said.err
    assert "grpc.port" in said.err
    assert "Traceback" not in said.err


def test_files_that_are_no_pair_are_said_before_anybody_connects(
    programs: Programs, port: int, tmp_path: Path
) -> None:
    nothing = str(tmp_path / "nothing.pem")
    choose(programs, port=port, certificate=nothing, private_key=nothing)
    programs.here("init", "--json")
    said = programs.run("serve", "--port", "0")

    assert programs.here("check").status == 1
    assert said.status == 1
    assert "grpc.certificate and grpc.private_key" in said.err
    assert "Traceback" not in said.err
