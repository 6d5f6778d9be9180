"""Fetch what no callback told of: `python -m storyboard.sweep`, every few minutes."""

from storyboard.settings import Settings
from storyboard.studio import Studio

if __name__ == "__main__":
    Studio(Settings.from_environment()).settle()
