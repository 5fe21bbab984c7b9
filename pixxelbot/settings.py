"""One Settings object, read from the environment and `.env`."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pixxelbot.errors import ConfigurationError

BUNDLED = Path(__file__).parent / "bundled"
"""Folder of the model that ships."""
ROLES: Final = (
    "clip", "segmenter", "upscaler", "depth-estimator", "edges", "depth", "pose", "scribble", "edit", "preview", "lora",
    "embedding",
)  # fmt: skip
"""What a network that is no model of its own is for; edges, depth, pose and scribble are ControlNets."""


def _named(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """What the operator may set. Every field says its variable; `interfaces` of the manual lists them."""

    model_config = SettingsConfigDict(env_prefix="PIXXELBOT_", env_file=".env", extra="ignore", populate_by_name=True)

    discord_token: SecretStr | None = Field(
        default=None, validation_alias=_named("PIXXELBOT_DISCORD_TOKEN", "DISCORD_TOKEN")
    )
    """Bot token. Only from the environment, never logged."""
    discord_api: str | None = None
    """Base of Discord's HTTP API, with `/api/v10`."""
    discord_gateway: str | None = None
    """WebSocket URL; when set it wins over what `/gateway/bot` answers."""
    discord_cdn: str | None = None
    """Origin that attachments are fetched from, beside Discord's own."""
    shard_count: int | None = Field(default=None, ge=1)
    """Number of gateway shards over all processes."""
    shard_ids: Annotated[tuple[int, ...] | None, NoDecode] = None
    """The shards this process serves, comma-separated."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias=_named("OPENAI_API_KEY"))
    """Key of the language model's endpoint."""
    openai_base_url: str | None = Field(default=None, validation_alias=_named("OPENAI_BASE_URL"))
    """Any OpenAI-compatible endpoint; alone, without a key, it suffices for local servers."""
    llm_model: str = "gpt-4o-mini"
    """Name of the language model there."""
    llm_timeout: float = Field(default=20.0, gt=0, le=600)
    """Seconds one planning may take in all."""
    llm_context: int = Field(default=8192, ge=2048)
    """Tokens that the language model reads and writes at most; conversations are cut to fit."""
    llm_vision: Literal["auto", "on", "off"] = "auto"
    """Whether it is shown pictures; `auto` tries and remembers."""
    home: Path = Path("data")
    """Everything the bot keeps: database, pictures, profiles, logs."""
    database_url: str | None = None
    """`postgresql://…`; SQLite inside `home` when unset."""
    storage: str | None = None
    """Any fsspec URL for pictures; a folder inside `home` when unset."""
    models: Annotated[tuple[tuple[str, str], ...], NoDecode] = (
        ("bundled", str(BUNDLED)), ("bundled:clip", str(BUNDLED / "clip")),
    )  # fmt: skip
    """`name=path-or-hub-id`, comma-separated; the first is the default. Networks of other uses as `name:role=path`."""
    device: str | None = None
    """`cpu`, `cuda`, `cuda:1`, `mps`; chosen by the renderer when unset."""
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """Arithmetic of the models; `auto` is bfloat16 where the device calculates in it by itself."""
    attention: Literal["auto", "native", "cudnn", "flash", "sage", "xformers"] = "auto"
    """Attention of denoisers and ControlNets; `auto` leaves it to the library. GPU only, but `native`."""
    compile: bool = False
    """Whether the repeated blocks of denoisers are compiled. GPU only."""
    quantisation: Literal["none", "int8", "float8"] = "none"
    """Linear weights in so few bits; needs the extra `quantisation`."""
    offload: Literal["none", "parts", "blocks"] = "none"
    """What lies in the CPU's memory until used: all but denoisers (`parts`), or all (`blocks`, slower). GPU only."""
    memory_budget: int | None = Field(default=None, gt=0)
    """Bytes of model weights kept loaded."""
    unload_seconds: float | None = Field(default=None, gt=0)
    """Idle time after which the device's memory is given back, for games say; never when unset."""
    renderer: Literal["local", "ray"] = "local"
    ray_address: str | None = None
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65535)
    public_url: str | None = None
    log: Literal["debug", "info", "warning", "error"] = "info"

    in_flight: int = Field(default=8, ge=1, le=64)
    """Jobs handed to the renderer at once."""
    max_attempts: int = Field(default=3, ge=1, le=20)
    """After this many crashes a job is set aside."""
    preview_seconds: float = Field(default=2.0, gt=0)
    """Shortest time between two edits of a preview."""
    token_seconds: float = Field(default=840.0, gt=0)
    """How long an interaction's token is trusted; Discord says 15 minutes, and sometimes means less."""

    @field_validator("models", mode="before")
    @classmethod
    def _split_models(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = []
        for part in filter(None, (item.strip() for item in value.split(","))):
            name, equals, where = part.partition("=")
            if not equals or not name.strip() or not where.strip():
                raise ValueError("write it as name=path, several separated by commas")
            _, colon, role = name.strip().partition(":")
            if colon and role not in ROLES:
                raise ValueError(f"write name:role=path with one of these roles: {', '.join(ROLES)}")
            pairs.append((name.strip(), where.strip()))
        if not any(":" not in name for name, _ in pairs):
            raise ValueError("write at least one name=path")
        return tuple(pairs)

    @field_validator("shard_ids", mode="before")
    @classmethod
    def _split_shards(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all(part.isdecimal() for part in parts):
            raise ValueError("write numbers from 0 on, separated by commas")
        return tuple(map(int, parts))

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value and not value.startswith(("postgresql://", "postgresql+psycopg://", "sqlite:///")):
            raise ValueError("write postgresql://user@host/name or sqlite:///path")
        return value

    @field_validator("discord_api", "discord_cdn", "openai_base_url", "public_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("write a URL that starts with http:// or https://")
        return value.rstrip("/") if value else None

    @field_validator("renderer")
    @classmethod
    def _built_renderer(cls, value: str) -> str:
        if value != "local":
            raise ValueError("write local; other renderers are not in this version")
        return value

    @field_validator("device")
    @classmethod
    def _known_device(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"(?:cpu|mps|(?:cuda|xpu)(?::\d+)?)", value):
            raise ValueError("write cpu, cuda, cuda:1, xpu or mps")
        return value or None

    @field_validator("discord_gateway")
    @classmethod
    def _socket_address(cls, value: str | None) -> str | None:
        if value and not value.startswith(("ws://", "wss://")):
            raise ValueError("write a URL that starts with ws:// or wss://")
        return value

    @property
    def database(self) -> str:
        """SQLAlchemy URL with its driver."""
        if self.database_url is None:
            return f"sqlite:///{(self.home / 'pixxelbot.db').absolute()}"
        scheme, _, rest = self.database_url.partition("://")
        return f"{'sqlite' if scheme == 'sqlite' else 'postgresql+psycopg'}://{rest}"

    @property
    def pictures(self) -> str:
        """fsspec URL of the pictures."""
        return self.storage or (self.home / "pictures").absolute().as_uri()

    @cached_property
    def checkpoints(self) -> dict[str, str]:
        """Folder, file or hub id of each model that draws by itself, by name; the first is the default."""
        return {name: where for name, where in self.models if ":" not in name}

    @cached_property
    def networks(self) -> tuple[tuple[str, str, str], ...]:
        """Name, role and place of each network that serves beside them."""
        parted = ((*name.split(":", 1), where) for name, where in self.models if ":" in name)
        return tuple((name, role, where) for name, role, where in parted)

    @cached_property
    def default_model(self) -> str:
        """Name of the first model."""
        return next(iter(self.checkpoints))

    @property
    def llm(self) -> bool:
        """Whether a language model is set up."""
        return bool(self.openai_api_key or self.openai_base_url)

    @classmethod
    def read(cls) -> Self:
        """Read the environment; a wrong value raises ConfigurationError naming variable, value and what is allowed."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "settings"
            variable = name.upper() if name.isupper() else f"PIXXELBOT_{name.upper()}"
            secret = "TOKEN" in variable or "KEY" in variable
            shown = "…" if secret else str(first.get("input", ""))
            raise ConfigurationError(variable, shown, first["msg"].removeprefix("Value error, ")) from None
