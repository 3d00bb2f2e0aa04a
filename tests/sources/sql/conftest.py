from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sources.sql import servers


@pytest.fixture(scope="package")
def mysql_url() -> Iterator[str]:
    with servers.mysql() as url:
        yield url


@pytest.fixture(scope="package")
def postgresql_url() -> Iterator[str]:
    with servers.postgresql() as url:
        yield url
