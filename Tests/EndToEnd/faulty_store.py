"""A proxy in front of a store of objects that loses, delays, refuses and cuts what passes."""

import contextlib
import socket
import threading
import time


class FaultyStore:
    """`fault` says what becomes of requests from now on; None passes them.

    `down` closes connections, `500` and `503` answer for the store, `slow` waits a second before each request,
    `truncated` sends half of an answer, `lost` has the request done and closes without an answer.
    """

    FAULTS = ("down", "500", "503", "slow", "truncated", "lost")

    def __init__(self, upstream):
        self.fault = None
        #: Requests by the fault that they met.
        self.met = {fault: 0 for fault in self.FAULTS}
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(connection,), daemon=True).start()

    def _pass(self, connection):
        with contextlib.suppress(OSError, ValueError), connection:
            while request := self._message(connection):
                fault = self.fault
                if fault:
                    self.met[fault] += 1
                if fault == "down":
                    return
                if fault in ("500", "503"):
                    code = "InternalError" if fault == "500" else "SlowDown"
                    body = f"<Error><Code>{code}</Code></Error>".encode()
                    connection.sendall(
                        f"HTTP/1.1 {fault} Trouble\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                    continue
                if fault == "slow":
                    time.sleep(1)
                answer = self._ask(request)
                if fault == "lost":
                    return
                if fault == "truncated":
                    connection.sendall(answer[:len(answer) // 2])
                    return
                connection.sendall(answer)

    def _ask(self, request):
        with socket.create_connection(("127.0.0.1", self._upstream), timeout=60) as store:
            head, _, body = request.partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"connection:", b"expect:"))]
            store.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
            answer = b""
            while part := store.recv(1 << 16):
                answer += part
            return answer

    @staticmethod
    def _message(connection):
        """A whole request; empty when the other side is through."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(1 << 16)
            if not part:
                return b""
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        if b"expect" in fields:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        missing = int(fields.get(b"content-length", b"0")) - len(body)
        while missing > 0:
            part = connection.recv(min(missing, 1 << 16))
            if not part:
                return b""
            body += part
            missing -= len(part)
        return head + b"\r\n\r\n" + body
