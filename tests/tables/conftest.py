"""What the tests of tables share with those of data sets."""

from tests.datasets.conftest import bench, people

__all__ = ["bench", "people"]
