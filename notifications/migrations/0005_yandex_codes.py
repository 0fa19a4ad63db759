
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0004_mark_planned'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ChannelCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(max_length=16, verbose_name='channel')),
                ('code_hash', models.BinaryField(max_length=32, unique=True)),
                ('expires_at', models.DateTimeField(verbose_name='valid until')),
            ],
            options={
                'verbose_name': 'code for a channel',
                'verbose_name_plural': 'codes for channels',
            },
        ),
        migrations.AddIndex(
            model_name='channeladdress',
            index=models.Index(fields=['channel', 'address'], name='address_by_value'),
        ),
        migrations.AddField(
            model_name='channelcode',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='channel_codes', to=settings.AUTH_USER_MODEL, verbose_name='user'),
        ),
        migrations.AddConstraint(
            model_name='channelcode',
            constraint=models.UniqueConstraint(fields=('user', 'channel'), name='code_once_per_channel'),
        ),
    ]
