"""Settings in, one Gateway out: the only place that knows what was chosen."""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import os
import resource
import secrets
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from kinetoscope.api import create_app
from kinetoscope.api.protocol import Protocol
from kinetoscope.assets import open_store
from kinetoscope.db import Database, open_database
from kinetoscope.db.migrate import upgrade
from kinetoscope.domain.money import Money
from kinetoscope.domain.pricing import Rates
from kinetoscope.engines import FIRST, SANDBOX, Engine, kind, label, load
from kinetoscope.engines.sandbox import Sandbox
from kinetoscope.engines.xai import Pace, Upstream
from kinetoscope.outbound import Outbound
from kinetoscope.service import Gateway, Model, Rules
from kinetoscope.service.embedded import Embedded
from kinetoscope.service.watch import Watch
from kinetoscope.settings import (
    GrpcSetting,
    ModelSetting,
    RatesSetting,
    Settings,
    SettingsError,
    XaiSetting,
    xai_key,
)

if TYPE_CHECKING:  # importing it loads gRPC
    from kinetoscope.api.rpc import RpcDoor

log = logging.getLogger(__name__)

ASSETS = "assets"
DATABASE = "kinetoscope.db"
SIGNING_KEY = "signing.key"
_KEY_BYTES = 32
_COLLECT = (20_000, 50, 50)  # new objects before each generation is looked through
_DOWNLOAD_SECONDS = 300  # for one finished video
_LONGEST_LINK = 8192  # characters of an engine's link, which may be signed at length
_FILES = 10_240  # the most that macOS allows
_HOUR, _DAY = 3600, 24 * 3600


def open_books(settings: Settings, home: Path) -> Database:
    """Open the database of *home*, in the shape that this version needs."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database.get_secret_value() or f"sqlite:///{home / DATABASE}")
    upgrade(database)
    return database


@asynccontextmanager
async def open_gateway(settings: Settings, home: Path) -> AsyncIterator[Gateway]:
    """Build the gateway, and close what it holds when this ends."""
    database = open_books(settings, home)
    work, assets = home / "work", home / ASSETS
    if not settings.assets:
        assets.mkdir(exist_ok=True, mode=0o700)
    outbound = Outbound(allow=settings.allow_networks, timeout_seconds=settings.fetch_seconds)
    downloads = Outbound(
        allow=settings.allow_networks,
        timeout_seconds=_DOWNLOAD_SECONDS,
        url_characters=_LONGEST_LINK,
    )
    engines = {name: _engine(name, settings, work) for name in sorted(settings.engines())}
    sandbox = _sandbox(settings, work)
    gateway = Gateway(
        db=database,
        store=open_store(settings.assets or assets.resolve().as_uri()),
        outbound=outbound,
        downloads=downloads,
        models={
            name: Model(name, tuple(engines[each] for each in model.engines), _rates(model.rates))
            for name, model in settings.models.items()
        },
        cards={
            name: _rates(_xai(settings, name).prices) for name in engines if kind(name) == "xai"
        },
        aliases=_aliases(settings.models),
        default_model=next(iter(settings.models)),
        rules=_rules(settings),
        signing_key=_signing_key(settings, home),
        work=work,
        public_url=settings.public_url,
        now=time.time,
        watch=Watch(database),
        sandbox=sandbox,
        proxies=tuple(map(str, settings.proxies)),
    )
    try:
        yield gateway
    finally:
        for engine in (*engines.values(), sandbox):
            await engine.close()
        await outbound.close()
        await downloads.close()
        await database.close()


@asynccontextmanager
async def running(gateway: Gateway, settings: Settings) -> AsyncIterator[Embedded]:
    """Run tasks in this process until this ends; handing back takes half the time to drain."""
    runner = Embedded(gateway)
    runner.start()
    try:
        yield runner
    finally:
        await runner.drain(settings.drain_seconds / 2)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Open the socket that the service listens on; OSError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
        yield listener


def web_config(gateway: Gateway, settings: Settings) -> uvicorn.Config:
    """Say how the web server runs the application; what is open gets half the time to drain."""
    return uvicorn.Config(
        create_app(gateway, settings.public_url or None),
        http=Protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,  # what a link begins with is a setting, never a stranger's header
        timeout_graceful_shutdown=max(1, settings.drain_seconds // 2),
        timeout_keep_alive=75,
    )


def build_rpc(gateway: Gateway, settings: Settings, link_base: str) -> RpcDoor | None:
    """Build the door for xAI's own SDK, if one is wanted; SettingsError or OSError if it cannot.

    What that loads, which takes half a second, is loaded here.
    """
    chosen = settings.grpc
    if not chosen.port:
        return None
    certificate, private_key = check_rpc(chosen)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it writes to standard error by itself
    from kinetoscope.api.rpc import Place, build_door  # noqa: PLC0415 - see above

    place = Place(settings.host, chosen.port, certificate, private_key)
    return build_door(gateway, place, settings.public_url or link_base)


def check_rpc(chosen: GrpcSetting) -> tuple[bytes, bytes]:
    """Get the certificate and its key, or nothing; SettingsError if it cannot work as *chosen*."""
    if chosen.port and find_spec("xai_sdk") is None:
        raise SettingsError(["grpc needs xai-sdk: run `pip install 'kinetoscope[xai]'`"])
    if not chosen.certificate and not chosen.private_key:
        return b"", b""
    try:
        pair = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Without a password OpenSSL would ask for one on the terminal.
        pair.load_cert_chain(chosen.certificate, chosen.private_key, password="")
        return Path(chosen.certificate).read_bytes(), Path(chosen.private_key).read_bytes()
    except OSError as error:  # an SSLError is one
        message = f"grpc.certificate and grpc.private_key are not a pair of PEM files: {error}"
        raise SettingsError([message]) from error


def spare_the_collector() -> None:
    """Let the garbage collector pass over what lives as long as the process: a third of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT)


