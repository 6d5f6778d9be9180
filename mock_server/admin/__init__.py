"""`/__admin`: JSON by which a test, a person or another language has the mock in hand."""

from mock_server.admin.desk import Admin

__all__ = ["Admin"]
