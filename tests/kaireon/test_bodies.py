"""Bodies that come in chunks, whose length no header tells, are read like all others; tried on a real server."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from kaireon.access import create_tenant
from tests.conftest import Door, door_for
from tests.decisioning.servers import Server, servers
from tests.witness import stored

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live server")]
LIMIT = 2 * 1024 * 1024


def sent(server: Server, door: Door, method: str, path: str, *chunks: bytes) -> tuple[int, Any]:
    """A body in these chunks, answered."""
    line = HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {**door.headers, "Content-Type": "application/json"}
    line.request(method, f"/api/v1/{path}", iter(chunks), headers, encode_chunked=True)
    answer = line.getresponse()
    body = json.loads(answer.read())
    line.close()
    return answer.status, body


def test_a_body_in_chunks_is_read_to_its_end_and_no_further_than_bodies_may_reach(tmp_path: Path) -> None:
    door = door_for(create_tenant(key="acme", name="Acme"), "admin")
    with servers(1, logs=tmp_path) as [server]:
        status, answer = sent(server, door, "PUT", "customers/ada", b'{"attributes":', b' {"city": "Graz"}}')
        assert (status, answer["attributes"]) == (201, {"city": "Graz"})
        status, answer = sent(server, door, "POST", "decisions/filter", b'{"customerId"', b': "ada"}')
        assert (status, answer["customerId"]) == (200, "ada")
        before = stored()
        status, answer = sent(server, door, "POST", "respond")
        assert (status, answer["error"]["code"]) == (400, "VALIDATION_ERROR")
        for path in ("respond", "customers/bulk"):
            status, answer = sent(server, door, "POST", path, b" " * LIMIT, b"{}")
            assert (path, status, answer["error"]["code"]) == (path, 413, "TOO_LARGE")
        assert stored() == before
