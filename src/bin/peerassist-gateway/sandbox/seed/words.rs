//! The words the worlds are made of. All invented; e-mail domains end in `.example`, phones are 555-01xx.

use crate::sandbox::time_and_material::PricingUnit;

/// Twenty, so that with three kinds every customer has a name of its own.
pub(super) const PLACES: [&str; 20] = [
    "Harborview",
    "Summit Ridge",
    "Old Mill",
    "Prairie Gate",
    "Cedar Point",
    "Stonebridge",
    "Maple Grove",
    "Ironwood",
    "Blue Heron",
    "North Fork",
    "Lakeshore",
    "Copper Hill",
    "Granite Bay",
    "Willow Creek",
    "Eastgate",
    "Falcon Crest",
    "Juniper",
    "Riverbend",
    "Twin Oaks",
    "Union Square",
];
pub(super) const BUILDER_KINDS: [&str; 3] = ["Builders", "Constructors", "General Contracting"];
pub(super) const COMPANY_FORMS: [&str; 3] = [", Inc.", ", LLC", " Co."];

pub(super) const FIRST_NAMES: [&str; 20] = [
    "Alex", "Bea", "Carlos", "Dana", "Eli", "Farah", "Grace", "Hugo", "Imani", "Jonas", "Kira",
    "Luis", "Mona", "Nate", "Olga", "Priya", "Quinn", "Rosa", "Sam", "Tara",
];
pub(super) const LAST_NAMES: [&str; 17] = [
    "Abbott",
    "Brooks",
    "Castillo",
    "Dietrich",
    "Ellison",
    "Fontaine",
    "Garrity",
    "Hoffman",
    "Ibarra",
    "Jensen",
    "Kowalski",
    "Lindqvist",
    "Moreno",
    "Novak",
    "Okafor",
    "Petrov",
    "Reyes",
];

/// City, state, zip code; the state also tells the time zone.
pub(super) const CITIES: [(&str, &str, &str); 12] = [
    ("Columbus", "OH", "43215"),
    ("Cleveland", "OH", "44114"),
    ("San Francisco", "CA", "94104"),
    ("Sacramento", "CA", "95814"),
    ("Austin", "TX", "78701"),
    ("Dallas", "TX", "75201"),
    ("Chicago", "IL", "60601"),
    ("Peoria", "IL", "61602"),
    ("Atlanta", "GA", "30303"),
    ("Savannah", "GA", "31401"),
    ("Seattle", "WA", "98101"),
    ("Spokane", "WA", "99201"),
];
pub(super) const STREETS: [&str; 8] = [
    "Market Street",
    "Elm Street",
    "Foundry Road",
    "Harbor Avenue",
    "Canal Street",
    "Quarry Lane",
    "Depot Street",
    "Orchard Way",
];

pub(super) const PROJECT_NAMES: [&str; 16] = [
    "Clinic Wing B",
    "Parkside Tower L3-L7",
    "Elm Street Middle School",
    "Airport Concourse D",
    "Riverfront Hotel",
    "Data Hall 2",
    "County Library",
    "Medical Office Building",
    "Brewery Fit-out",
    "Student Housing East",
    "Courthouse Annex",
    "Transit Center",
    "Laboratory Renovation",
    "Senior Living Phase 2",
    "Retail Shell",
    "Performing Arts Lobby",
];
pub(super) const TRADES: [&str; 5] = ["Drywall", "Framing", "Acoustical", "Painting", "Electrical"];

/// Class and how many cents an hour it earns above the trade's base.
pub(super) const CLASSES: [(&str, i64); 3] =
    [("Apprentice", 0), ("Journeyman", 2_650), ("Foreman", 4_275)];
/// Base rate of each of `TRADES` in cents: with the classes 58 to 118 dollars an hour.
pub(super) const TRADE_BASES: [i64; 5] = [6_150, 6_400, 6_625, 5_800, 7_525];

