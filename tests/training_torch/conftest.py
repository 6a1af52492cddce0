"""What tests of trainings by PyTorch share."""

import pytest

from tests.needs import require


@pytest.fixture(autouse=True)
def _torch():
    require("torch")
