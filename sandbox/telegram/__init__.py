"""The Bot API: what bots call, what people do, and the updates in between."""
