"""Sources on the web: a server on loopback that breaks off, redirects, refuses and lies as real ones do."""

from __future__ import annotations

import base64
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tamis.core import DataError, Silent
from tamis.data.sources.http import download, without_secrets

ROWS = b"".join(b'{"text": "row %d of a file that is fetched"}\n' % row for row in range(20_000))


class Handler(BaseHTTPRequestHandler):
    """Serves ROWS in the way the path asks for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        name = self.path.partition("?")[0].strip("/").partition("/")[0]
        getattr(self, f"serve_{name}", self.serve_missing)()

    def send(self, body, status=200, promised=None, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def serve_plain(self):
        self.send(ROWS)

    def serve_packed(self):
        self.send(gzip.compress(ROWS), Content_Type="application/octet-stream")

    def serve_named(self):
        self.send(ROWS, Content_Disposition='attachment; filename="export.jsonl"')

    def serve_typed(self):
        self.send(ROWS, Content_Type="application/x-ndjson; charset=utf-8")

    def serve_moved(self):
        self.send(b"", 302, Location="/plain/rows.jsonl")

    def serve_locked(self):
        wanted = "Basic " + base64.b64encode(b"me:p w").decode()
        self.send(ROWS) if self.headers.get("Authorization") == wanted else self.send(b"", 401)

    def serve_busy(self):
        self.send(b"", 503) if len(self.server.asked) < 3 else self.send(ROWS)

    def serve_down(self):
        self.send(b"", 500)

    def serve_missing(self):
        self.send(b"", 404)

    def serve_breaking(self):
        """Breaks off in the middle, and serves the rest to who asks for it."""
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        part = ROWS[start : start + 300_000]
        headers = {"ETag": '"1"', "Content_Range": f"bytes {start}-{len(ROWS) - 1}/{len(ROWS)}"}
        self.send(part, 206 if start else 200, promised=len(ROWS) - start, **headers)

    def serve_changing(self):
        """Breaks off, and then has another version of the file."""
        first = len(self.server.asked) == 1
        self.send(ROWS[:1000], promised=len(ROWS), ETag='"1"') if first else self.send(ROWS, ETag='"2"')

    def log_message(self, *arguments):
        pass


@pytest.fixture
def web():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetched(url, **options):
    found = download(url, pause_seconds=0.01, **options)
    return found.name, found.scratch.path.read_bytes()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/plain/rows.jsonl", "rows.jsonl"),
        ("/moved/rows.jsonl", "rows.jsonl"),
        ("/named", "export.jsonl"),
        ("/typed", "typed.jsonl"),
        ("/busy/rows.jsonl", "rows.jsonl"),
        ("/changing/rows.jsonl", "rows.jsonl"),
    ],
)
def test_the_whole_file_arrives_under_its_name(web, path, name):
    assert fetched(web.url + path) == (name, ROWS)


def test_a_broken_connection_is_taken_up_where_it_stopped(web):
    assert fetched(f"{web.url}/breaking/rows.jsonl", attempts=10) == ("rows.jsonl", ROWS)
    assert [asked for _, asked in web.asked] == [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"][
        : len(web.asked)
    ]
    assert len(web.asked) == -(-len(ROWS) // 300_000)


def test_user_and_password_of_the_address_are_a_login(web):
    assert fetched(web.url.replace("http://", "http://me:p%20w@") + "/locked/rows.jsonl")[1] == ROWS


def test_a_packed_file_of_the_web_becomes_a_dataset(web, read, tamis):
    assert len(read(f"{web.url}/packed/rows.jsonl.gz").rows) == 20_000
    outcome = tamis("data", "import", f"{web.url}/packed/rows.jsonl.gz?token=secret", "--name", "rows")
    assert outcome.code == 0
    shown = tamis("data", "show", "rows", "--json").out + outcome.out
    assert f"{web.url}/packed/rows.jsonl.gz" in shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/missing/a.csv", "HTTP 404 Not Found\n  there is no such file"),
        ("/locked/a.csv", "HTTP 401 Unauthorized\n  it wants a login"),
        ("/down/a.csv", "HTTP 500 Internal Server Error\n  the server could not serve it"),
    ],
)
def test_what_the_server_refuses_is_said(web, path, says):
    with pytest.raises(DataError) as error:
        download(web.url + path, pause_seconds=0.01)
    assert str(error.value).startswith(f"{web.url}{path}: {says}")


def test_404_is_not_asked_for_again(web):
    with pytest.raises(DataError):
        download(f"{web.url}/missing/a.csv", pause_seconds=0.01)
    assert len(web.asked) == 1


def test_no_such_host():
    with pytest.raises(DataError, match=r"no host named 'no-such-host\.invalid' is known"):
        download("http://no-such-host.invalid/a.csv", progress=Silent())


def test_nobody_listens():
    with pytest.raises(DataError, match=r"cannot reach 127\.0\.0\.1: .*refused"):
        download("http://127.0.0.1:9/a.csv", attempts=2, pause_seconds=0.01)


def test_a_temporary_file_goes_with_its_download(web):
    found = download(f"{web.url}/plain/rows.jsonl")
    path = found.scratch.path
    assert path.exists()
    del found
    assert not path.exists()


def test_secrets_of_an_address_are_not_shown():
    assert without_secrets("https://h/a.csv?X-Amz-Signature=1&sig=2&v=3#part") == "https://h/a.csv?v=3"
    assert without_secrets("postgresql://me:pw@h:5432/db?password=x") == "postgresql://h:5432/db"