pub(super) const SUMMARIES: [&str; 14] = [
    "Relocate ceiling grid at corridor",
    "Patch and paint after sprinkler test",
    "Added backing for TV mounts, level",
    "After-hours demo of soffit",
    "Reframe opening per RFI",
    "Repair damaged drywall at elevator lobby",
    "Replace wet insulation, room",
    "Extra access panels at shaft",
    "Overtime to recover schedule, area",
    "Move in-wall blocking at nurse station",
    "Rework door frames after layout change",
    "Fire caulk missed penetrations, floor",
    "Raise soffit for added ductwork, bay",
    "Temporary partitions for owner move-in, zone",
];
pub(super) const SENTENCES: [&str; 8] = [
    "Work was directed in the field by the general contractor's superintendent.",
    "Existing finishes were protected before the work and cleaned after it.",
    "Photos before and after are attached to the daily report.",
    "Material was taken from stock on site; replacement is included.",
    "The area was handed over the same day.",
    "Access was only possible after hours.",
    "The change follows the revised reflected ceiling plan.",
    "Other trades were delayed for about two hours.",
];
pub(super) const CATEGORIES: [&str; 4] = [
    "Owner Change",
    "Design Conflict",
    "Damage by Others",
    "Acceleration",
];
pub(super) const PREMIUM_TIME: &str = "Premium Time";
pub(super) const DOCUMENT_TYPES: [&str; 4] = ["RFI", "ASI", "Bulletin", "Submittal"];
pub(super) const SIGNATURE_NOTES: [&str; 3] = [
    "Time and material verified only.",
    "Signed for hours, pricing to follow.",
    "OK per superintendent.",
];

/// A material of the company's list.
pub(super) struct Material {
    pub(super) code: &'static str,
    pub(super) description: &'static str,
    pub(super) unit_type: &'static str,
    pub(super) pricing_unit: PricingUnit,
    /// Cents per pricing unit.
    pub(super) price: i64,
}

const fn material(
    code: &'static str,
    description: &'static str,
    unit_type: &'static str,
    pricing_unit: PricingUnit,
    price: i64,
) -> Material {
    Material {
        code,
        description,
        unit_type,
        pricing_unit,
        price,
    }
}

pub(super) const MATERIALS: [Material; 12] = [
    material(
        "GWB-58X",
        "5/8 in. type X gypsum board",
        "SF",
        PricingUnit::Thousand,
        61_250,
    ),
    material(
        "STUD-358",
        "3-5/8 in. metal stud, 20 ga",
        "LF",
        PricingUnit::Hundred,
        11_475,
    ),
    material(
        "TRK-358",
        "3-5/8 in. track, 20 ga",
        "LF",
        PricingUnit::Hundred,
        10_990,
    ),
    material(
        "JC-AP",
        "All-purpose joint compound",
        "Boxes",
        PricingUnit::Each,
        1_849,
    ),
    material(
        "ACT-2X2",
        "Ceiling tile 2 x 2, tegular",
        "EA",
        PricingUnit::Each,
        1_127,
    ),
    material(
        "GRID-MT",
        "Main tee, 15/16 in.",
        "LF",
        PricingUnit::Hundred,
        14_300,
    ),
    material(
        "PNT-EG",
        "Latex paint, eggshell",
        "Gallon",
        PricingUnit::Each,
        4_233,
    ),
    material(
        "INS-R13",
        "Sound batt insulation R-13",
        "SF",
        PricingUnit::Thousand,
        84_600,
    ),
    material(
        "SCR-114",
        "Drywall screws 1-1/4 in.",
        "LB",
        PricingUnit::Pound,
        379,
    ),
    material(
        "EMT-34",
        "EMT conduit 3/4 in.",
        "LF",
        PricingUnit::Hundred,
        18_745,
    ),
    material(
        "FC-10",
        "Fire caulk, 10 oz tube",
        "EA",
        PricingUnit::Each,
        1_385,
    ),
    material(
        "PLY-34FR",
        "3/4 in. fire-treated plywood backing",
        "SF",
        PricingUnit::Each,
        297,
    ),
];

/// Code, description, unit, cents per unit.
pub(super) const EQUIPMENT: [(&str, &str, &str, i64); 5] = [
    ("RNT-SL19", "Scissor lift 19 ft", "Days", 18_500),
    ("RNT-SCF", "Rolling scaffold", "Days", 6_200),
    ("EQ-SPR", "Airless paint sprayer", "HRs", 2_150),
    ("EQ-LSR", "Rotary laser", "Days", 4_900),
    ("RNT-NAM", "Negative air machine", "Days", 9_575),
];
/// Category, description, labor hours per hour of it, cents an hour.
pub(super) const HOURLY_ITEMS: [(&str, &str, i64, i64); 3] = [
    (
        "Supervision",
        "Supervision, 1 hour per 8 labor hours",
        8,
        10_450,
    ),
    (
        "Safety",
        "Safety officer, 1 hour per 16 labor hours",
        16,
        9_875,
    ),
    (
        "Small tools",
        "Small tools and consumables, 1 per 10 labor hours",
        10,
        3_300,
    ),
];
/// Category, description, cents.
pub(super) const FIXED_ITEMS: [(&str, &str, i64); 3] = [
    ("Permit", "After-hours work permit", 17_500),
    ("Disposal", "Debris disposal, per load", 38_750),
    ("Freight", "Will-call delivery", 9_999),
];
