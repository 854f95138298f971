//! HTTP statuses of answers: one table for both profiles.

use http::StatusCode;

use crate::graphql::media::Media;

/// Which rules the statuses follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusProfile {
    /// The audits of `graphql-http`: 400 for what cannot be run, and 200 where the client takes no type but
    /// `application/json`.
    #[default]
    Audits,
    /// The first edition of GraphQL over HTTP, September 2026: 422 for what is well written and cannot be run, 294
    /// for data with errors, whatever the client takes.
    September2026,
}

/// What became of a request, as far as its status tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It ran, and no field failed.
    Whole,
    /// It ran, and some field failed.
    Partial,
    /// The document does not parse.
    DocumentUnreadable,
    /// Only the document's hash came, and it stands for nothing here.
    DocumentUnknown,
    /// The document is not valid, too large or too dear, has no such operation, or its variables do not fit.
    DocumentRefused,
    /// The body, or a parameter of the URL, is not JSON.
    BodyUnreadable,
    /// It is JSON, and not as GraphQL over HTTP has it.
    BodyMisshapen,
    /// Nobody says who asks.
    Unauthenticated,
    /// A page of another site could have sent it without asking first.
    CrossSite,
    /// Another method is needed.
    MethodNotAllowed,
    /// The client takes no type that is offered.
    NotAcceptable,
    /// The body did not come in time.
    Late,
    /// The client has stopped waiting before anything was executed.
    Overdue,
    /// The body is too large.
    BodyTooLarge,
    /// The URL is too long.
    UriTooLong,
    /// The body is of a type, a charset or a coding that is not read here.
    MediaTypeUnsupported,
    /// There are too many requests for this gateway.
    Overloaded,
}

impl Verdict {
    /// The status under `profile` for a client that is answered in `media`.
    pub(super) fn status(self, profile: StatusProfile, media: Media) -> StatusCode {
        // Of the audits: in the newer media type, in the older one. Then of the edition, for either.
        let (newer, older, edition) = match self {
            Verdict::Whole => (200, 200, 200),
            Verdict::Partial => (200, 200, 294),
            Verdict::DocumentUnreadable => (400, 200, 400),
            Verdict::DocumentUnknown => (400, 200, 400),
            Verdict::DocumentRefused => (400, 200, 422),
            Verdict::BodyUnreadable => (400, 400, 400),
            Verdict::BodyMisshapen => (400, 400, 422),
            Verdict::Unauthenticated => (401, 401, 401),
            Verdict::CrossSite => (403, 403, 403),
            Verdict::MethodNotAllowed => (405, 405, 405),
            Verdict::NotAcceptable => (406, 406, 406),
            Verdict::Late => (408, 408, 408),
            Verdict::Overdue => (504, 504, 504),
            Verdict::BodyTooLarge => (413, 413, 413),
            Verdict::UriTooLong => (414, 414, 414),
            Verdict::MediaTypeUnsupported => (415, 415, 415),
            Verdict::Overloaded => (503, 503, 503),
        };
        let status = match (profile, media) {
            (StatusProfile::Audits, Media::GraphqlResponse) => newer,
            (StatusProfile::Audits, Media::Json | Media::EventStream) => older,
            (StatusProfile::September2026, Media::GraphqlResponse | Media::Json) => edition,
            // A stream is accepted before its first event, and tells failures in that.
            (StatusProfile::September2026, Media::EventStream) if self.is_of_the_document() => 200,
            (StatusProfile::September2026, Media::EventStream) => edition,
        };
        StatusCode::from_u16(status).expect("the table has statuses of three digits")
    }

    /// The media type of the answer to a client that takes `media` best.
    ///
    /// A client that knows only JSON can trust no status but 2xx in it: any proxy may have sent that. So 401 is told
    /// in the newer type, and under the edition all that is not 2xx. A stream is for what becomes of a document.
    pub(super) fn media(self, profile: StatusProfile, media: Media) -> Media {
        let in_newer = match (profile, media) {
            (_, Media::EventStream) => !self.is_of_the_document(),
            (StatusProfile::Audits, _) => self == Verdict::Unauthenticated,
            (StatusProfile::September2026, _) => !self.status(profile, media).is_success(),
        };
        if in_newer {
            Media::GraphqlResponse
        } else {
            media
        }
    }

