
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_one_time_links_and_api_tokens'),
        ('vpnconfigs', '0002_first_use'),
    ]

    operations = [
        migrations.CreateModel(
            name='MassAction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('extend', 'give days'), ('suspend', 'suspend'), ('resume', 'resume'), ('reset_traffic', 'reset traffic'), ('move', 'move'), ('delete', 'delete')], max_length=13, verbose_name='action')),
                ('days', models.PositiveIntegerField(default=0, verbose_name='days')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('inbound', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='vpnconfigs.inbound', verbose_name='inbound')),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='vpn_mass_action', to='accounts.job', verbose_name='job')),
            ],
            options={
                'verbose_name': 'mass action',
                'verbose_name_plural': 'mass actions',
            },
        ),
        migrations.CreateModel(
            name='MassActionRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('done', 'done'), ('failed', 'failed')], default='waiting', max_length=7, verbose_name='state')),
                ('error_code', models.CharField(blank=True, max_length=64, verbose_name='error')),
                ('config', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='vpnconfigs.config', verbose_name='config')),
                ('mass_action', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='vpnconfigs.massaction', verbose_name='mass action')),
            ],
            options={
                'verbose_name': 'row of a mass action',
                'verbose_name_plural': 'rows of mass actions',
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['mass_action', 'id'], name='mass_row_waiting')],
                'constraints': [models.UniqueConstraint(fields=('mass_action', 'config'), name='mass_row_once')],
            },
        ),
    ]
