
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vpnconfigs', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='config',
            name='first_use_ms',
            field=models.BigIntegerField(default=0, verbose_name='valid from first use, ms'),
        ),
    ]
