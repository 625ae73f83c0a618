"""An object store on this machine, behind a door that a test can shut."""

import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

from tests.waiting import wait_for


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def answers(port):
    """Return whether somebody listens on a port of this machine."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextmanager
def moto_server():
    """Run moto's S3 in a process of its own; yield its port."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: answers(port))
        yield port
    finally:
        server.terminate()
        server.wait()


class Door:
    """Passes connections on to a port while it is open; shut, it refuses and drops them all."""

    def __init__(self, behind):
        self.port = free_port()
        self._behind = behind
        self._passing = []
        self._listening = None
        self.open()

    def open(self):
        self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def shut(self):
        # Only a shutdown wakes a thread that waits in accept().
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for end in self._passing:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._passing.clear()

    def _accept(self, listening):
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(("127.0.0.1", self._behind))
                self._passing += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one, other):
    with suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
