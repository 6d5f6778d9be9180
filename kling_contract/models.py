"""Generated from openapi/ by scripts/generate_models.py; do not edit.

The calls of the client, typed: a TypedDict for the fields of each operation, and a namespace for each group of calls.
A type takes what at least one bundled provider takes; the exact contract of the provider at hand is the gate's.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, Required, TypedDict, Unpack

from kling_contract.groups import AnyCalls, Created, Group
from kling_contract.images import ImageInput


class ImageExpansionWatermarkInfo(TypedDict, total=False):
    """A part of the fields of a call."""

    enabled: bool


class ImageExpansionFields(TypedDict, total=False):
    """The fields of createImageExpansion."""

    image: Required[ImageInput]
    up_expansion_ratio: Required[float | Decimal]
    down_expansion_ratio: Required[float | Decimal]
    left_expansion_ratio: Required[float | Decimal]
    right_expansion_ratio: Required[float | Decimal]
    prompt: str
    n: int
    watermark_info: ImageExpansionWatermarkInfo
    callback_url: str
    external_task_id: str


class MultiImageToImageSubjectImageListItem(TypedDict, total=False):
    """A part of the fields of a call.

    subject_image: An http(s) URL, or raw base64 without a `data:` prefix. JPG, JPEG or PNG. Jpeg, png, at most 10485760
        bytes, both sides at least 300 px, sides at most 1:2.5.
    """

    subject_image: Required[ImageInput]


class MultiImageToImageWatermarkInfo(TypedDict, total=False):
    """A part of the fields of a call."""

    enabled: bool


class MultiImageToImageFields(TypedDict, total=False):
    """The fields of createMultiImageToImage."""

    subject_image_list: Required[Sequence[ImageInput | MultiImageToImageSubjectImageListItem]]
    model_name: Literal["kling-v2", "kling-v2-1"]
    prompt: str
    scene_image: ImageInput
    style_image: ImageInput
    n: int
    aspect_ratio: Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]
    watermark_info: MultiImageToImageWatermarkInfo
    callback_url: str
    external_task_id: str


class ImageToVideoMultiPromptItem(TypedDict, total=False):
    """A part of the fields of a call.

    prompt: At most 512 characters.
    duration: Whole seconds. Whole seconds from 1 to 15, as a text.
    """

    index: Required[int]
    prompt: Required[str]
    duration: Required[str]


class ImageToVideoElementListItem(TypedDict, total=False):
    """A part of the fields of a call."""

    element_id: Required[int]


class ImageToVideoVoiceListItem(TypedDict, total=False):
    """A part of the fields of a call."""

    voice_id: Required[str]


class ImageToVideoDynamicMasksItemTrajectoriesItem(TypedDict, total=False):
    """A part of the fields of a call."""

    x: Required[int]
    y: Required[int]


class ImageToVideoDynamicMasksItem(TypedDict, total=False):
    """A part of the fields of a call.

    mask: A mask image, as an http(s) URL or raw base64. Jpeg, png, at most 10485760 bytes, both sides at least 300 px,
        sides at most 1:2.5.
    trajectories: Pixel positions from the bottom left, in the order of the motion. 2 to 77 items.
    """

    mask: Required[ImageInput]
    trajectories: Required[Sequence[ImageToVideoDynamicMasksItemTrajectoriesItem]]


class ImageToVideoCameraControlConfig(TypedDict, total=False):
    """A part of the fields of a call.

    horizontal: -10 to 10.
    vertical: -10 to 10.
    pan: -10 to 10.
    tilt: -10 to 10.
    roll: -10 to 10.
    zoom: -10 to 10.
    """

    horizontal: float | Decimal
    vertical: float | Decimal
    pan: float | Decimal
    tilt: float | Decimal
    roll: float | Decimal
    zoom: float | Decimal


class ImageToVideoCameraControl(TypedDict, total=False):
    """A part of the fields of a call.

    type: One of simple, down_back, forward_up, right_turn_forward, left_turn_forward.
    """

    type: Required[Literal["simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward"]]
    config: ImageToVideoCameraControlConfig


class ImageToVideoWatermarkInfo(TypedDict, total=False):
    """A part of the fields of a call."""

    enabled: bool


class ImageToVideoFields(TypedDict, total=False):
    """The fields of createImageToVideo."""

    model_name: Literal["kling-v1", "kling-v1-5", "kling-v1-6", "kling-v2-master", "kling-v2-1", "kling-v2-1-master", "kling-v2-5-turbo", "kling-v2-6", "kling-v3"]
    image: ImageInput
    image_tail: ImageInput
    prompt: str
    negative_prompt: str
    multi_shot: bool
    shot_type: Literal["customize", "intelligence"]
    multi_prompt: Sequence[ImageToVideoMultiPromptItem]
    element_list: Sequence[ImageToVideoElementListItem]
    voice_list: Sequence[ImageToVideoVoiceListItem]
    sound: Literal["on", "off"]
    cfg_scale: float | Decimal
    mode: Literal["std", "pro", "4k"]
    static_mask: ImageInput
    dynamic_masks: Sequence[ImageToVideoDynamicMasksItem]
    camera_control: ImageToVideoCameraControl
    duration: Literal["3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"]
    watermark_info: ImageToVideoWatermarkInfo
    callback_url: str
    external_task_id: str


class Images(Group[Created]):
    """The calls of `images`."""

    def expand(self, **fields: Unpack[ImageExpansionFields]) -> Created:
        """Expand an image beyond its borders.

        Served by Kling, CometAPI (unavailable on 2026-03-13), AnyAPI (unverified).
        image: An http(s) URL, or raw base64 without a `data:` prefix. JPG, JPEG or PNG. Jpeg, png, at most 10485760
            bytes, both sides at least 300 px, sides at most 1:2.5.
        up_expansion_ratio: Upward, as a multiple of the original height. 0 to 2.
        down_expansion_ratio: Downward, as a multiple of the original height. 0 to 2.
        left_expansion_ratio: To the left, as a multiple of the original width. 0 to 2.
        right_expansion_ratio: To the right, as a multiple of the original width. 0 to 2.
        prompt: At most 2500 characters.
        n: How many images to make. Kling: 1 to 9, by default 1; CometAPI: a whole number from 1 to 9, as a text;
            AnyAPI: 1 to 9.
        watermark_info: Not at CometAPI, AnyAPI.
        callback_url: Where each change of the task's status is posted. An empty text means none. An absolute http or
            https URL, of visible characters without spaces.
        external_task_id: The caller's own id of the task, unique per account. An empty text means none.
        (1 + left_expansion_ratio + right_expansion_ratio) * (1 + up_expansion_ratio + down_expansion_ratio) <= 3.
        """
        return self._call("createImageExpansion", fields)

    def multi_image_to_image(self, **fields: Unpack[MultiImageToImageFields]) -> Created:
        """Make one image out of several.

        Served by Kling, CometAPI.
        subject_image_list: Kling: 1 to 4 items; CometAPI: 2 to 4 items.
        model_name: Kling: one of kling-v2, kling-v2-1, by default kling-v2-1; CometAPI: one of kling-v2, by default
            kling-v2.
        prompt: At most 2500 characters.
        scene_image: A scene to place the subjects in. Jpeg, png, at most 10485760 bytes, both sides at least 300 px,
            sides at most 1:2.5.
        style_image: A style to follow. Jpeg, png, at most 10485760 bytes, both sides at least 300 px, sides at most
            1:2.5.
        n: How many images to make. 1 to 9, by default 1.
        aspect_ratio: One of 16:9, 9:16, 1:1, 4:3, 3:4, 3:2, 2:3, 21:9, by default 16:9.
        watermark_info: Not at CometAPI.
        callback_url: Where each change of the task's status is posted. An empty text means none. An absolute http or
            https URL, of visible characters without spaces.
        external_task_id: The caller's own id of the task, unique per account. An empty text means none.
        """
        return self._call("createMultiImageToImage", fields)


class Videos(Group[Created]):
    """The calls of `videos`."""

    def image_to_video(self, **fields: Unpack[ImageToVideoFields]) -> Created:
        """Animate an image.

        Served by Kling, CometAPI.
        model_name: Kling: one of kling-v1, kling-v1-5, kling-v1-6, kling-v2-master, kling-v2-1, kling-v2-1-master,
            kling-v2-5-turbo, kling-v2-6, kling-v3, by default kling-v1; CometAPI: no limit.
        image: The first frame. Jpeg, png, at most 10485760 bytes, both sides at least 300 px, sides at most 1:2.5.
        image_tail: The last frame. Jpeg, png, at most 10485760 bytes, both sides at least 300 px, sides at most 1:2.5.
        prompt: Kling: at most 2500 characters; CometAPI: at most 500 characters.
        negative_prompt: Kling: at most 2500 characters; CometAPI: at most 200 characters.
        multi_shot: By default False. Not at CometAPI.
        shot_type: One of customize, intelligence. Not at CometAPI.
        multi_prompt: 1 to 6 items. Not at CometAPI.
        element_list: 0 to 3 items. Not at CometAPI.
        voice_list: 0 to 2 items. Not at CometAPI.
        sound: One of on, off, by default off. Not at CometAPI.
        cfg_scale: Kling: 0 to 1, by default 0.5; CometAPI: 0 to 1.
        mode: Kling: one of std, pro, 4k, by default std; CometAPI: one of std, pro.
        static_mask: White areas stay still. Jpeg, png, at most 10485760 bytes, both sides at least 300 px, sides at
            most 1:2.5.
        dynamic_masks: 0 to 6 items.
        camera_control: Not at CometAPI.
        duration: Kling: one of 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, by default 5; CometAPI: one of 5, 10.
        watermark_info: Not at CometAPI.
        callback_url: Where each change of the task's status is posted. An empty text means none. An absolute http or
            https URL, of visible characters without spaces.
        external_task_id: The caller's own id of the task, unique per account. An empty text means none.
        """
        return self._call("createImageToVideo", fields)


class Calls(AnyCalls[Created]):
    """All groups of calls."""

    @property
    def images(self) -> Images[Created]:
        """The calls of `images`."""
        return Images(self, "images")

    @property
    def videos(self) -> Videos[Created]:
        """The calls of `videos`."""
        return Videos(self, "videos")
