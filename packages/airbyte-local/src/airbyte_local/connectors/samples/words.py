"""Words that sample rows are made of. Each list is as long as a power of two, so that a byte picks evenly."""

from __future__ import annotations


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


NAMES = _listed(
    "Ada Aiko Amara Anders Anouk Arjun Asha Aurel Bela Bruno Camila Carmen Chidi Clara Dalia Dario "
    "Edda Elif Emeka Enzo Esther Farid Fatima Felix Freya Gael Greta Hana Hugo Ines Ingrid Isidro "
    "Jamal Joana Jonas Kaito Kemal Laila Leon Linnea Lucia Malik Marek Maya Mei Milan Nadia Nils "
    "Noor Olga Omar Paloma Petra Priya Rafael Rania Samir Selma Tariq Thea Tomas Vera Yusuf Zoe"
)
TITLES = ("Ms.", "Mr.", "Mx.", "Dr.", "Prof.", "M.A.", "M.Sc.", "B.Sc.")
GENDERS = ("Female", "Male", "Non-binary", "Other")
LANGUAGES = _listed(
    "Arabic Bengali Czech Danish Dutch English Finnish French German Greek Hindi Hungarian Indonesian Italian "
    "Japanese Korean Malay Mandarin Norwegian Persian Polish Portuguese Romanian Russian Spanish Swahili Swedish "
    "Tamil Turkish Ukrainian Urdu Vietnamese"
)
DEGREES = ("School", "Bachelor", "Master", "Doctorate")
NATIONALITIES = _listed(
    "Argentine Australian Austrian Brazilian British Canadian Chilean Chinese Danish Dutch Egyptian Finnish French "
    "German Ghanaian Greek Indian Indonesian Irish Italian Japanese Kenyan Mexican Moroccan Nigerian Norwegian "
    "Peruvian Polish Spanish Swedish Turkish Ukrainian"
)
OCCUPATIONS = _listed(
    "Accountant Architect Baker Beekeeper Bookbinder Carpenter Chemist Clockmaker Cook Dentist Editor Electrician "
    "Farmer Gardener Geologist Glazier Journalist Lawyer Librarian Locksmith Mechanic Midwife Musician Nurse "
    "Optician Painter Pilot Plumber Programmer Surveyor Teacher Translator"
)
BLOODS = ("A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-")
DOMAINS = ("example.com", "example.net", "example.org", "mail.example")
STREETS = _listed(
    "Abbey Acorn Alder Aspen Bridge Brook Canal Cedar Chapel Cherry Church Copper Elm Forge Garden Grove Harbour "
    "Hazel Heron Hill Juniper King Larch Lime Maple Market Mill Orchard Park Poplar Quarry River"
)
CITIES = _listed(
    "Ashford Bayview Brookside Cedarville Clearwater Eastport Elmwood Fairhaven Glenmore Greenfield Hillcrest "
    "Kingsbridge Lakewood Millbrook Northgate Oakdale Pinehurst Ridgeway Riverton Rosewood Sandhurst Southport "
    "Springdale Stonebridge Sunnyvale Thornbury Valleyview Westbrook Whitfield Willowdale Windermere Woodstock"
)
STATES = _listed(
    "Alaska Arizona California Colorado Delaware Florida Georgia Hawaii Idaho Illinois Iowa Kansas Kentucky "
    "Louisiana Maine Maryland Michigan Minnesota Missouri Montana Nebraska Nevada Ohio Oklahoma Oregon Tennessee "
    "Texas Utah Vermont Virginia Washington Wyoming"
)
COUNTRIES = _listed(
    "AR AT AU BE BR CA CH CL CN CO CZ DE DK EG ES FI FR GB GR IE IN IT JP KE MX NL NO NZ PL PT SE US"
)
MAKES = {
    "Alba": ("Breeze", "Calm", "Gust", "Squall", "Zephyr"),
    "Borea": ("Aurora", "Fjord", "Glacier", "Moss", "Tundra"),
    "Cirro": ("Altus", "Nimbus", "Stratus", "Vapour", "Veil"),
    "Delphi": ("Omen", "Oracle", "Pythia", "Riddle", "Tripod"),
    "Estrella": ("Cometa", "Luna", "Nova", "Orbita", "Sol"),
}
