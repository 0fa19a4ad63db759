from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_next_webhook_secrets")]

    operations = [
        migrations.CreateModel(
            "YandexBot",
            [
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("login", models.CharField(max_length=254, verbose_name="login")),
                ("display_name", models.CharField(blank=True, max_length=254, verbose_name="name")),
                ("token_hash", models.BinaryField(max_length=32)),
                ("webhook_hash", models.BinaryField(blank=True, default=b"", max_length=32)),
                ("told_at", models.DateTimeField(verbose_name="introduced")),
                ("next_update_id", models.BigIntegerField(default=0, verbose_name="next update")),
            ],
            options={
                "verbose_name": "bot in Yandex Messenger",
                "verbose_name_plural": "bots in Yandex Messenger",
            },
        ),
    ]
