"""Who makes a task: the first engine of its model that is able, well and has room."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kinetoscope.domain.task import Task
from kinetoscope.engines import SANDBOX, Engine, kind
from kinetoscope.service import Gateway
from kinetoscope.service.terms import private_bytes, read_terms


def able(gateway: Gateway, task: Task) -> tuple[Engine, ...]:
    """List the engines that can make *task*, in the order in which they are asked."""
    if task.engine == SANDBOX:
        return (gateway.sandbox,) if gateway.sandbox is not None else ()
    model = gateway.find(task.model)
    if model is None:
        return ()
    if len(model.engines) == 1:
        return model.engines
    terms = read_terms(task.order)
    return model.able(task.operation, private_bytes(terms.images, terms.video))


def choose(engines: Iterable[Engine], room: Callable[[Engine], int]) -> Engine | None:
    """Pick who is asked now, or None if all of them are out of order or busy.

    A busy engine hands over to others of its kind only: who has to wait a second for one that
    renders wants no sketch instead. Where it is out of order, the next kind is asked.
    """
    chosen = None
    for engine in engines:
        if not engine.well:
            continue
        if chosen is not None and kind(engine.name) != chosen:
            return None
        chosen = kind(engine.name)
        if room(engine) > 0:
            return engine
    return None


def first_choice(engines: tuple[Engine, ...]) -> Engine:
    """Pick in whose row a new task waits: the first that is well, or else the first."""
    return next((engine for engine in engines if engine.well), engines[0])
