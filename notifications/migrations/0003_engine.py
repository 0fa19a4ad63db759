
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0002_preference'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='NotificationDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('kind', models.CharField(max_length=64, verbose_name='kind')),
                ('channel', models.CharField(blank=True, max_length=16, verbose_name='channel')),
                ('state', models.CharField(max_length=10, verbose_name='state')),
                ('count', models.PositiveIntegerField(verbose_name='number')),
            ],
            options={
                'verbose_name': 'day of notifications',
                'verbose_name_plural': 'days of notifications',
            },
        ),
        migrations.CreateModel(
            name='NotificationTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=64, verbose_name='kind')),
                ('language', models.CharField(max_length=5, verbose_name='language')),
                ('channel', models.CharField(blank=True, max_length=16, verbose_name='channel')),
                ('subject', models.CharField(max_length=200, verbose_name='subject')),
                ('text', models.TextField(max_length=4000, verbose_name='text')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed')),
            ],
            options={
                'verbose_name': 'text of a notification',
                'verbose_name_plural': 'texts of notifications',
            },
        ),
        migrations.RemoveIndex(
            model_name='notification',
            name='notification_unplanned',
        ),
        migrations.AddField(
            model_name='notification',
            name='digest',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='items', to='notifications.notification', verbose_name='digest'),
        ),
        migrations.AddField(
            model_name='notification',
            name='due_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='due'),
        ),
        migrations.AddField(
            model_name='notification',
            name='state',
            field=models.CharField(choices=[('waiting', 'waiting for its hour'), ('gathered', 'waiting for the digest'), ('handed_on', 'handed on'), ('digested', 'told in a digest'), ('on_site', 'shown on the site only'), ('too_late', 'too late to send')], db_default='waiting', max_length=10, verbose_name='state'),
        ),
        migrations.AddField(
            model_name='preference',
            name='channel_order',
            field=models.JSONField(blank=True, db_default=[], default=list, verbose_name='order of channels'),
        ),
        migrations.AddField(
            model_name='preference',
            name='digest_hour',
            field=models.PositiveSmallIntegerField(db_default=9, default=9, verbose_name='hour of the digest'),
        ),
        migrations.AddField(
            model_name='preference',
            name='frequencies',
            field=models.JSONField(blank=True, db_default={}, default=dict, verbose_name='how often'),
        ),
        migrations.AddField(
            model_name='preference',
            name='quiet_from',
            field=models.TimeField(blank=True, null=True, verbose_name='quiet from'),
        ),
        migrations.AddField(
            model_name='preference',
            name='quiet_to',
            field=models.TimeField(blank=True, null=True, verbose_name='quiet to'),
        ),
        migrations.AddField(
            model_name='preference',
            name='reach',
            field=models.CharField(choices=[('all', 'everywhere'), ('first', 'the first that works')], db_default='all', default='all', max_length=5, verbose_name='where'),
        ),
        migrations.AlterField(
            model_name='channeladdress',
            name='channel',
            field=models.CharField(max_length=16, verbose_name='channel'),
        ),
        migrations.AlterField(
            model_name='notification',
            name='created_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='written'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('read_at__isnull', True)), fields=['recipient'], name='notification_unread'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at', 'id'], name='notification_due'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('state', 'gathered')), fields=['due_at', 'recipient'], name='notification_gathered'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('digest__isnull', False)), fields=['digest'], name='notification_by_digest'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['created_at'], name='notification_by_age'),
        ),
        migrations.AddConstraint(
            model_name='preference',
            constraint=models.CheckConstraint(condition=models.Q(('digest_hour__lt', 24)), name='digest_hour_of_a_day'),
        ),
        migrations.AddConstraint(
            model_name='preference',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('quiet_from__isnull', True), ('quiet_to__isnull', True)), models.Q(('quiet_from__isnull', False), ('quiet_to__isnull', False)), _connector='OR'), name='quiet_hours_have_both_ends'),
        ),
        migrations.AddConstraint(
            model_name='notificationday',
            constraint=models.UniqueConstraint(fields=('day', 'kind', 'channel', 'state'), name='notification_day_once'),
        ),
        migrations.AddConstraint(
            model_name='notificationtemplate',
            constraint=models.UniqueConstraint(fields=('kind', 'language', 'channel'), name='template_once_per_channel'),
        ),
    ]
