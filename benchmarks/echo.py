"""What ours is measured against: bare Starlette that reads JSON and answers JSON, on the same uvicorn.

`python -m benchmarks.echo` prints `ready http://HOST:PORT` once it takes requests, as `kling-contract serve` does.
"""

from __future__ import annotations

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TASK = {"task_id": "1", "task_status": "submitted", "created_at": 1790000000000, "updated_at": 1790000000000}


async def create(request: Request) -> Response:
    """Answer with the body, as it was read."""
    return JSONResponse(await request.json())


async def accept(request: Request) -> Response:
    """Read the body, and answer with a task: a few bytes, however large the body is."""
    await request.json()
    return JSONResponse({"code": 0, "message": "success", "request_id": "1", "data": TASK})


async def get(request: Request) -> Response:
    """Answer with a task of the id in the path."""
    data = {**TASK, "task_id": request.path_params["id"]}
    return JSONResponse({"code": 0, "message": "success", "request_id": "1", "data": data})


def main() -> None:
    """Serve on a free port until a signal."""
    routes = [
        Route("/tasks", create, methods=["POST"]),
        Route("/images", accept, methods=["POST"]),
        Route("/tasks/{id}", get),
    ]
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"ready http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        Starlette(routes=routes), lifespan="off", log_config=None, access_log=False, server_header=False
    )
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
