"""The methods that this Bot API knows, with their parameters (Bot API 10.1).

One line per method: ``name:type``, ``name!:type`` where it must be given; ``chat`` is Integer or
String, ``Markup`` any of the four reply markups. A method joins the table with the call behind it.
"""

from dataclasses import dataclass

_TABLE = """
getMe
setWebhook url!:str certificate:InputFile ip_address:str max_connections:int
    allowed_updates:[str] drop_pending_updates:bool secret_token:str
deleteWebhook drop_pending_updates:bool
getWebhookInfo
getUpdates offset:int limit:int timeout:int allowed_updates:[str]
sendMessage business_connection_id:str chat_id!:chat message_thread_id:int
    direct_messages_topic_id:int text!:str parse_mode:str entities:[MessageEntity]
    link_preview_options:LinkPreviewOptions disable_notification:bool protect_content:bool
    allow_paid_broadcast:bool message_effect_id:str
    suggested_post_parameters:SuggestedPostParameters reply_parameters:ReplyParameters
    reply_markup:Markup
sendPhoto business_connection_id:str chat_id!:chat message_thread_id:int
    direct_messages_topic_id:int photo!:InputFile|str caption:str parse_mode:str
    caption_entities:[MessageEntity] show_caption_above_media:bool has_spoiler:bool
    disable_notification:bool protect_content:bool allow_paid_broadcast:bool
    message_effect_id:str suggested_post_parameters:SuggestedPostParameters
    reply_parameters:ReplyParameters reply_markup:Markup
sendChatAction business_connection_id:str chat_id!:chat message_thread_id:int action!:str
editMessageText business_connection_id:str chat_id:chat message_id:int inline_message_id:str
    text:str parse_mode:str entities:[MessageEntity] link_preview_options:LinkPreviewOptions
    rich_message:InputRichMessage reply_markup:InlineKeyboardMarkup
editMessageCaption business_connection_id:str chat_id:chat message_id:int inline_message_id:str
    caption:str parse_mode:str caption_entities:[MessageEntity] show_caption_above_media:bool
    reply_markup:InlineKeyboardMarkup
editMessageReplyMarkup business_connection_id:str chat_id:chat message_id:int
    inline_message_id:str reply_markup:InlineKeyboardMarkup
deleteMessage chat_id!:chat message_id!:int
deleteMessages chat_id!:chat message_ids!:[int]
pinChatMessage business_connection_id:str chat_id!:chat message_id!:int
    disable_notification:bool
unpinChatMessage business_connection_id:str chat_id!:chat message_id:int
unpinAllChatMessages chat_id!:chat
setMessageReaction chat_id!:chat message_id!:int reaction:[ReactionType] is_big:bool
createForumTopic chat_id!:chat name!:str icon_color:int icon_custom_emoji_id:str
editForumTopic chat_id!:chat message_thread_id!:int name:str icon_custom_emoji_id:str
closeForumTopic chat_id!:chat message_thread_id!:int
reopenForumTopic chat_id!:chat message_thread_id!:int
deleteForumTopic chat_id!:chat message_thread_id!:int
unpinAllForumTopicMessages chat_id!:chat message_thread_id!:int
getChat chat_id!:chat
getChatMember chat_id!:chat user_id!:int
getChatMemberCount chat_id!:chat
getChatAdministrators chat_id!:chat return_bots:bool
leaveChat chat_id!:chat
getFile file_id!:str
answerCallbackQuery callback_query_id!:str text:str show_alert:bool url:str cache_time:int
setMyCommands commands!:[BotCommand] scope:BotCommandScope language_code:str
getMyCommands scope:BotCommandScope language_code:str
deleteMyCommands scope:BotCommandScope language_code:str
setChatMenuButton chat_id:int menu_button:MenuButton
getChatMenuButton chat_id:int
setMyName name:str language_code:str
getMyName language_code:str
setMyDescription description:str language_code:str
getMyDescription language_code:str
setMyShortDescription short_description:str language_code:str
getMyShortDescription language_code:str
"""

_SHORT = {
    "int": ("Integer",),
    "str": ("String",),
    "bool": ("Boolean",),
    "chat": ("Integer", "String"),
    "Markup": (
        "InlineKeyboardMarkup",
        "ReplyKeyboardMarkup",
        "ReplyKeyboardRemove",
        "ForceReply",
    ),
}


@dataclass(frozen=True)
class Field:
    """A parameter: its types in the words of the published description."""

    name: str
    types: tuple[str, ...]
    required: bool


def _types(text: str) -> tuple[str, ...]:
    if text.startswith("["):
        return tuple(f"Array of {inner}" for inner in _types(text[1:-1]))
    return tuple(t for part in text.split("|") for t in _SHORT.get(part, (part,)))


def _field(text: str) -> Field:
    name, _, types = text.partition(":")
    return Field(name=name.rstrip("!"), types=_types(types), required=name.endswith("!"))


def _read(table: str) -> dict[str, dict[str, Field]]:
    methods: dict[str, dict[str, Field]] = {}
    for line in table.replace("\n    ", " ").split("\n"):
        if line:
            name, *fields = line.split()
            methods[name] = {field.name: field for field in map(_field, fields)}
    return methods


METHODS: dict[str, dict[str, Field]] = _read(_TABLE)
# Telegram looks methods up without regard to case.
CANONICAL = {name.lower(): name for name in METHODS}
