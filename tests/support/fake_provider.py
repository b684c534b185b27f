"""A language model provider that misbehaves on demand: real TCP and TLS, every byte and every close as a test wants it.

A scenario is a list of responses: the first request that names it gets the first one, a retry the second, and so on
(the last one again when there are more requests). A response is a list of steps: bytes are sent as they are, the other
steps are the classes below, and a function is called when its turn comes and gives the step. A request names its
scenario and its run in the question, as `scenario:NAME.RUN`, so that one server can play all of them at once.
Everything that happens is recorded, with the time.
"""

import asyncio
import collections
import dataclasses
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import threading
import time

MARKER = re.compile(rb"scenario:([\w-]+)\.(\w+)")
WAIT_SECONDS = 60  # for what must happen, on a busy machine


@dataclasses.dataclass
class Wait:
    """Nothing for so long."""
    seconds: float


@dataclasses.dataclass
class Slowly:
    """The bytes in writes of `each` bytes, `pause` seconds apart."""
    data: bytes
    each: int = 1
    pause: float = 0


@dataclasses.dataclass
class Gate:
    """Nothing until the test calls open_gate(run, name)."""
    name: str = "go"


@dataclasses.dataclass
class Paced:
    """The frames by the clock, `per_second` of them; what is late is sent at once."""
    frames: list
    per_second: float


@dataclasses.dataclass
class Endless:
    """The same bytes again and again, `pause` seconds apart, until the client closes."""
    data: bytes
    pause: float = 0


class Hold:
    """Nothing more, until the client closes."""


class HalfClose:
    """FIN; what the client sends is still read."""


class Close:
    """An orderly end of the connection."""


class Reset:
    """RST."""


class Exchange:
    """One request and what became of its response. Times are time.monotonic()."""

    def __init__(self, connection, method, path, headers, body):
        self.connection = connection  # a number: the same for requests on one connection
        self.method = method
        self.path = path
        self.headers = headers  # names in lower case
        self.body = body
        self.time = time.monotonic()
        self.bytes_sent = 0
        self.finished_at = None  # the whole response was sent
        self.closed_at = None  # the connection ended, from whichever side
        self.closed = threading.Event()
        self.sent_at = []  # when each frame of Paced was sent
        found = MARKER.search(body)
        self.scenario, self.run = (found[1].decode(), found[2].decode()) if found else (None, None)

    @property
    def json(self):
        return json.loads(self.body)

    def closed_within(self, seconds=WAIT_SECONDS):
        """Whether the client closes the connection by then."""
        return self.closed.wait(seconds)


