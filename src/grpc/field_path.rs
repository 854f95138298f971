//! Paths of fields in the words of the contract. The core speaks the upstream's: `labor[1].workDate`.

use crate::domain::error::Error;
use crate::domain::error::Violation;
use crate::grpc::snake_case::snake_case;

/// The object that a request writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Object {
    Customer,
    Fwo,
}

/// Members of an order that the contract keeps in `detail`.
const DETAIL: [&str; 9] = [
    "description",
    "gcDocumentReference",
    "gcDocumentReferenceType",
    "labor",
    "materials",
    "equipment",
    "additionalItems",
    "pricing",
    "signature",
];

impl Object {
    /// The field of the request that holds the object.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Object::Customer => "customer",
            Object::Fwo => "fwo",
        }
    }

    /// The message of the object in the contract.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Object::Customer => "peerassist.v1.Customer",
            Object::Fwo => "peerassist.v1.Fwo",
        }
    }

    /// Where the request has what the core calls `field`.
    fn path(self, field: &str) -> String {
        let object = self.field();
        let member = match field {
            "requestId" => return "request_id".into(),
            "updateFWOs" => "update_fwos".into(),
            field => snake_case(field),
        };
        match self {
            Object::Fwo if is_of_detail(field) => format!("{object}.detail.{member}"),
            Object::Customer | Object::Fwo => format!("{object}.{member}"),
        }
    }

    /// The same failure of the core, with the fields at fault by their paths in the request.
    pub(super) fn told(self, error: Error) -> Error {
        error.reworded(|violation| Violation {
            field: self.path(&violation.field),
            rule: violation.rule.clone(),
        })
    }
}

fn is_of_detail(field: &str) -> bool {
    let first = field.split(['.', '[']).next();
    first.is_some_and(|first| DETAIL.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::Object;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;
    use crate::domain::error::Violation;
    use crate::grpc::mask::tests::fields;

    /// The upstream's word for a field, by the contract's rule and the guide's one exception.
    fn upstream(json_name: &str) -> String {
        json_name.replace("updateFwos", "updateFWOs")
    }

    #[test]
    fn every_member_that_is_written_has_its_path_in_the_contract() {
        let mut members = 0;
        for object in [Object::Customer, Object::Fwo] {
            let fields = fields(object).into_iter();
            for field in fields.filter(|field| field.is_written) {
                let core = upstream(&field.json_path).replace("detail.", "");
                let path = format!("{}.{}", object.field(), field.path);
                // `detail` itself is the contract's own.
                if core != "detail" {
                    assert_eq!(object.path(&core), path, "{core}");
                    members += 1;
                }
            }
        }
        assert!(members > 60, "{members}");
    }

    #[test]
    fn places_in_lists_stay_and_the_request_id_is_the_requests_own() {
        let path = |field| Object::Fwo.path(field);
        assert_eq!(path("labor[1].workDate"), "fwo.detail.labor[1].work_date");
        assert_eq!(path("categories[0]"), "fwo.categories[0]");
        assert_eq!(path("requestId"), "request_id");
        assert_eq!(Object::Customer.path("updateFWOs"), "customer.update_fwos");
    }

    #[test]
    fn only_fields_are_renamed_in_a_failure() {
        let error = Error::invalid("projectId", "is required");
        let told = Object::Fwo.told(error);
        let violation = Violation {
            field: "fwo.project_id".into(),
            rule: "is required".into(),
        };
        assert_eq!(told.violations(), [violation]);
        let told = Object::Fwo.told(Error::new(ErrorKind::Precondition, "not now"));
        assert_eq!(
            (told.kind(), told.message()),
            (ErrorKind::Precondition, "not now")
        );
    }
}
