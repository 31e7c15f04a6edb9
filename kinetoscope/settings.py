"""What the operator chose: ``kinetoscope.toml``, then ``KINETOSCOPE_*`` in the environment.

Secrets come from the environment or from a file that ``KINETOSCOPE_…_FILE`` names, and never
stand in ``kinetoscope.toml``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from kinetoscope.domain.money import Money
from kinetoscope.domain.order import Tier
from kinetoscope.engines import ENGINES, FIRST, kind, label

FILE = "kinetoscope.toml"
PREFIX = "KINETOSCOPE_"
SECRETS = ("database", "signing_key")
_KEY_FILE = "KINETOSCOPE_SIGNING_KEY_FILE"
_Label = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,20}$")]
NOT_SETTINGS = frozenset(("HOME", "URL", "KEY"))  # which other programs of ours read


class SettingsError(Exception):
    """Everything that is wrong with the settings, a sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class RatesSetting(BaseModel):
    """A price list in US dollars, at most six decimals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output_second: Mapping[Tier, str] = {Tier.P480: "0.05", Tier.P720: "0.07"}
    input_image: str = "0.002"
    input_second: str = "0.01"

    @field_validator("output_second", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:  # noqa: ANN401 - not checked yet
        return {k: _text(v) for k, v in value.items()} if isinstance(value, Mapping) else value

    @field_validator("input_image", "input_second", mode="before")
    @classmethod
    def _one_text(cls, value: Any) -> Any:  # noqa: ANN401 - not checked yet
        return _text(value)

    @model_validator(mode="after")
    def _amounts(self) -> Self:
        missing = [tier for tier in Tier if tier not in self.output_second]
        if missing:
            message = f"output_second needs a price for {', '.join(missing)}"
            raise ValueError(message)
        for text in (*self.output_second.values(), self.input_image, self.input_second):
            Money.parse(text)
        prices = [Money.parse(self.output_second[tier]) for tier in Tier]
        if prices != sorted(prices):
            message = "output_second of a larger size must not cost less than of a smaller one"
            raise ValueError(message)
        return self


class ModelSetting(BaseModel):
    """A model: who makes it, under which other names it is asked for, and its prices.

    ``engine = "xai"`` is short for ``engines = ["xai"]``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    engines: tuple[str, ...] = ("studio",)
    aliases: tuple[str, ...] = ()
    rates: RatesSetting = RatesSetting()

    @model_validator(mode="before")
    @classmethod
    def _one_engine(cls, data: Any) -> Any:  # noqa: ANN401 - not checked yet
        if not isinstance(data, Mapping) or "engine" not in data:
            return data
        if "engines" in data:
            message = "engine and engines mean the same; give one of them"
            raise ValueError(message)
        return {
            **{name: each for name, each in data.items() if name != "engine"},
            "engines": [data["engine"]],
        }

    @field_validator("engines")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            message = "at least one engine is needed"
            raise ValueError(message)
        for name in names:
            if kind(name) not in ENGINES or (kind(name) != "xai" and name != kind(name)):
                message = f"{name!r} is not an engine; there is: {', '.join(ENGINES)}"
                raise ValueError(message)
        places = [(kind(name), label(name)) for name in names]
        if len(set(places)) < len(places):
            message = f"{', '.join(names)}: every engine is asked once"
            raise ValueError(message)
        return names


class XaiSetting(BaseModel):
    """One key of xAI's and the server that it is for.

    The defaults are xAI's own: its limits and prices as of its documentation of November 2026.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr = SecretStr("")
    api_key_file: str = ""
    host: str = Field(default="api.x.ai", min_length=1)
    tls: bool = True
    model: str = Field(default="grok-imagine-video", min_length=1)
    image_base: Literal[0, 1] = 1
    slots: int = Field(default=100, ge=1, le=10_000)
    submits_per_second: float = Field(default=1.5, gt=0, le=1000)
    requests_per_minute: int = Field(default=60, ge=1, le=60_000)
    prices: RatesSetting = RatesSetting()


class GrpcSetting(BaseModel):
    """Where xAI's own SDK is answered, if it is: not at port 0; over TLS with both files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: int = Field(default=0, ge=0, le=65535)
    certificate: str = ""
    private_key: str = ""


