"""The web application: `uvicorn --factory storyboard.web:create_app`."""

from __future__ import annotations

from dataclasses import asdict

import requests
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.comet import Busy, CometError, Refused
from storyboard.settings import Settings
from storyboard.studio import Order, Studio


def create_app(settings: Settings | None = None) -> Starlette:
    """Return the application; without settings, with those of the environment."""
    app = Starlette(
        routes=[
            Route("/shots", order, methods=["POST"]),
            Route("/shots/{shot}", show),
            Route("/hooks/kling", called_back, methods=["POST"]),
        ]
    )
    app.state.studio = Studio(settings or Settings.from_environment())
    return app


async def order(request: Request) -> Response:
    """Order a clip."""
    try:
        wanted = Order(**await request.json())
        shot = await run_in_threadpool(request.app.state.studio.order, wanted)
    except (TypeError, ValueError, Refused) as error:
        return JSONResponse({"error": str(error)}, 422)
    except Busy as error:
        return JSONResponse({"error": str(error)}, 503, {"Retry-After": "60"})
    except (CometError, requests.RequestException) as error:
        return JSONResponse({"error": f"CometAPI: {error}"}, 502)
    return JSONResponse(asdict(shot), 201)


def show(request: Request) -> Response:
    """Show how a shot is."""
    shot = request.app.state.studio.shots.get(request.path_params["shot"])
    return JSONResponse(asdict(shot)) if shot else JSONResponse({"error": "there is no such shot"}, 404)


async def called_back(request: Request) -> Response:
    """Take a callback of Kling.

    Anyone can post one, so what it says is not believed: it is a reason to ask CometAPI. That is done after the answer,
    because whoever calls does not wait for a download.
    """
    try:
        task = str((await request.json())["task_id"])
    except (KeyError, TypeError, ValueError):
        return JSONResponse({"error": "this is no callback"}, 400)
    return Response(status_code=204, background=BackgroundTask(request.app.state.studio.settle, task))
