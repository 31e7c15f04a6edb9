"""The door for programs that use xAI's own SDK: ``xai_api.Video`` over gRPC.

Whoever imports this room loads gRPC and the SDK's messages; a service without that door loads
neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from kinetoscope.api.body import Bodies
from kinetoscope.api.rpc.calls import Call, Endpoint, Method, NoSuchMethod, Untyped
from kinetoscope.api.rpc.keys import Keys
from kinetoscope.api.rpc.videos import Videos
from kinetoscope.service import Gateway

MESSAGE_BYTES = 20 << 20  # what the SDK sends at most, and xAI takes
READ_AT_ONCE = 32  # messages; what is large among them stays one until it is dealt with
READ_EACH = 8  # of one account: who sends slowly holds up nobody else
_CALLS = 2000  # at once; more are told RESOURCE_EXHAUSTED

_OPTIONS: Mapping[str, int] = {
    "grpc.so_reuseport": 0,  # a second service must not quietly share the port
    "grpc.max_receive_message_length": MESSAGE_BYTES,
    "grpc.max_metadata_size": 16 << 10,
    "grpc.absolute_max_metadata_size": 32 << 10,
    "grpc.max_concurrent_streams": 256,
    "grpc.max_connection_idle_ms": 600_000,
    "grpc.server_handshake_timeout_ms": 20_000,
    # Both ends may ask a silent connection whether it lives: the SDK does every 30 seconds, and
    # who asks much oftener than every 10 is hung up on.
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.http2.min_recv_ping_interval_without_data_ms": 10_000,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen, port 0 for a free one; with a certificate and its key, over TLS."""

    host: str
    port: int
    certificate: bytes = b""
    private_key: bytes = b""


@dataclass(frozen=True, slots=True)
class RpcDoor:
    """A door at its *address*, HOST:PORT, which is nobody else's from now on."""

    address: str
    videos: Videos
    server: Untyped

    async def open(self) -> None:
        """Answer calls from now on."""
        await self.server.start()

    async def close(self, grace_seconds: float) -> None:
        """Take no more calls, and let those that are open go on for *grace_seconds* at most."""
        await self.server.stop(grace_seconds)
        await self.videos.close()


def build_door(gateway: Gateway, place: Place, link_base: str) -> RpcDoor:
    """Build a door at *place*, in the event loop that opens it; OSError if the place is taken.

    *link_base* is what links to videos begin with.
    """
    server = grpc.aio.server(options=list(_OPTIONS.items()), maximum_concurrent_rpcs=_CALLS)
    rows = Bodies(READ_AT_ONCE, READ_EACH), Bodies(READ_AT_ONCE, READ_EACH)
    videos = Videos(gateway, link_base.rstrip("/"), *rows)
    server.add_generic_rpc_handlers((_Routes(videos, Keys(gateway)),))
    host = f"[{place.host}]" if ":" in place.host else place.host
    wanted = f"{host}:{place.port}"
    try:
        if place.certificate:
            pair = (place.private_key, place.certificate)
            port = server.add_secure_port(wanted, grpc.ssl_server_credentials([pair]))
        else:
            port = server.add_insecure_port(wanted)
    except RuntimeError as error:  # gRPC does not say why
        message = f"cannot listen at {wanted}: it is taken, or not ours to take"
        raise OSError(message) from error
    return RpcDoor(f"{host}:{port}", videos, server)


class _Routes(grpc.GenericRpcHandler):  # type: ignore[misc] # gRPC ships no types
    """Every method there is, by its path."""

    def __init__(self, videos: Videos, keys: Keys) -> None:
        methods: Mapping[str, Method] = {
            "/xai_api.Video/GetDeferredVideo": videos.get,
            "/xai_api.Video/GenerateVideo": videos.generate,
            "/xai_api.Video/ExtendVideo": videos.extend,
            "/xai_api.Auth/get_api_key_info": keys.describe,
        }
        self._known = {path: _endpoint(path, method) for path, method in methods.items()}
        self._unknown = _endpoint("unknown", _Unknown(", ".join(methods)))

    def service(self, handler_call_details: Untyped) -> Untyped:
        """Find what answers a call."""
        return self._known.get(handler_call_details.method, self._unknown)


def _endpoint(path: str, method: Method) -> Untyped:
    # As a stream of messages, though there is one: so it is ours to say when it is read, by whom,
    # and how long that may take.
    return grpc.stream_unary_rpc_method_handler(Endpoint(path, method).answer)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """Answers whatever is not here."""

    methods: str

    async def __call__(self, call: Call) -> Untyped:
        """Say what there is."""
        del call
        raise NoSuchMethod(f"there is no such method; this service has {self.methods}")
