"""Calls that type checkers accept. Nothing here is run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import assert_type

from kling_contract import AsyncKling, AsyncTask, ImageInput, Kling, Task, Video, errors


def synchronous(kling: Kling, masks: list[str]) -> list[Path]:
    expanded = kling.images.expand(
        image=Path("cat.png"),
        up_expansion_ratio=0.1,
        down_expansion_ratio=Decimal("0.1"),
        left_expansion_ratio=1,
        right_expansion_ratio=0,
        n=2,
        watermark_info={"enabled": True},
    )
    assert_type(expanded, Task)
    several = kling.images.multi_image_to_image(
        subject_image_list=["a.png", b"png", Path("c.png"), {"subject_image": "d.png"}],
        scene_image="scene.png",
        aspect_ratio="16:9",
        model_name="kling-v2-1",
    )
    assert_type(several.wait(timeout=60, poll=1), Task)
    kling.images.multi_image_to_image(subject_image_list=masks)
    video = kling.videos.image_to_video(
        image="https://example.com/cat.png",
        duration="5",
        model_name="kling-v2-6",
        mode="pro",
        cfg_scale=0.5,
        image_tail=bytearray(b"png"),
        static_mask=memoryview(b"png"),
        dynamic_masks=[{"mask": b"png", "trajectories": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}],
        camera_control={"type": "simple", "config": {"zoom": 1.5}},
    )
    assert_type(video.videos, list[Video])
    for task in kling.list("listImageToVideos", page=2, size=10):
        assert_type(task, Task)
    assert_type(kling.find("createImageToVideo", external_task_id="job-1"), Task | None)
    assert_type(kling.create("createUpscale", model_name="kling-v9", factor=2), Task)
    return video.save("results")


async def asynchronous(kling: AsyncKling, image: ImageInput) -> str:
    task = await kling.videos.image_to_video(image=image, prompt="the lake breathes")
    assert_type(task, AsyncTask)
    async for each in kling.list("listImageToVideos"):
        assert_type(each, AsyncTask)
    try:
        await task.wait()
    except errors.APIError as error:
        return error.message
    return task.videos[0].url
