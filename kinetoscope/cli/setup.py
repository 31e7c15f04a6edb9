"""A new home, and whether an old one is in order."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from kinetoscope.app import DATABASE, check_rpc, open_gateway
from kinetoscope.assets import StoreUnavailable
from kinetoscope.cli.homes import open_first_account, open_home
from kinetoscope.cli.options import at, home_option, json_option, program
from kinetoscope.cli.show import dollars, say, show_facts, show_json
from kinetoscope.db import Conn, accounts
from kinetoscope.db.accounts import Account
from kinetoscope.domain.errors import EngineUnavailable
from kinetoscope.engines import FIRST, Engine
from kinetoscope.settings import (
    FILE,
    ModelSetting,
    Settings,
    SettingsError,
    XaiSetting,
    load,
    unknown_variables,
)

_WIDTH = 90
_ENGINE_SECONDS = 10
_NOT_IN_FILE = "signing_key"


@dataclass(frozen=True, slots=True)
class _Found:
    """What a home has: its first account, the secret of a new key, or how many keys there are."""

    account: Account
    is_new: bool
    secret: str | None
    keys: int


@click.command()
@home_option
@json_option
def init(home: Path, as_json: bool) -> None:
    """Make a home: settings, a database, and an account with $10 of play money and a key.

    What is there already stays as it is.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    wrote = _write_settings(home / FILE)
    with open_home(home) as books:
        found = books.write(_prepare)
    if as_json:
        show_json(
            {
                "home": str(home),
                "settings": str(home / FILE),
                "account": found.account.name,
                "available": str(found.account.available),
                "created": found.is_new,
                "keys": found.keys,
                "key": found.secret,
            }
        )
        return
    there = {True: "new", False: "was there"}
    show_facts(
        {
            "home": home,
            "settings": f"{home / FILE} ({there[wrote]})",
            "account": f"{found.account.name}, {dollars(found.account.available)} available"
            f" ({there[found.is_new]})",
            "key": found.secret or f"{found.keys} in use; their secrets are not kept",
        }
    )
    if found.secret is None:
        say(f"\nFor another key: {program()} key create{at(home)} {found.account.name}")
        return
    say("\nKeep the key: it is not shown again. Next:")
    say(f"  export KINETOSCOPE_KEY={found.secret}")
    say(f'  {program()} generate "a lighthouse in a storm" --duration 6{at(home)}')
    say(f"  {program()} serve{at(home)}")


@click.command()
@home_option
@json_option
def check(home: Path, as_json: bool) -> None:
    """Show the settings in force, and everything that is wrong; exit with 1 if anything is."""
    settings, faults = _read(home)
    faults += [f"{name}: there is no such setting" for name in unknown_variables()]
    ready = home.is_dir() and (settings is not None) and _has_books(home, settings)
    if settings is not None and ready:
        faults += _rooms(home, settings)
    shown = {} if settings is None else settings.model_dump(mode="json")
    if as_json:
        show_json({"home": str(home), "initialised": ready, "settings": shown, "faults": faults})
    else:
        facts = {name: _as_toml(value) for name, value in shown.items()}
        is_new = settings is not None and not ready
        place = f"{home} (nothing there: kinetoscope init)" if is_new else str(home)
        show_facts({"home": place, **facts})
        for fault in faults:
            say(fault)
    if faults:
        raise click.ClickException(f"{len(faults)} wrong")


def _prepare(conn: Conn) -> _Found:
    account, is_new = open_first_account(conn)
    secret = None
    if is_new:
        _, secret = accounts.create_key(conn, account.id, int(time.time()), name="first")
    keys = accounts.list_keys(conn, account.id)
    return _Found(account, is_new, secret, sum(key.revoked_at is None for key in keys))


def _write_settings(path: Path) -> bool:
    """Write every setting with its default, commented out; False if there is a file."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(_template()) + "\n")
    except FileExistsError:
        return False
    return True


def _template() -> Iterator[str]:
    yield "# The settings of this home. Each stands here with its default: take away its # to"
    yield "# change it. KINETOSCOPE_PORT=9000 in the environment does the same, and wins."
    yield "# `kinetoscope check` shows what is in force."
    for name, field in Settings.model_fields.items():
        if name in ("models", "xai", _NOT_IN_FILE):
            continue
        yield ""
        yield from _wrap(field.description or "")
        default = field.get_default()
        yield f"# {name} = {_as_toml('' if name == 'database' else default)}"
    yield ""
    yield from _wrap("The secret that links are signed with never stands here; name its file with")
    yield "# KINETOSCOPE_SIGNING_KEY_FILE. By default one is made in signing.key."
    yield ""
    yield from _wrap(Settings.model_fields["models"].description or "")
    models: dict[str, ModelSetting] = Settings.model_fields["models"].get_default()
    for name, model in models.items():
        yield f"# [models.{name}]"
        for part, value in model.model_dump(mode="json").items():
            yield f"# {part} = {_as_toml(value)}"
    yield ""
    yield from _wrap(Settings.model_fields["xai"].description or "")
    yield f"# [xai.{FIRST}]"
    for part, value in XaiSetting().model_dump(mode="json", exclude={"api_key"}).items():
        yield f"# {part} = {_as_toml(value)}"


def _wrap(text: str) -> Iterator[str]:
    line = "#"
    for word in text.split():
        if len(line) + len(word) >= _WIDTH:
            yield line
            line = "#"
        line += f" {word}"
    yield line


def _as_toml(value: Any) -> str:  # noqa: ANN401 - whatever a setting is
    if isinstance(value, BaseModel):
        return _as_toml(value.model_dump(mode="json"))
    if isinstance(value, dict):
        inner = ", ".join(f"{name} = {_as_toml(each)}" for name, each in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _read(home: Path) -> tuple[Settings | None, list[str]]:
    try:
        settings = load(home)
    except SettingsError as error:
        return None, list(error.faults)
    try:
        check_rpc(settings.grpc)
    except SettingsError as error:
        return settings, list(error.faults)
    return settings, []


def _has_books(home: Path, settings: Settings) -> bool:
    """Whether there is a database to look at: looking must not make one."""
    return bool(settings.database.get_secret_value()) or (home / DATABASE).exists()


def _rooms(home: Path, settings: Settings) -> list[str]:
    """Try the database, the storage and the engines."""
    try:
        with open_home(home):
            pass
        return asyncio.run(_try(home, settings))
    except click.ClickException as error:
        return [error.message]
    except (OSError, ValueError, StoreUnavailable) as error:
        return [str(error)]


async def _try(home: Path, settings: Settings) -> list[str]:
    faults = []
    async with open_gateway(settings, home) as gateway:
        try:
            await gateway.store.ready()
        except StoreUnavailable as error:
            faults.append(f"assets: {error}")
        faults += [await _try_engine(engine) for engine in gateway.engines().values()]
    return [fault for fault in faults if fault]


async def _try_engine(engine: Engine) -> str:
    try:
        async with asyncio.timeout(_ENGINE_SECONDS):
            await engine.ready()
    except TimeoutError:
        return f"engine {engine.name}: it did not answer within {_ENGINE_SECONDS} seconds"
    except EngineUnavailable as error:
        return f"engine {engine.name}: {error}"
    return ""
