//! What a user can mend in a mutation: told in its payload, beside the fields at fault.

use async_graphql::SimpleObject;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::graphql::error;
use crate::graphql::error::Failure;

/// Something that the user can mend.
#[derive(SimpleObject)]
pub(super) struct UserError {
    /// What is wrong, for people.
    message: String,
    /// What is wrong, for programs: the codes of `errors[].extensions.code`.
    code: String,
    /// The path of the field in the mutation's input; null where no single field is at fault.
    field: Option<Vec<String>>,
}

/// What a mutation gave, and what its user can mend; all else is a failure of the field.
type Told<T> = Result<(Option<T>, Vec<UserError>), Failure>;

/// What became of an object that the input names by its `id`.
pub(super) fn told<T>(outcome: Result<T, Error>) -> Told<T> {
    told_with(outcome, Some("id"))
}

/// What became of an input that names no object.
pub(super) fn told_of_new<T>(outcome: Result<T, Error>) -> Told<T> {
    told_with(outcome, None)
}

fn told_with<T>(outcome: Result<T, Error>, object: Option<&str>) -> Told<T> {
    match outcome {
        Ok(given) => Ok((Some(given), Vec::new())),
        Err(error) => user_errors(&error, object)
            .map(|errors| (None, errors))
            .ok_or(Failure(error)),
    }
}

/// Each thing that the user can mend, where `object` says which object it is about; `None` for a failure of another
/// kind.
fn user_errors(error: &Error, object: Option<&str>) -> Option<Vec<UserError>> {
    let field = match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::CredentialsInvalid | ErrorKind::Precondition => None,
        ErrorKind::Conflict => Some("ifMatch"),
        ErrorKind::AlreadyExists => Some("number"),
        ErrorKind::NotFound => object,
        _ => return None,
    };
    let user_error = |message: &str, field: Option<&str>| UserError {
        message: message.to_owned(),
        code: error::code(error.kind()).to_owned(),
        field: field.map(path),
    };
    if error.violations().is_empty() {
        return Some(vec![user_error(error.message(), field)]);
    }
    let violations = error.violations().iter();
    Some(
        violations
            .map(|v| user_error(&v.rule, Some(&v.field)))
            .collect(),
    )
}

/// `labor[1].workDate` as the steps from the mutation's arguments to the field.
fn path(field: &str) -> Vec<String> {
    // What the core calls a request id is Relay's mutation id at this door.
    let field = match field {
        "requestId" => "clientMutationId",
        field => field,
    };
    let steps = field.split(['.', '[', ']']).filter(|step| !step.is_empty());
    let steps = steps.enumerate().map(|(depth, step)| match step {
        // A line's id within the upstream is no global id.
        "id" if depth > 0 => "databaseId",
        step => step,
    });
    std::iter::once("input")
        .chain(steps)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Told;
    use super::path;
    use super::told;
    use super::told_of_new;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;

    #[test]
    fn the_path_of_a_field_leads_through_lists() {
        assert_eq!(
            path("labor[1].workDate"),
            ["input", "labor", "1", "workDate"]
        );
        assert_eq!(path("labor[1].id"), ["input", "labor", "1", "databaseId"]);
        assert_eq!(path("id"), ["input", "id"]);
        assert_eq!(path("requestId"), ["input", "clientMutationId"]);
    }

    #[test]
    fn only_what_a_user_can_mend_is_told_in_the_payload() {
        for kind in ErrorKind::ALL {
            let mendable = matches!(
                kind,
                ErrorKind::InvalidInput
                    | ErrorKind::CredentialsInvalid
                    | ErrorKind::Precondition
                    | ErrorKind::Conflict
                    | ErrorKind::AlreadyExists
                    | ErrorKind::NotFound
            );
            let outcome = told::<()>(Err(Error::new(kind, "no")));
            assert_eq!(outcome.is_ok(), mendable, "{kind:?}");
        }
    }

    #[test]
    fn what_is_not_found_lies_in_the_id_of_an_input_that_has_one() {
        let lost = || Err::<(), _>(Error::new(ErrorKind::NotFound, "no"));
        let field = |outcome: Told<()>| outcome.map(|(_, errors)| errors[0].field.clone()).ok();
        assert_eq!(field(told(lost())), Some(Some(path("id"))));
        assert_eq!(field(told_of_new(lost())), Some(None));
    }
}