    /// Whether the request was well formed, so that only its document decided.
    fn is_of_the_document(self) -> bool {
        matches!(
            self,
            Verdict::Whole
                | Verdict::Partial
                | Verdict::DocumentUnreadable
                | Verdict::DocumentUnknown
                | Verdict::DocumentRefused
        )
    }
}

#[cfg(test)]
mod tests {
    use super::StatusProfile;
    use super::Verdict;
    use crate::graphql::media::Media;

    const VERDICTS: [Verdict; 17] = [
        Verdict::Whole,
        Verdict::Partial,
        Verdict::DocumentUnreadable,
        Verdict::DocumentUnknown,
        Verdict::DocumentRefused,
        Verdict::BodyUnreadable,
        Verdict::BodyMisshapen,
        Verdict::Unauthenticated,
        Verdict::CrossSite,
        Verdict::MethodNotAllowed,
        Verdict::NotAcceptable,
        Verdict::Late,
        Verdict::Overdue,
        Verdict::BodyTooLarge,
        Verdict::UriTooLong,
        Verdict::MediaTypeUnsupported,
        Verdict::Overloaded,
    ];

    fn statuses(profile: StatusProfile, media: Media) -> Vec<u16> {
        let status = |verdict: &Verdict| verdict.status(profile, media).as_u16();
        VERDICTS.iter().map(status).collect()
    }

    /// "Status Codes" of the edition, and its "Accept" for clients that take `application/json` alone.
    #[test]
    fn the_edition_has_one_status_for_both_media_types() {
        let edition = [
            200, 294, 400, 400, 422, 400, 422, 401, 403, 405, 406, 408, 504, 413, 414, 415, 503,
        ];
        for media in [Media::GraphqlResponse, Media::Json] {
            assert_eq!(statuses(StatusProfile::September2026, media), edition);
        }
    }

    /// The audits 572B, FDE2 and 7B9B want 200 of the older type; 556A, 74FF and 86EE want 400 of the newer one.
    #[test]
    fn the_audits_have_a_status_for_each_media_type() {
        let newer = [
            200, 200, 400, 400, 400, 400, 400, 401, 403, 405, 406, 408, 504, 413, 414, 415, 503,
        ];
        let older = [
            200, 200, 200, 200, 200, 400, 400, 401, 403, 405, 406, 408, 504, 413, 414, 415, 503,
        ];
        assert_eq!(
            statuses(StatusProfile::Audits, Media::GraphqlResponse),
            newer
        );
        assert_eq!(statuses(StatusProfile::Audits, Media::Json), older);
    }

    #[test]
    fn a_stream_begins_with_200_in_both_profiles_wherever_the_request_is_well_formed() {
        let stream = [
            200, 200, 200, 200, 200, 400, 400, 401, 403, 405, 406, 408, 504, 413, 414, 415, 503,
        ];
        let audits = statuses(StatusProfile::Audits, Media::EventStream);
        assert_eq!(audits, stream);
        let edition = statuses(StatusProfile::September2026, Media::EventStream);
        assert_eq!(edition[..5], stream[..5]);
        assert_eq!(edition[5..7], [400, 422]);
        assert_eq!(edition[7..], stream[7..]);
    }

    #[test]
    fn what_a_json_client_could_take_for_a_proxys_word_is_in_the_newer_type() {
        let newer = |profile| {
            let media = |verdict: &&Verdict| verdict.media(profile, Media::Json);
            let newer = |verdict: &&Verdict| media(verdict) == Media::GraphqlResponse;
            VERDICTS.iter().filter(newer).count()
        };
        assert_eq!(newer(StatusProfile::Audits), 1, "401 alone");
        assert_eq!(
            newer(StatusProfile::September2026),
            15,
            "all but 200 and 294"
        );
        for profile in [StatusProfile::Audits, StatusProfile::September2026] {
            let streamed = |verdict: &&Verdict| {
                verdict.media(profile, Media::EventStream) == Media::EventStream
            };
            assert_eq!(VERDICTS.iter().filter(streamed).count(), 5);
        }
    }
}