class FakeProvider:
    """Listens on a free port of 127.0.0.1 from start() to stop(), on a thread of its own; a context manager too."""

    def __init__(self, scenarios=None, tls=None, host="127.0.0.1"):
        self.scenarios = dict(scenarios or {})  # name -> responses, or a function of the Exchange that gives them
        self.exchanges = []
        self.failures = []  # of the fake itself: stop() raises them
        self.connections = 0  # accepted so far
        self.open_connections = 0
        self.port = None
        self._tls = tls
        self._host = host
        self._changed = threading.Condition()
        self._steps = collections.Counter()
        self._gates = collections.defaultdict(threading.Event)
        self._tasks = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()

    def start(self):
        self._thread.start()
        if not self._ready.wait(WAIT_SECONDS):
            raise AssertionError("the fake provider does not start")
        return self

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WAIT_SECONDS)
        assert not self.failures, self.failures

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    def of_run(self, run):
        """The requests of one run, in order."""
        with self._changed:
            return [exchange for exchange in self.exchanges if exchange.run == run]

    def wait_for(self, run, count=1, seconds=WAIT_SECONDS):
        """The request number `count` of the run, once it is there."""
        return self.wait_until(lambda: self._nth(run, count), f"request {count} of run {run}", seconds)

    def wait_until(self, condition, what, seconds=WAIT_SECONDS):
        """What the condition gives, once it is true; it is asked again whenever something happens here."""
        with self._changed:
            result = self._changed.wait_for(condition, seconds)
        assert result, f"{what}: did not happen within {seconds} s"
        return result

    def open_gate(self, run, name="go"):
        self._gates[run, name].set()

    def _nth(self, run, count):
        found = [exchange for exchange in self.exchanges if exchange.run == run]
        return found[count - 1] if len(found) >= count else None

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self):
        server = await asyncio.start_server(self._accepted, self._host, 0, ssl=self._tls, backlog=1024,
                                            limit=1 << 22)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note(self, change):
        with self._changed:
            change()
            self._changed.notify_all()

    async def _accepted(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def opened():
            self.connections += 1
            self.open_connections += 1

        def closed():
            self.open_connections -= 1

        self._note(opened)
        try:
            await self._converse(reader, writer, self.connections)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        except Exception as failure:  # a mistake of a test: told by stop()
            self.failures.append(repr(failure))
        finally:
            writer.transport.abort()
            self._note(closed)

    async def _converse(self, reader, writer, connection):
        writer.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._tls:  # asyncio's TLS writes stall with it
            writer.transport.set_write_buffer_limits(high=0)  # drain() waits until the kernel has it all
        begin = b""
        while True:
            exchange = await self._read_request(reader, begin, connection)
            if exchange is None:
                return
            self._note(lambda: self.exchanges.append(exchange))
            begin = await self._answer(exchange, reader, writer)
            if not begin:
                return

    async def _read_request(self, reader, begin, connection):
        head = begin + await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = {name.strip().lower(): value.strip()
                   for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        if headers.get("transfer-encoding") == "chunked":
            body = await self._read_chunks(reader)
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Exchange(connection, method, path, headers, body)

    @staticmethod
    async def _read_chunks(reader):
        body = b""
        while True:
            size = int((await reader.readline()).split(b";")[0], 16)
            body += await reader.readexactly(size)
            await reader.readline()
            if size == 0:
                return body

    async def _answer(self, exchange, reader, writer):
        """Plays the response and watches the client; the first byte of the next request, nothing when there is none."""
        watch = asyncio.ensure_future(reader.read(1))
        play = asyncio.ensure_future(self._play(exchange, writer))
        try:
            await asyncio.wait({watch, play}, return_when=asyncio.FIRST_COMPLETED)
            if play.done() and not watch.done():
                if self._outcome(play):
                    self._note(lambda: self._mark_closed(exchange))
                    return b""  # closed from this side
                await asyncio.wait({watch})
            next_byte = b"" if watch.exception() else watch.result()
            if not next_byte:
                self._note(lambda: self._mark_closed(exchange))
            else:
                await asyncio.wait({play})
            return next_byte
        finally:
            watch.cancel()
            play.cancel()
            await asyncio.gather(watch, play, return_exceptions=True)

    @staticmethod
    def _outcome(play):
        """What play() gave; a connection that the client broke is for the watch to see."""
        try:
            return play.result()
        except (ConnectionError, ssl.SSLError):
            return False

    @staticmethod
    def _mark_closed(exchange):
        exchange.closed_at = time.monotonic()
        exchange.closed.set()

    def _response(self, exchange):
        responses = self.scenarios.get(exchange.scenario)
        if callable(responses):
            responses = responses(exchange)
        if responses is None:
            return [whole(404, b'{"error": {"message": "no such scenario"}}')]
        number = self._steps[exchange.scenario, exchange.run]
        self._steps[exchange.scenario, exchange.run] += 1
        return responses[min(number, len(responses) - 1)]

    async def _play(self, exchange, writer):
        """True when this side has ended the connection."""
        for step in self._response(exchange):
            if callable(step):
                step = step()
            if isinstance(step, bytes):
                await self._send(exchange, writer, step)
            elif isinstance(step, Slowly):
                for start in range(0, len(step.data), step.each):
                    await self._send(exchange, writer, step.data[start:start + step.each])
                    await asyncio.sleep(step.pause)
            elif isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
            elif isinstance(step, Gate):
                await self._pass_gate(exchange.run, step.name)
            elif isinstance(step, Paced):
                await self._pace(exchange, writer, step)
            elif isinstance(step, Endless):
                while True:
                    await self._send(exchange, writer, step.data)
                    await asyncio.sleep(step.pause)
            elif isinstance(step, Hold):
                await asyncio.sleep(3600)
            elif isinstance(step, HalfClose):
                writer.write_eof()
            else:
                return await self._end(writer, step)
        self._note(lambda: setattr(exchange, "finished_at", time.monotonic()))
        return False

    @staticmethod
    async def _send(exchange, writer, data):
        for start in range(0, len(data), 1 << 16):  # asyncio moves what is left of a write again and again
            piece = data[start:start + (1 << 16)]
            writer.write(piece)
            await writer.drain()
            exchange.bytes_sent += len(piece)

    async def _pass_gate(self, run, name):
        while not self._gates[run, name].is_set():
            await asyncio.sleep(0.002)

    async def _pace(self, exchange, writer, step):
        begin = self._loop.time()
        for number, frame in enumerate(step.frames):
            late = begin + number / step.per_second - self._loop.time()
            if late > 0:
                await asyncio.sleep(late)
            exchange.sent_at.append(time.monotonic())
            await self._send(exchange, writer, frame)

    @staticmethod
    async def _end(writer, how):
        if isinstance(how, Reset):
            writer.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif isinstance(how, Close):
            writer.close()
            try:
                await asyncio.wait_for(writer.wait_closed(), 2)
            except (ConnectionError, ssl.SSLError, asyncio.TimeoutError):
                pass
        else:
            raise AssertionError(f"not a step: {how!r}")
        return True


class DeafListener:
    """Never answers. With `accepts` it takes connections, reads, and says nothing, like a TLS handshake that hangs;
    without, its queue of connections is full, and not even the TCP handshake is answered."""

    def __init__(self, accepts=True):
        self.accepts = accepts
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(1024 if accepts else 0)
        self.port = self._socket.getsockname()[1]
        self.closed_at = []  # in order of the closes
        self.accepted = 0
        self._changed = threading.Condition()
        self._fill = []
        if accepts:
            threading.Thread(target=self._accept, daemon=True).start()
        else:
            self._fill_queue()

    def _fill_queue(self):
        """Connects until nobody answers any more."""
        while True:
            filler = socket.socket()
            filler.settimeout(0.5)
            try:
                filler.connect(("127.0.0.1", self.port))
            except TimeoutError:
                filler.close()
                return
            self._fill.append(filler)

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._changed:
                self.accepted += 1
                self._changed.notify_all()
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        with connection:
            try:
                while connection.recv(65536):
                    pass
            except OSError:
                pass
            with self._changed:
                self.closed_at.append(time.monotonic())
                self._changed.notify_all()

    def wait_until(self, condition, what, seconds=WAIT_SECONDS):
        with self._changed:
            assert self._changed.wait_for(condition, seconds), f"{what}: did not happen within {seconds} s"

    def waiting(self):
        """Connections of others to this port that the kernel has not answered yet (SYN_SENT)."""
        count = 0
        with open("/proc/net/tcp", encoding="ascii") as table:
            for line in list(table)[1:]:
                remote, state = line.split()[2:4]
                count += state == "02" and int(remote.split(":")[1], 16) == self.port
        return count

    def close(self):
        self._socket.close()
        for filler in self._fill:
            filler.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# --- HTTP -----------------------------------------------------------------------------------------------------------

REASONS = {200: "OK", 429: "Too Many Requests", 529: "Site is overloaded"}


def head(status=200, content_type="text/event-stream", **headers):
    """A response head; `retry_after=3` is the header retry-after."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Something')}"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole(status, body, content_type="application/json", **headers):
    """A response with Content-Length."""
    return head(status, content_type, Content_Length=len(body), **headers) + body


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


LAST_CHUNK = b"0\r\n\r\n"
STREAM_HEAD = head(Transfer_Encoding="chunked")


def chunked(*frames, last=True):
    """A whole event stream in chunks, one for each frame."""
    return STREAM_HEAD + b"".join(map(chunk, frames)) + (LAST_CHUNK if last else b"")


# --- TLS ------------------------------------------------------------------------------------------------------------

_CA_CONFIG = """
[ca]
default_ca = here
[here]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[good]
subjectAltName = IP:127.0.0.1,DNS:localhost
[wrong]
subjectAltName = DNS:elsewhere.example
"""


class Certificates:
    """An authority of our own and what it has signed, made by the `openssl` program in `folder`."""

    def __init__(self, folder):
        self.folder = os.fspath(folder)
        os.makedirs(self.folder, exist_ok=True)
        with open(f"{self.folder}/ca.cnf", "w", encoding="ascii") as config:
            config.write(_CA_CONFIG.format(folder=self.folder))
        open(f"{self.folder}/index.txt", "w", encoding="ascii").close()
        with open(f"{self.folder}/serial", "w", encoding="ascii") as serial:
            serial.write("1000\n")
        self.authority = f"{self.folder}/ca.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                      "-subj", "/CN=Authority of a test", "-keyout", f"{self.folder}/ca.key", "-out", self.authority)

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=WAIT_SECONDS)

    def context(self, kind="good"):
        """The server's side of TLS with a certificate that is `good`, for the `wrong` host, or `expired`."""
        key, request, signed = (f"{self.folder}/{kind}.{ending}" for ending in ("key", "csr", "pem"))
        if not os.path.exists(signed):
            self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                          "-subj", f"/CN={kind}", "-keyout", key, "-out", request)
            dates = ("20200101000000Z", "20200201000000Z") if kind == "expired" else ("20200101000000Z",
                                                                                   "20491231000000Z")
            self._openssl("ca", "-batch", "-notext", "-config", f"{self.folder}/ca.cnf", "-in", request, "-out", signed,
                          "-startdate", dates[0], "-enddate", dates[1],
                          "-extensions", "wrong" if kind == "wrong" else "good")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed, key)
        return context
