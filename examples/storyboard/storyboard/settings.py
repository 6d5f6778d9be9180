"""What differs from place to place."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is read from the environment variable of its name in upper case; S3's own are boto3's business."""

    cometapi_key: str
    public_url: str
    bucket: str
    cometapi_base: str = "https://api.cometapi.com"
    database: str = "storyboard.sqlite3"

    @classmethod
    def from_environment(cls) -> Settings:
        """Return the settings. Raises TypeError, which names what is missing."""
        variables = {field.name: os.environ.get(field.name.upper()) for field in fields(cls)}
        return cls(**{name: value for name, value in variables.items() if value})
