"""The methods that this Bot API knows, with their parameters (Bot API 10.1).

One line per method: ``name:type``, ``name!:type`` where it must be given; ``chat`` is Integer or
String, ``Markup`` any of the four reply markups, ``@name`` the parameters of that group. A method
joins the table with the call behind it.
"""

from dataclasses import dataclass

_TABLE = """
getMe
setWebhook url!:str certificate:InputFile ip_address:str max_connections:int
    allowed_updates:[str] drop_pending_updates:bool secret_token:str
deleteWebhook drop_pending_updates:bool
getWebhookInfo
getUpdates offset:int limit:int timeout:int allowed_updates:[str]
sendMessage @place text!:str parse_mode:str entities:[MessageEntity]
    link_preview_options:LinkPreviewOptions @manner @under
sendPhoto @place photo!:InputFile|str @caption show_caption_above_media:bool has_spoiler:bool
    @manner @under
sendVoice @place voice!:InputFile|str @caption duration:int @manner @under
sendAudio @place audio!:InputFile|str @caption duration:int performer:str title:str
    thumbnail:InputFile|str @manner @under
sendDocument @place document!:InputFile|str thumbnail:InputFile|str @caption
    disable_content_type_detection:bool @manner @under
sendVideo @place video!:InputFile|str duration:int width:int height:int thumbnail:InputFile|str
    cover:InputFile|str start_timestamp:int @caption show_caption_above_media:bool
    has_spoiler:bool supports_streaming:bool @manner @under
sendAnimation @place animation!:InputFile|str duration:int width:int height:int
    thumbnail:InputFile|str @caption show_caption_above_media:bool has_spoiler:bool @manner @under
sendVideoNote @place video_note!:InputFile|str duration:int length:int thumbnail:InputFile|str
    @manner @under
sendSticker @place sticker!:InputFile|str emoji:str @manner @under
sendLocation @place latitude!:Float longitude!:Float horizontal_accuracy:Float live_period:int
    heading:int proximity_alert_radius:int @manner @under
sendVenue @place latitude!:Float longitude!:Float title!:str address!:str foursquare_id:str
    foursquare_type:str google_place_id:str google_place_type:str @manner @under
sendContact @place phone_number!:str first_name!:str last_name:str vcard:str @manner @under
sendMediaGroup @place @album @manner reply_parameters:ReplyParameters
copyMessage chat_id!:chat message_thread_id:int direct_messages_topic_id:int from_chat_id!:chat
    message_id!:int video_start_timestamp:int @caption show_caption_above_media:bool
    @manner @under
sendChatAction business_connection_id:str chat_id!:chat message_thread_id:int action!:str
editMessageText business_connection_id:str chat_id:chat message_id:int inline_message_id:str
    text:str parse_mode:str entities:[MessageEntity] link_preview_options:LinkPreviewOptions
    rich_message:InputRichMessage reply_markup:InlineKeyboardMarkup
editMessageCaption business_connection_id:str chat_id:chat message_id:int inline_message_id:str
    caption:str parse_mode:str caption_entities:[MessageEntity] show_caption_above_media:bool
    reply_markup:InlineKeyboardMarkup
editMessageReplyMarkup business_connection_id:str chat_id:chat message_id:int
    inline_message_id:str reply_markup:InlineKeyboardMarkup
editMessageMedia business_connection_id:str chat_id:chat message_id:int inline_message_id:str
    media!:InputMedia reply_markup:InlineKeyboardMarkup
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

_GROUPS = {
    "@place": "business_connection_id:str chat_id!:chat message_thread_id:int "
    "direct_messages_topic_id:int",
    "@album": "media!:[InputMediaAudio]|[InputMediaDocument]|[InputMediaLivePhoto]|"
    "[InputMediaPhoto]|[InputMediaVideo]",
    "@caption": "caption:str parse_mode:str caption_entities:[MessageEntity]",
    "@manner": "disable_notification:bool protect_content:bool allow_paid_broadcast:bool "
    "message_effect_id:str",
    "@under": "suggested_post_parameters:SuggestedPostParameters reply_parameters:ReplyParameters "
    "reply_markup:Markup",
}
# The items of an album, read like the parameters of a method.
_OBJECTS = """
InputMediaPhoto type!:str media!:str @caption show_caption_above_media:bool has_spoiler:bool
InputMediaAudio type!:str media!:str thumbnail:str @caption duration:int performer:str title:str
InputMediaDocument type!:str media!:str thumbnail:str @caption disable_content_type_detection:bool
InputMediaVideo type!:str media!:str thumbnail:str cover:str start_timestamp:int @caption
    show_caption_above_media:bool width:int height:int duration:int supports_streaming:bool
    has_spoiler:bool
InputMediaAnimation type!:str media!:str thumbnail:str @caption show_caption_above_media:bool
    width:int height:int duration:int has_spoiler:bool
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
    types: list[str] = []
    for part in text.split("|"):
        prefix = "Array of " if part.startswith("[") else ""
        name = part.strip("[]")
        types += [prefix + kind for kind in _SHORT.get(name, (name,))]
    return tuple(types)


def _field(text: str) -> Field:
    name, _, types = text.partition(":")
    return Field(name=name.rstrip("!"), types=_types(types), required=name.endswith("!"))


def _read(table: str) -> dict[str, dict[str, Field]]:
    methods: dict[str, dict[str, Field]] = {}
    for line in table.replace("\n    ", " ").split("\n"):
        if line:
            name, *fields = " ".join(_GROUPS.get(word, word) for word in line.split()).split()
            methods[name] = {field.name: field for field in map(_field, fields)}
    return methods


METHODS: dict[str, dict[str, Field]] = _read(_TABLE)
OBJECTS: dict[str, dict[str, Field]] = _read(_OBJECTS)
# Telegram looks methods up without regard to case.
CANONICAL = {name.lower(): name for name in METHODS}
