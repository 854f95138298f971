//! Bodies of field work orders.

use serde_json::Value;
use serde_json::json;

/// The least that a new FWO needs.
pub(crate) fn least(project_id: i64) -> Value {
    json!({ "projectId": project_id, "summary": "Patch ceiling", "description": "Patched it." })
}

/// Every member that can be written, with a line of each kind.
pub(crate) fn full(project_id: i64) -> Value {
    json!({
        "projectId": project_id, "type": "SERVICE_WORK", "summary": "Relocate ceiling grid at corridor 214",
        "description": "Moved the grid.\nPatched the tiles.", "categories": ["Owner Change", "Acceleration"],
        "referenceNumber": "WO-7", "gcReference": "PCO-041", "gcDocumentReference": "RFI 118",
        "gcDocumentReferenceType": "RFI", "premiumTime": false, "romAmount": 1500,
        "labor": [labor()], "materials": [material()], "equipment": [equipment()], "additionalItems": [item()],
        "pricing": { "overheadPercent": 10, "profitPercent": 7.5 }, "groupName": "COR 012",
    })
}

pub(crate) fn labor() -> Value {
    json!({
        "employeeNumber": "E1001", "employeeName": "Ann Mill", "trade": "Drywall", "tradeClass": "Journeyman",
        "workDate": "2026-05-14", "regularHours": 8, "overtimeHours": 1.5, "doubleTimeHours": 0.25,
        "regularRate": 71.5, "overtimeRate": 107.25, "doubleTimeRate": 143,
    })
}

pub(crate) fn material() -> Value {
    json!({
        "itemCode": "GWB-58", "description": "Gypsum board 5/8", "quantity": 320.125, "unitType": "SF",
        "pricingUnit": "C", "factor": 1.1, "unitPrice": 48.75,
    })
}

pub(crate) fn equipment() -> Value {
    json!({ "itemCode": "LIFT-19", "description": "Scissor lift", "quantity": 2, "unitType": "Days", "rate": 185 })
}

/// Its quantity follows from the labor hours.
pub(crate) fn item() -> Value {
    json!({
        "category": "Supervision", "itemNumber": "AI-01", "description": "1 hour per 8 labor hours", "calc": "HOURS",
        "hoursPer": 8, "rate": 104.5,
    })
}
