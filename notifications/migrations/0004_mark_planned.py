from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_engine")]

    operations = [
        migrations.RunSQL(
            "UPDATE notifications_notification SET state = 'handed_on'"
            " WHERE planned_at IS NOT NULL",
            migrations.RunSQL.noop,
        )
    ]
