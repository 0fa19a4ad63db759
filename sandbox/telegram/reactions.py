"""Reactions that Telegram knows."""

from typing import Any

from .errors import bad_request

Json = dict[str, Any]

_OFFERED = """
❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡
🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈
😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿
🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡
"""
EMOJI = frozenset(_OFFERED.split())


def check_reactions(reactions: list[Json]) -> list[Json]:
    """``reactions`` as they are kept.

    :raises BotApiError: one is of no known type, or an emoji that Telegram does not offer.
    """
    return [_checked(reaction) for reaction in reactions]


def _checked(reaction: Json) -> Json:
    if reaction.get("type") == "custom_emoji" and isinstance(reaction.get("custom_emoji_id"), str):
        return {"type": "custom_emoji", "custom_emoji_id": reaction["custom_emoji_id"]}
    emoji = str(reaction.get("emoji")).replace("\ufe0f", "")
    if reaction.get("type") != "emoji" or emoji not in EMOJI:
        raise bad_request("REACTION_INVALID")
    return {"type": "emoji", "emoji": emoji}
