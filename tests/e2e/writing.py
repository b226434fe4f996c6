"""Threads that write until the hub is killed under them, for the tests of durability."""

import threading

import httpx
from conftest import ADA


def client_of(hub):
    return httpx.Client(base_url=hub.url, timeout=60, follow_redirects=True, verify=False,
                        headers={"Authorization": f"Bearer {ADA}"})


class WritingThread(threading.Thread):
    """Calls `write_once(client)` until it is stopped or the hub is gone."""

    def __init__(self, hub):
        super().__init__(daemon=True)
        self.hub, self.stopped, self.problem = hub, threading.Event(), None

    def run(self):
        try:
            with client_of(self.hub) as client:
                while not self.stopped.is_set():
                    self.write_once(client)
        except httpx.TransportError:
            return  # The server was killed.
        except Exception as problem:  # Told by the test itself: a thread cannot fail it.
            self.problem = problem


def write_until_killed(hub, writers, seconds):
    """Lets them write for a while, kills the hub and starts it again. @raise on what was not the kill."""
    for writer in writers:
        writer.start()
    threading.Event().wait(seconds)
    hub.kill()
    for writer in writers:
        writer.stopped.set()
        writer.join(60)
        assert writer.problem is None, repr(writer.problem)
    hub.start()
