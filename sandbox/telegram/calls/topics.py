"""Topics of forum groups."""

from typing import Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.posting import announce, post
from sandbox.telegram.state import Chat, Topic

from .call import Call, Handler, find_chat, find_topic, require_right

Json = dict[str, Any]

ICON_COLORS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
NAME_MAX = 128


def _forum(call: Call) -> Chat:
    chat = find_chat(call)
    if not chat.is_forum:
        raise bad_request("the chat is not a forum")
    return chat


def _known_topic(call: Call, chat: Chat) -> Topic:
    """Unlike a message to it, a change to a topic that is not there is refused in Telegram's own
    words."""
    topic = chat.topics.get(call.params["message_thread_id"])
    if topic is None or topic.deleted:
        raise bad_request("TOPIC_ID_INVALID")
    return topic


def _changeable(call: Call, *, action: str) -> tuple[Chat, Topic]:
    """The topic that the call names: the bot's own, or one in a group where it manages topics."""
    chat = _forum(call)
    topic = _known_topic(call, chat)
    if topic.creator_id != call.bot.id:
        require_right(call, chat, "can_manage_topics", action=action)
    return chat, topic


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise bad_request("topic name must be non-empty")
    if len(name) > NAME_MAX:
        raise bad_request("topic name is too long")
    return name


def _note(call: Call, chat: Chat, topic: Topic, *, service: str, body: Json) -> None:
    message = post(
        call.sandbox,
        chat,
        sender=call.bot.as_user(),
        content={service: body},
        thread_id=topic.id,
        service=service,
    )
    announce(call.sandbox, chat, message)


async def create_topic(call: Call) -> Json:
    chat = _forum(call)
    require_right(call, chat, "can_manage_topics", action="create a topic")
    name = _checked_name(call.params["name"])
    color = call.params.get("icon_color", ICON_COLORS[0])
    if color not in ICON_COLORS:
        raise bad_request("wrong topic icon color specified")
    icon = call.params.get("icon_custom_emoji_id") or None
    topic = Topic(
        id=chat.last_message_id + 1,
        name=name,
        icon_color=color,
        icon_custom_emoji_id=icon,
        creator_id=call.bot.id,
    )
    chat.topics[topic.id] = topic
    body: Json = {"name": name, "icon_color": color}
    if icon is not None:
        body["icon_custom_emoji_id"] = icon
    _note(call, chat, topic, service="forum_topic_created", body=body)
    return {"message_thread_id": topic.id, **body}


async def edit_topic(call: Call) -> bool:
    chat, topic = _changeable(call, action="edit the topic")
    name = _checked_name(call.params.get("name") or topic.name)
    icon = call.params.get("icon_custom_emoji_id", topic.icon_custom_emoji_id) or None
    if (name, icon) == (topic.name, topic.icon_custom_emoji_id):
        raise bad_request("TOPIC_NOT_MODIFIED")
    body: Json = {"name": name} if name != topic.name else {}
    if icon != topic.icon_custom_emoji_id:
        body["icon_custom_emoji_id"] = icon or ""
    topic.name, topic.icon_custom_emoji_id = name, icon
    _note(call, chat, topic, service="forum_topic_edited", body=body)
    return True


async def close_topic(call: Call) -> bool:
    return _set_closed(call, closed=True)


async def reopen_topic(call: Call) -> bool:
    return _set_closed(call, closed=False)


def _set_closed(call: Call, *, closed: bool) -> bool:
    chat, topic = _changeable(call, action="close or open the topic")
    if topic.closed == closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.closed = closed
    service = "forum_topic_closed" if closed else "forum_topic_reopened"
    _note(call, chat, topic, service=service, body={})
    return True


async def delete_topic(call: Call) -> bool:
    chat = _forum(call)
    require_right(call, chat, "can_delete_messages", action="delete the topic")
    topic = _known_topic(call, chat)
    remove_topic(chat, topic)
    call.sandbox.changed()
    return True


def remove_topic(chat: Chat, topic: Topic) -> None:
    """Take a topic away with all that stands in it; nobody is told."""
    topic.deleted = True
    inside = [m for m in chat.messages.values() if m.thread_id == topic.id and not m.deleted]
    for message in inside:
        message.deleted = True
        chat.touch(message)


async def unpin_all(call: Call) -> bool:
    chat = find_chat(call)
    require_right(call, chat, "can_pin_messages", action="manage pinned messages in the chat")
    find_topic(chat, call.params["message_thread_id"]).pinned.clear()
    call.sandbox.changed()
    return True


HANDLERS: dict[str, Handler] = {
    "createForumTopic": create_topic,
    "editForumTopic": edit_topic,
    "closeForumTopic": close_topic,
    "reopenForumTopic": reopen_topic,
    "deleteForumTopic": delete_topic,
    "unpinAllForumTopicMessages": unpin_all,
}
