from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0003_group_troubles_and_limits")]

    operations = [
        migrations.AddField(
            "avitoaccount",
            "next_webhook_path_hash",
            models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            "bot",
            "next_webhook_header_hash",
            models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            "bot",
            "next_webhook_path_hash",
            models.BinaryField(max_length=32, null=True),
        ),
    ]
