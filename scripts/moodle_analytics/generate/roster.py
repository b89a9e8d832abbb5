"""What was counted of the people of the real programme, and the names of the invented ones."""

from __future__ import annotations

GUEST, STAFF, GONE, LEARNER = range(4)

ADMIN = 2

NAMED_STAFF = (2, 3, 246, 581, 917)

STAFF_IDS = (*NAMED_STAFF, 4, 5, 6, 7, 8, 9, 10, 11)

GONE_IDS = (12, 13, 14, 15, 16, 17)

FIRST_LEARNER_ID = 18

NEVER_LOGGED_IN = 446

DELETED_LATER = 2

JANUARY_STAFF = (2, 3, 246, 4)

# First accesses by month, over those that came: month's first and last second of 2019, people.
MONTHS = (
    (1_548_979_200, 1_551_398_400, 227),
    (1_551_398_400, 1_554_076_800, 58),
    (1_554_076_800, 1_556_668_800, 140),
    (1_556_668_800, 1_559_347_200, 111),
    (1_559_347_200, 1_561_939_200, 27),
    (1_561_939_200, 1_564_617_600, 31),
)

# Logins of one person, and how many people had so many: 600 people, 4,444 logins, median 2.
LOGINS = (
    *((1, 182), (2, 120), (3, 55), (4, 36), (5, 30), (6, 22), (7, 18), (8, 14), (9, 12)),
    *((10, 9), (11, 8), (12, 7), (13, 7), (14, 6), (15, 6), (16, 5), (17, 4), (18, 4), (19, 3)),
    *((20, 4), (21, 3), (22, 3), (24, 4), (26, 4), (28, 4), (30, 4), (33, 3), (36, 3), (40, 3)),
    *((45, 3), (50, 2), (56, 2), (62, 2), (70, 2), (80, 2), (103, 1), (122, 1), (148, 1), (169, 1)),
)

COMPLETES, FADES, LOW_GRADES, MISSES, LOOKS_IN, STAYS_OUT = range(6)

COUNTRIES = (
    ("GH", "Ghana", 319),
    ("NG", "Nigeria", 267),
    ("ET", "Ethiopia", 138),
    ("KE", "Kenya", 94),
    ("RW", "Rwanda", 49),
    ("DE", "Germany", 41),
    ("TZ", "Tanzania", 19),
    ("CM", "Cameroon", 17),
    ("UG", "Uganda", 14),
    ("ZA", "South Africa", 12),
    ("GB", "United Kingdom", 9),
    ("EG", "Egypt", 7),
    ("SN", "Senegal", 6),
    ("ZW", "Zimbabwe", 6),
    ("ZM", "Zambia", 5),
    ("US", "United States", 5),
    ("IN", "India", 4),
    ("MA", "Morocco", 4),
    ("CI", "Côte d'Ivoire", 3),
    ("BJ", "Benin", 3),
    ("FR", "France", 3),
    ("TN", "Tunisia", 3),
    ("SD", "Sudan", 3),
    ("SO", "Somalia", 2),
    ("TG", "Togo", 2),
    ("MW", "Malawi", 2),
    ("BI", "Burundi", 2),
    ("CD", "Congo (the Democratic Republic of the)", 2),
    ("SL", "Sierra Leone", 2),
    ("LR", "Liberia", 1),
    ("GM", "Gambia (the)", 1),
    ("NL", "Netherlands (the)", 1),
    ("CA", "Canada", 1),
    ("MZ", "Mozambique", 1),
    ("DZ", "Algeria", 1),
    ("AE", "United Arab Emirates", 1),
    ("BR", "Brazil", 1),
    ("PK", "Pakistan", 1),
)

ZONES = {
    "GH": "Africa/Accra",
    "NG": "Africa/Lagos",
    "ET": "Africa/Addis_Ababa",
    "KE": "Africa/Nairobi",
    "RW": "Africa/Kigali",
    "DE": "Europe/Berlin",
    "TZ": "Africa/Dar_es_Salaam",
    "IN": "Asia/Kolkata",
}

FEMALE_NAMES = (
    "Abena",
    "Amina",
    "Hana",
    "Wanjiru",
    "Aline",
    "Zainab",
    "Ama",
    "Selam",
    "Njeri",
    "Lena",
    "سارة",
    "Zoë",
)

MALE_NAMES = (
    "Kwame",
    "Chidi",
    "Dawit",
    "Otieno",
    "Eric",
    "Yusuf",
    "Kofi",
    "Abel",
    "Kamau",
    "Jonas",
    "محمد",
    "André",
)

SURNAMES = (
    "Mensah",
    "Okafor",
    "Tesfaye",
    "Mwangi",
    "Uwase",
    "Bello",
    "Owusu",
    "Bekele",
    "Achieng",
    "Weber",
    "الحسن",
    "O'Brien",
)
