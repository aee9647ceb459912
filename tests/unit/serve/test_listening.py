"""Where the server listens."""

from __future__ import annotations

import pytest

from migrator.core.errors import ConfigError
from migrator.serve.server import _listening


@pytest.mark.parametrize("address", ["192.0.2.1:0", "no-such-host.invalid:0", "a..b:0", "[::zz]:0"])
def test_an_address_that_is_none_of_this_machine_is_named(address: str) -> None:
    """It is the configuration that is wrong, and the key says where."""
    with pytest.raises(ConfigError, match=r"serve\.listen"), _listening(address, "serve.listen"):
        pass


def test_what_goes_wrong_later_is_no_fault_of_the_address() -> None:
    """A terminal that is gone, or a disk that is full, is not said to be the configuration."""
    with pytest.raises(BrokenPipeError), _listening("127.0.0.1:0", "serve.listen"):
        raise BrokenPipeError
