from typing import Any

from rest_framework import serializers


class NotificationOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    subject = serializers.CharField()
    text = serializers.CharField(help_text="Without markup.")
    path = serializers.CharField(help_text="The page of the site it is about; may be empty.")
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class NotificationPageOut(serializers.Serializer[Any]):
    results = NotificationOut(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class UnreadCountOut(serializers.Serializer[Any]):
    unread = serializers.IntegerField(help_text="100 stands for that many and more.")


class ReadAllOut(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were unread.")
