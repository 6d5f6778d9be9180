"""The mock's own calls to the world: which hosts it may reach, and how it calls them within bounds.

`calls.Outward` makes them. It is imported when it is first used: what speaks HTTP takes long to import, and most
servers never call anyone.
"""

from mock_server.outward.errors import Failed, Kind, NoRequest, Refused
from mock_server.outward.reach import Reach
from mock_server.outward.reply import Reply

__all__ = ["Failed", "Kind", "NoRequest", "Reach", "Refused", "Reply"]
