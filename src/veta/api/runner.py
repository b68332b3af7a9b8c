"""The node's background work beside the HTTP interface: one thread that steps the outbox."""

from __future__ import annotations

import logging
import threading
from typing import Final

from veta.api.logs import LOGGER_NAME
from veta.errors import ProvenanceError
from veta.services.node import Node
from veta.services.planning import Alarm

STEP_EVERY_S: Final = 0.5
AFTER_FAILURE_S: Final = 5.0

_LOG: Final = logging.getLogger(LOGGER_NAME)


class OutboxRunner:
    """Steps the outbox until it is stopped. A step may fail; what it says is an alarm.

    Args:
        node: writes, or nothing is run.
        step_every_s: pause between steps.
    """

    def __init__(self, node: Node, *, step_every_s: float = STEP_EVERY_S) -> None:
        self._node = node
        self._step_every_s = step_every_s
        self._stopping = threading.Event()
        self._alarms: tuple[Alarm, ...] = ()
        self._thread = threading.Thread(target=self._run, name="veta-outbox", daemon=True)

    def alarms(self) -> tuple[Alarm, ...]:
        """What the last step said."""
        return self._alarms

    def start(self) -> None:
        """Begin, if the node writes."""
        if self._node.writes:
            self._thread.start()

    def stop(self) -> None:
        """End after the step that is under way; nothing is lost by ending."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stopping.wait(pause_s):
            pause_s = self._step_every_s if self.step() else AFTER_FAILURE_S

    def step(self) -> bool:
        """One step; ``False`` if it rang an alarm."""
        try:
            alarms = tuple(self._node.step().alarms)
        except ProvenanceError as error:
            alarms = (Alarm(error.code, error.message),)
        except Exception:  # noqa: BLE001 - the top of this thread: it must go on and say so
            _LOG.exception("outbox.fault")
            alarms = (Alarm("outbox.fault", "a step of the outbox failed; the log says where"),)
        for alarm in alarms:
            if alarm not in self._alarms:
                _LOG.warning("alarm", extra={"code": alarm.code, "detail": alarm.message})
        self._alarms = alarms
        return not alarms
