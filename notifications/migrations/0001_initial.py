
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ChannelAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('telegram', 'Telegram'), ('email', 'e-mail')], max_length=8, verbose_name='channel')),
                ('address', models.CharField(max_length=254, verbose_name='address')),
                ('state', models.CharField(choices=[('active', 'active'), ('blocked', 'blocked by the person'), ('never_started', 'the bot was never started'), ('broken', 'does not exist')], default='active', max_length=13, verbose_name='state')),
                ('strikes', models.PositiveSmallIntegerField(default=0, verbose_name='refusals in a row')),
                ('last_strike_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='known since')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='channel_addresses', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'address',
                'verbose_name_plural': 'addresses',
                'constraints': [models.UniqueConstraint(fields=('user', 'channel'), name='address_once_per_channel')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=64, verbose_name='kind')),
                ('context', models.JSONField(default=dict, verbose_name='content')),
                ('dedup_key', models.CharField(max_length=200, unique=True, verbose_name='told once for')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='worthless after')),
                ('planned_at', models.DateTimeField(blank=True, null=True, verbose_name='planned')),
                ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='read')),
                ('correlation_id', models.CharField(max_length=64, verbose_name='correlation id')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='written')),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL, verbose_name='recipient')),
            ],
            options={
                'verbose_name': 'notification',
                'verbose_name_plural': 'notifications',
                'indexes': [models.Index(fields=['recipient', '-id'], name='notification_by_recipient'), models.Index(condition=models.Q(('planned_at__isnull', True)), fields=['id'], name='notification_unplanned')],
            },
        ),
    ]