class Settings(BaseSettings):
    """Every setting, with a default that works on a laptop."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    database: SecretStr = Field(
        default=SecretStr(""),
        description="Where accounts, money and tasks are kept: sqlite:///FILE or"
        " postgresql://USER@HOST/NAME; by default kinetoscope.db in the home folder.",
    )
    assets: str = Field(
        default="",
        description="The folder that keeps videos, as file:///FOLDER; by default assets in the"
        " home folder.",
    )
    host: str = Field(default="127.0.0.1", description="The address that serve listens on.")
    port: int = Field(
        default=8787,
        ge=0,
        le=65535,
        description="The port that serve listens on; 0 takes a free one.",
    )
    grpc: GrpcSetting = Field(
        default=GrpcSetting(),
        description="The port at which xAI's own SDK is answered, over TLS with the PEM files"
        " certificate and private_key; port 0 answers it nowhere.",
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="What links to videos begin with, such as https://video.example.com; by"
        " default the address that the request came to.",
    )
    models: Mapping[str, ModelSetting] = Field(
        default={"grok-imagine": ModelSetting()},
        description="The models that customers may ask for; the first is the default one.",
    )
    xai: Mapping[_Label, XaiSetting] = Field(
        default={FIRST: XaiSetting()},
        description="The keys of xAI's and what they are for: [xai.main] is the engine xai, and"
        " [xai.second] the engine xai:second.",
    )
    signing_key: SecretStr = Field(
        default=SecretStr(""),
        description="The secret that links to videos are signed with; by default one is made and"
        " kept in signing.key in the home folder.",
    )
    run_tasks: bool = Field(
        default=True, description="Whether serve also makes the videos; false leaves it to worker."
    )
    studio_slots: int = Field(
        default=0,
        ge=0,
        le=64,
        description="How many videos the studio engine draws at a time; 0 is one less than there"
        " are cores, and at least 1.",
    )
    studio_memory_mib: int = Field(
        default=3072,
        ge=512,
        description="The memory, in MiB, that drawing one video may take before it is ended.",
    )
    task_seconds: int = Field(
        default=3600, ge=10, description="How long an engine may take for one video, in seconds."
    )
    queue_seconds: int = Field(
        default=86400, ge=10, description="How long a task may wait for an engine, in seconds."
    )
    open_tasks: int = Field(
        default=10_000,
        ge=1,
        description="How many tasks of one account may be waiting or at work; more are told 429.",
    )
    drain_seconds: int = Field(
        default=20, ge=1, le=600, description="How long stopping may take, in seconds."
    )
    retention_days: int = Field(
        default=0, ge=0, description="After how many days a result is dropped; 0 keeps it for ever."
    )
    link_hours: int = Field(
        default=24, ge=1, le=24 * 365, description="How long a link to a video is good, in hours."
    )
    charge_moderated: bool = Field(
        default=True,
        description="Whether a video that moderation blocked is charged when the engine billed it.",
    )
    allow_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Private networks that image and video addresses may lead to, such as"
        ' ["10.0.0.0/8"].',
    )
    proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="The networks of the proxies before this service, whose X-Forwarded-For is"
        ' believed where a key is for some networks only, such as ["10.0.0.0/8"].',
    )
    fetch_seconds: int = Field(
        default=20, ge=1, le=600, description="How long fetching one input may take, in seconds."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important messages that are logged."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="How log lines look: text for people, json for programs."
    )

    @field_validator("models")
    @classmethod
    def _names_differ(cls, models: Mapping[str, ModelSetting]) -> Mapping[str, ModelSetting]:
        names = [*models, *(alias for model in models.values() for alias in model.aliases)]
        if not names:
            message = "at least one model is needed"
            raise ValueError(message)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            message = f"these names stand for two models: {', '.join(twice)}"
            raise ValueError(message)
        return models

    @model_validator(mode="after")
    def _labels_are_known(self) -> Self:
        known = {FIRST, *self.xai}
        for name, model in self.models.items():
            for engine in model.engines:
                if label(engine) not in known:
                    message = f"models.{name}: there is no [xai.{label(engine)}] for {engine}"
                    raise ValueError(message)
        if {"xai", f"xai:{FIRST}"} <= self.engines():
            message = f"xai and xai:{FIRST} are the same engine; call it by one name"
            raise ValueError(message)
        return self

    def engines(self) -> set[str]:
        """Tell the names of all engines that some model uses."""
        return {engine for model in self.models.values() for engine in model.engines}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose values arrive as arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load(home: Path) -> Settings:
    """Read the settings of *home*, or raise SettingsError with all that is wrong at once."""
    faults: list[str] = []
    chosen = _read_file(home / FILE, faults)
    if chosen.pop("signing_key", None) is not None:
        faults.append(f"signing_key: a secret must not stand in {FILE}; use {_KEY_FILE}")
    faults += _secrets_of_xai(chosen.get("xai"))
    chosen.update(_read_secrets(faults))
    settings = None
    try:
        settings = Settings(**chosen)
    except ValidationError as error:
        faults += [_fault(each) for each in error.errors(include_url=False)]
    if settings is None or faults:
        raise SettingsError(faults)
    return settings


def xai_key(settings: Settings, name: str, faults: list[str]) -> str:
    """Get the API key that xAI gave for the label *name*; empty, or with a fault, if there is none.

    The environment's own word comes first, then the file that is named, and for ``main`` at last
    ``XAI_API_KEY``, where xAI's own programs look.
    """
    chosen = settings.xai.get(name, XaiSetting())
    key = chosen.api_key.get_secret_value()
    if not key and chosen.api_key_file:
        try:
            key = Path(chosen.api_key_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"xai.{name}.api_key_file: {error}")
            return ""
    elif not key and name == FIRST:
        key = os.environ.get("XAI_API_KEY", "")
    key = key.strip()
    if not (key.isascii() and key.replace(" ", "\n").isprintable()):  # no header could bear it
        faults.append(f"the API key of xai.{name} has letters that no key has")
        return ""
    return key


def unknown_variables() -> list[str]:
    """List the ``KINETOSCOPE_*`` variables that mean nothing here."""
    known = {name.upper() for name in Settings.model_fields} | NOT_SETTINGS
    known |= {f"{name.upper()}_FILE" for name in SECRETS}
    names = [name.removeprefix(PREFIX) for name in os.environ if name.startswith(PREFIX)]
    return [f"{PREFIX}{name}" for name in names if name.partition("__")[0] not in known]


def _read_file(path: Path, faults: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        faults.append(f"{path} cannot be read: {error}")
        return {}


def _secrets_of_xai(tables: Any) -> list[str]:  # noqa: ANN401 - not checked yet
    """Say where a key stands in the file, and take it out."""
    faults = []
    for name, table in tables.items() if isinstance(tables, dict) else ():
        if isinstance(table, dict) and table.pop("api_key", None) is not None:
            message = f"a secret must not stand in {FILE}; name its file with api_key_file"
            faults.append(f"xai.{name}.api_key: {message}")
    return faults


def _read_secrets(faults: list[str]) -> dict[str, str]:
    found = {}
    for name in SECRETS:
        variable = f"{PREFIX}{name.upper()}_FILE"
        if path := os.environ.get(variable):
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                faults.append(f"{variable}: {error}")
    return found


def _fault(error: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in error["loc"])
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "there is no such setting; docs/settings.md lists them"
    return f"{name}: {message}"


def _text(value: Any) -> Any:  # noqa: ANN401 - not checked yet
    """Let a price be written as a number as well; its digits are what counts."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else value
