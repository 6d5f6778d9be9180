"""Calls that type checkers refuse: one error on each marked line, and no other. Nothing here is run."""

from __future__ import annotations

from kling_contract import AsyncKling, Kling


def synchronous(kling: Kling) -> None:
    kling.images.multi_image_to_image(subject_image_list=["a.png"], imagee="b.png")  # expect-error
    kling.images.multi_image_to_image(subject_image_list=["a.png"], n="2")  # expect-error
    kling.images.multi_image_to_image(subject_image_list=["a.png"], aspect_ratio="5:4")  # expect-error
    kling.images.multi_image_to_image(subject_image_list=["a.png"], model_name="kling-v9")  # expect-error
    kling.images.multi_image_to_image(subject_image_list=[1])  # expect-error
    kling.images.multi_image_to_image()  # expect-error
    kling.images.multi_image_to_image(subject_image_list=["a.png"], scence_image="b.png")  # expect-error
    kling.images.expand(image="a.png", up_expansion_ratio=1, left_expansion_ratio=1)  # expect-error
    kling.videos.image_to_video(image=5)  # expect-error
    kling.videos.image_to_video(image="a.png", duration=5)  # expect-error
    kling.videos.image_to_video(image="a.png", duration="7.5")  # expect-error
    kling.videos.image_to_video(image="a.png", mode="fast")  # expect-error
    kling.videos.image_to_video(image="a.png", model_name="kling-v9")  # expect-error
    kling.images.upscale(image="a.png")  # expect-error
    kling.posters.make(headline="a")  # expect-error
    kling.videos.image_to_video(image="a.png", cfg_scale="0.5")  # expect-error
    kling.videos.image_to_video(image="a.png", camera_control={"type": "zoom"})  # expect-error
    kling.videos.image_to_video(image="a.png", dynamic_masks=[{"mask": "m.png"}])  # expect-error
    kling.audios.speak(text="hello")  # expect-error
    Kling("cometapi")  # expect-error
    Kling(provider="cometapi", key="k")  # expect-error


async def asynchronous(kling: AsyncKling) -> None:
    kling.videos.image_to_video(image="a.png").wait()  # expect-error
    await kling.videos.image_to_video(image="a.png", sound=True)  # expect-error
