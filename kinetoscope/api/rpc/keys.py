"""Whose key it is that calls: by asking that, clients find out whether it is good."""

from __future__ import annotations

from dataclasses import dataclass

from xai_sdk.proto import auth_pb2

from kinetoscope.api.rpc.calls import Call, Untyped
from kinetoscope.service import Gateway


@dataclass(frozen=True, slots=True)
class Keys:
    """The method of ``xai_api.Auth``."""

    gateway: Gateway

    async def describe(self, call: Call) -> Untyped:
        """Tell of the caller's key what its owner knows."""
        key = await call.caller(self.gateway)
        shown = auth_pb2.ApiKey(
            redacted_api_key=f"{key.hint}…",
            name=key.name,
            api_key_id=key.id,
            team_id=key.account_id,
            acls=[f"api-key:model:{name}" for name in key.models or ("*",)],
        )
        shown.create_time.FromSeconds(key.created_at)
        return shown
