"""The service that a long-lived command asks: looked for, or begun, when it is first needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import click

from kinetoscope.cli.show import dollars, say
from kinetoscope.client import ClientError
from kinetoscope.domain.errors import KinetoscopeError

_END_SECONDS = 60.0


class Occasion:
    """The service at *url*, or the one that serves *home*, or one that lasts until ``close``.

    It is asked with *key*, or with a key made for the occasion. A service of our own lives in a
    thread of its own, with a loop of its own.
    """

    def __init__(self, home: Path, url: str | None, key: str | None) -> None:
        self._home, self._url, self._key = home, url, key
        self._found: Future[tuple[str, str]] = Future()
        self._over: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._thread: threading.Thread | None = None

    async def find(self) -> tuple[str, str]:
        """Tell address and key, once there is somebody to answer; ClientError if there is not."""
        if self._url:
            return self._url, self._key or ""
        if self._thread is None or not self._thread.is_alive():  # what failed may be mended by now
            self._found = Future()
            self._thread = threading.Thread(target=self._run, name="service", daemon=True)
            self._thread.start()
        return await asyncio.shield(asyncio.wrap_future(self._found))

    def close(self) -> None:
        """End what was begun, and wait until it has tidied up."""
        if self._over is not None:
            loop, over = self._over
            loop.call_soon_threadsafe(over.set)
        if self._thread is not None:
            self._thread.join(_END_SECONDS)

    def _run(self) -> None:
        with self._telling():
            # Here and not above: the house is large, and not everybody has work for it.
            from kinetoscope.cli.homes import (  # noqa: PLC0415 - see above
                guest_key,
                open_first_account,
                open_home,
            )

            with open_home(self._home) as books:
                if self._key is not None:
                    asyncio.run(self._serve(self._key))
                    return
                account, is_new = books.write(open_first_account)
                if is_new:
                    say(f"opened an account with {dollars(account.available)} of play money")
                with guest_key(books, account.id, "mcp") as key:
                    asyncio.run(self._serve(key))

    async def _serve(self, key: str) -> None:
        from kinetoscope.cli.homes import load_settings  # noqa: PLC0415 - see above
        from kinetoscope.cli.hosting import local_service  # noqa: PLC0415 - see above

        over = asyncio.Event()
        self._over = asyncio.get_running_loop(), over
        async with local_service(load_settings(self._home), self._home) as url:
            self._found.set_result((url, key))
            await over.wait()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Let whoever waits know that nobody will come, and why."""
        reason = "see what it said on standard error"
        try:
            yield
        except click.ClickException as error:
            reason = error.message
        except (KinetoscopeError, OSError) as error:
            reason = str(error)
        finally:
            if not self._found.done():
                self._found.set_exception(ClientError(f"no service could be begun: {reason}"))
