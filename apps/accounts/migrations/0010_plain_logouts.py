from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_versions"),
    ]

    operations = [
        migrations.AddField(
            model_name="signinprovider",
            name="takes_plain_logouts",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
