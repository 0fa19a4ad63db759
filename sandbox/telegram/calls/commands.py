"""What a bot says of itself, and chats and members it asks about."""

import json
import re
from typing import Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.posting import change_status
from sandbox.telegram.wire import bot_member, chat_json, user_member

from .call import Call, Handler, find_chat

Json = dict[str, Any]

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
SCOPES = frozenset(
    (
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    )
)
TEXT_LIMITS = {"name": 64, "description": 512, "short_description": 120}


def _scope(call: Call) -> str:
    scope = call.params.get("scope", {"type": "default"})
    if scope.get("type") not in SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type")
    return json.dumps([scope, call.params.get("language_code", "")], sort_keys=True)


async def set_commands(call: Call) -> bool:
    commands = call.params["commands"]
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        name, description = command.get("command"), command.get("description")
        if not isinstance(name, str) or not COMMAND.fullmatch(name.removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not isinstance(description, str) or not 1 <= len(description) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    call.bot.commands[_scope(call)] = commands
    call.sandbox.changed()
    return True


async def get_commands(call: Call) -> list[Json]:
    return call.bot.commands.get(_scope(call), [])


async def delete_commands(call: Call) -> bool:
    call.bot.commands.pop(_scope(call), None)
    call.sandbox.changed()
    return True


def _text_key(call: Call, kind: str) -> str:
    return f"{kind}:{call.params.get('language_code', '')}"


def _set_text(kind: str) -> Handler:
    async def handler(call: Call) -> bool:
        text = call.params.get(kind, "")
        if len(text) > TEXT_LIMITS[kind]:
            raise bad_request(f"bot {kind.replace('_', ' ')} is too long")
        call.bot.texts[_text_key(call, kind)] = text
        call.sandbox.changed()
        return True

    return handler


def _get_text(kind: str) -> Handler:
    async def handler(call: Call) -> Json:
        default = call.bot.first_name if kind == "name" else ""
        return {kind: call.bot.texts.get(_text_key(call, kind)) or default}

    return handler


async def set_menu_button(call: Call) -> bool:
    button = call.params.get("menu_button", {"type": "default"})
    if button.get("type") not in ("default", "commands", "web_app"):
        raise bad_request("can't parse MenuButton: unsupported type")
    call.bot.menu_buttons[str(call.params.get("chat_id", ""))] = button
    call.sandbox.changed()
    return True


async def get_menu_button(call: Call) -> Json:
    key = str(call.params.get("chat_id", ""))
    return call.bot.menu_buttons.get(key, {"type": "commands"})


async def get_chat(call: Call) -> Json:
    chat = find_chat(call)
    body = chat_json(call.sandbox.world.telegram, chat)
    full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}
    return {**body, **full}


_NO_GIFTS = dict.fromkeys(
    (
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    ),
    False,
)


async def get_chat_member(call: Call) -> Json:
    chat = find_chat(call)
    state = call.sandbox.world.telegram
    user_id = call.params["user_id"]
    membership = chat.bots.get(user_id)
    if membership is not None:
        bot = state.find_bot(user_id)
        if bot is not None:
            return bot_member(bot, membership)
    if user_id not in state.users:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return user_member(state.users[user_id], owner=user_id == chat.owner_id)


async def get_administrators(call: Call) -> list[Json]:
    chat = find_chat(call)
    if chat.type == "private":
        raise bad_request("there are no administrators in the private chat")
    state = call.sandbox.world.telegram
    owner = state.users.get(chat.owner_id) if chat.owner_id is not None else None
    members = [user_member(owner, owner=True)] if owner is not None else []
    for bot_id, membership in chat.bots.items():
        bot = state.find_bot(bot_id)
        # Other bots are named on request only.
        asked = call.params.get("return_bots") or bot_id == call.bot.id
        if bot is not None and asked and membership.status == "administrator":
            members.append(bot_member(bot, membership))
    return members


async def count_members(call: Call) -> int:
    chat = find_chat(call)
    return 2 if chat.type == "private" else len(chat.bots) + 1


async def leave_chat(call: Call) -> bool:
    chat = find_chat(call)
    if chat.type == "private":
        raise bad_request("chat member status can't be changed in private chats")
    change_status(call.sandbox, chat, call.bot, status="left", actor=call.bot.as_user())
    return True


HANDLERS: dict[str, Handler] = {
    "setMyCommands": set_commands,
    "getMyCommands": get_commands,
    "deleteMyCommands": delete_commands,
    "setMyName": _set_text("name"),
    "getMyName": _get_text("name"),
    "setMyDescription": _set_text("description"),
    "getMyDescription": _get_text("description"),
    "setMyShortDescription": _set_text("short_description"),
    "getMyShortDescription": _get_text("short_description"),
    "setChatMenuButton": set_menu_button,
    "getChatMenuButton": get_menu_button,
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_administrators,
    "getChatMemberCount": count_members,
    "leaveChat": leave_chat,
}
