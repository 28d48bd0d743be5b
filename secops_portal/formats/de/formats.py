"""How dates read in German; the rest is Django's."""

DATE_FORMAT = "j. N Y"
DATETIME_FORMAT = "j. N Y, H:i"
SHORT_DATE_FORMAT = "j. N Y"
MONTH_DAY_FORMAT = "j. N"