def allow_many_connections() -> None:
    """Let this process open as many files as it may: every connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
        with suppress(ValueError, OSError):  # then it stays as it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def configure_logging(settings: Settings) -> None:
    """Log to standard error, as text for people or as JSON for programs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JsonLines()
        if settings.log_format == "json"
        else logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    )
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for noisy in ("uvicorn", "uvicorn.error", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.root.level))


class _JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _engine(name: str, settings: Settings, work: Path) -> Engine:
    return load(name, **_OPTIONS[kind(name)](name, settings, work))


def _sandbox(settings: Settings, work: Path) -> Engine:
    """Build what makes the films of test keys, whichever engines the models use."""
    options = _studio_options("", settings, work / SANDBOX)
    return Sandbox(load("studio", **options, draft=True))


def _studio_options(name: str, settings: Settings, work: Path) -> Mapping[str, Any]:
    del name
    return {
        "folder": work / "studio",
        "slots": settings.studio_slots or max(1, (os.cpu_count() or 1) - 1),
        "memory_mib": settings.studio_memory_mib,
        "timeout_seconds": settings.task_seconds,
    }


def _xai_options(name: str, settings: Settings, work: Path) -> Mapping[str, Any]:
    del work
    faults: list[str] = []
    chosen = _xai(settings, name)
    upstream = Upstream(
        key=xai_key(settings, label(name), faults),
        fault="".join(faults) or _where_keys_go(label(name)),
        host=chosen.host,
        tls=chosen.tls,
        model=chosen.model,
        image_base=chosen.image_base,
    )
    submits = Pace(chosen.submits_per_second, chosen.requests_per_minute)
    return {"name": name, "upstream": upstream, "slots": chosen.slots, "submits": submits}


def _where_keys_go(name: str) -> str:
    usual = "XAI_API_KEY or " if name == FIRST else ""
    return f"set {usual}KINETOSCOPE_XAI__{name.upper()}__API_KEY_FILE"


_OPTIONS: Mapping[str, Callable[[str, Settings, Path], Mapping[str, Any]]] = {
    "studio": _studio_options,
    "xai": _xai_options,
}


def _xai(settings: Settings, name: str) -> XaiSetting:
    return settings.xai.get(label(name), XaiSetting())


def _rates(rates: RatesSetting) -> Rates:
    return Rates(
        output_second={tier: Money.parse(text) for tier, text in rates.output_second.items()},
        input_image=Money.parse(rates.input_image),
        input_second=Money.parse(rates.input_second),
    )


def _aliases(models: Mapping[str, ModelSetting]) -> dict[str, str]:
    return {alias: name for name, model in models.items() for alias in model.aliases}


def _rules(settings: Settings) -> Rules:
    return Rules(
        charge_moderated=settings.charge_moderated,
        retention=settings.retention_days * _DAY,
        queue_time=settings.queue_seconds,
        task_time=settings.task_seconds,
        link_time=settings.link_hours * _HOUR,
        open_tasks=settings.open_tasks,
    )


def _signing_key(settings: Settings, home: Path) -> bytes:
    """Get the secret that links are signed with; make one the first time."""
    if chosen := settings.signing_key.get_secret_value():
        return hashlib.sha256(chosen.encode()).digest()
    path = home / SIGNING_KEY
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return hashlib.sha256(path.read_bytes()).digest()
    with os.fdopen(file, "wb") as handle:
        handle.write(secrets.token_hex(_KEY_BYTES).encode())
    return hashlib.sha256(path.read_bytes()).digest()
